//go:build browser

// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"

	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// programVariable names a program to test in place of this checkout's.
const programVariable = "WARREN_BINARY"

// program builds the program of this checkout, once for all tests, and returns where it is.
var program = sync.OnceValues(func() (string, error) {
	if given := os.Getenv(programVariable); given != "" {
		return given, nil
	}
	checkout, err := kubeapi.Checkout()
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, "warren-ingress")
	command := exec.Command("go", "build", "-buildvcs=false", "-o", file, ".")
	command.Dir, command.Stderr = checkout, os.Stderr
	return file, command.Run()
})

// folder is for all tests.
var folder string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp("", "warren-browser-"); err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // what stays behind in the temporary files hinders nobody
	return m.Run()
}

// start starts a program that runs until the test ends. What it says last is shown if the test fails.
func start(t *testing.T, program string, arguments ...string) *fixture.Tail {
	t.Helper()
	command := exec.Command(program, arguments...)
	said := new(fixture.Tail)
	command.Stdout, command.Stderr = said, said
	// The kernel ends it with this process.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		// A child may be bound to the thread that starts it. So the thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // it is killed
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("starting %s: %v", program, err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-ended
		if t.Failed() {
			t.Logf("the last that %s said:\n%s", filepath.Base(program), said)
		}
	})
	return said
}
