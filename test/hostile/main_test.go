// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// programVariable names a program to attack instead of this checkout's.
const programVariable = "WARREN_BINARY"

// program is what is attacked. The first attack builds it.
var program build

// api is the Kubernetes API that attacks share if they leave it as it was. filled is for the others.
var api, filled sharedAPI

// sharedAPI starts an API server when it is first asked for.
type sharedAPI struct {
	once   sync.Once
	server *kubeapi.Server
	err    error
}

func (s *sharedAPI) start(t *testing.T) *kubeapi.Server {
	t.Helper()
	go program.once.Do(program.make) // The program is built meanwhile.
	s.once.Do(func() { s.server, s.err = kubeapi.New(kubeapi.Options{}) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.server
}

func (s *sharedAPI) stop() error {
	if s.server == nil {
		return nil
	}
	return s.server.Stop()
}

func TestMain(m *testing.M) {
	if os.Getenv(victimVariable) != "" {
		if err := beVictim(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "the victim:", err)
			os.Exit(1)
		}
		return
	}
	if err := intoBackground(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	ctrl.SetLogger(logr.Discard())
	code := m.Run()
	if err := errors.Join(program.remove(), api.stop(), filled.stop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

type build struct {
	once         sync.Once
	folder, file string
	err          error
}

// path returns where the program is.
func (b *build) path(t *testing.T) string {
	t.Helper()
	b.once.Do(b.make)
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.file
}

func (b *build) make() {
	if b.file = os.Getenv(programVariable); b.file != "" {
		return
	}
	var checkout string
	if checkout, b.err = kubeapi.Checkout(); b.err != nil {
		return
	}
	if b.folder, b.err = os.MkdirTemp("", "warren-hostile-"); b.err != nil {
		return
	}
	b.file = filepath.Join(b.folder, "warren-ingress")
	command := exec.Command("go", "build", "-buildvcs=false", "-o", b.file, ".")
	command.Dir = checkout
	if output, err := command.CombinedOutput(); err != nil {
		b.err = fmt.Errorf("building the program: %w\n%s", err, output)
	}
}

func (b *build) remove() error {
	b.once.Do(func() {}) // waits until it is made
	if b.folder == "" {
		return nil
	}
	return os.RemoveAll(b.folder)
}
