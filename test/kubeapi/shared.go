// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// Start runs a Kubernetes API for one test and stops it when the test ends. It fails the test, and never skips it, if
// the API cannot be had. Starting costs seconds: tests that can live in one API side by side, each in a [Namespace] of
// its own, use [Shared].
func Start(t testing.TB) *rest.Config {
	t.Helper()
	server, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server.Config
}

// Shared is one Kubernetes API for all tests of a package. The zero value is ready to use:
//
//	var api kubeapi.Shared
//
//	func TestMain(m *testing.M) { os.Exit(api.Run(m)) }
//
//	func TestSomething(t *testing.T) {
//		config := api.Config(t)
//		namespace := kubeapi.Namespace(t, config)
//		…
//
// The first test that asks for it starts it, so running only tests that do not ask costs nothing.
type Shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Config returns access to the API as an administrator, and starts the API if need be. Each caller has a copy of its
// own and may change it. It fails the test if the API cannot be had.
func (s *Shared) Config(t testing.TB) *rest.Config {
	t.Helper()
	s.once.Do(func() { s.server, s.err = New(Options{}) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	return rest.CopyConfig(s.server.Config)
}

// Run runs the tests, stops the API if one of them started it, and returns the exit code of the test binary.
func (s *Shared) Run(m *testing.M) int {
	code := m.Run()
	if s.server == nil {
		return code
	}
	if err := s.server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}
