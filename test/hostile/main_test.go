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

// api is the Kubernetes API that attacks share if they leave it as it was.
var api sharedAPI

// sharedAPI starts an API server when it is first asked for.
type sharedAPI struct {
	once   sync.Once
	server *kubeapi.Server
	err    error
}

func (s *sharedAPI) start() (*kubeapi.Server, error) {
	s.once.Do(func() { s.server, s.err = kubeapi.New(kubeapi.Options{}) })
	return s.server, s.err
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
	if err := errors.Join(program.remove(), api.stop()); err != nil {
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
	b.once.Do(func() { b.err = b.make() })
	if b.err != nil {
		t.Fatal(b.err)
	}
	return b.file
}

func (b *build) make() error {
	if b.file = os.Getenv(programVariable); b.file != "" {
		return nil
	}
	checkout, err := kubeapi.Checkout()
	if err != nil {
		return err
	}
	if b.folder, err = os.MkdirTemp("", "warren-hostile-"); err != nil {
		return fmt.Errorf("making a folder for the program: %w", err)
	}
	b.file = filepath.Join(b.folder, "warren-ingress")
	command := exec.Command("go", "build", "-buildvcs=false", "-o", b.file, ".")
	command.Dir = checkout
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, output)
	}
	return nil
}

func (b *build) remove() error {
	if b.folder == "" {
		return nil
	}
	return os.RemoveAll(b.folder)
}
