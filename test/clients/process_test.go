// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"net"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/warren-dev/ingress/test/fixture"
)

// patience is for what has no time limit of its own, on a busy machine.
const patience = time.Minute

// process is a server that runs until the test ends.
type process struct {
	t       *testing.T
	name    string
	command *exec.Cmd
	said    fixture.Tail
	// ended is closed when the process has ended. Then err says how.
	ended chan struct{}
	err   error
}

// startProcess starts a server. It is killed if this process is.
func startProcess(t *testing.T, name string, arguments ...string) *process {
	t.Helper()
	p := &process{t: t, name: name, command: exec.Command(arguments[0], arguments[1:]...), ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = &p.said, &p.said
	p.command.SysProcAttr = ownGroup()
	err := startBound(p.command, func(err error) {
		p.err = err
		close(p.ended)
	})
	if err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	t.Cleanup(func() {
		// Its children have its output too.
		_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
		<-p.ended
		if t.Failed() {
			t.Logf("the end of what %s said:\n%s", name, p.said.String())
		}
	})
	return p
}

// signal sends a signal. It can fail only if the process has ended already.
func (p *process) signal(s syscall.Signal) { _ = p.command.Process.Signal(s) }

// listening waits until the process listens at an address.
func (p *process) listening(address string) {
	p.t.Helper()
	eventually(p.t, p.name+" to listen", func() error {
		select {
		case <-p.ended:
			p.t.Fatalf("%s ended (%v):\n%s", p.name, p.err, p.said.String())
		default:
		}
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		return c.Close()
	})
}

// eventually waits until check returns nil. When patience ends, it fails the test with the last error.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Since(began) > patience {
			t.Fatalf("waited %s for %s: %v", patience, what, err)
		}
	}
}

// startBound starts a process that the kernel ends with this one. The signal comes when the thread that started it
// ends, so that has to live as long as the process. ended is told how the process ends.
func startBound(command *exec.Cmd, ended func(error)) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			ended(command.Wait())
		}
	}()
	return <-started
}

// ownGroup makes a process the first of its own group, so that it can be ended with its children. The kernel ends it
// when this process ends.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
