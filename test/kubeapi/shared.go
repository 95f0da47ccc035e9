// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// Start runs a Kubernetes API for one test and stops it when the test ends. If the API cannot be had, it fails the test
// and never skips it. Starting costs seconds. Tests that can share one API, each in a [Namespace] of its own, use
// [Shared].
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
// The first test that asks for it starts it. If no test asks, it costs nothing.
type Shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Config returns access to the API as an administrator. It starts the API if need be. Each caller gets a copy and may
// change it. It fails the test if the API cannot be had.
func (s *Shared) Config(t testing.TB) *rest.Config {
	t.Helper()
	s.once.Do(func() { s.server, s.err = New(Options{}) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	return rest.CopyConfig(s.server.Config)
}

// Kubeconfig returns the same access as the content of a kubeconfig file, for a program that takes one. It starts the
// API if need be.
func (s *Shared) Kubeconfig(t testing.TB) []byte {
	t.Helper()
	s.Config(t)
	return s.server.Kubeconfig
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
