// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/warren-dev/ingress/test/fixture"
)

const (
	// patience is for what has no time limit of its own, on a busy machine.
	patience = time.Minute
	pause    = 20 * time.Millisecond
	// farewell is how long a process has to end when it is asked to.
	farewell = 2 * time.Second
)

// process is a running program.
type process struct {
	command *exec.Cmd
	output  fixture.Tail
	// ended is closed when the process has ended. Then err says how.
	ended chan struct{}
	err   error
}

// run starts a program in a process group of its own, and ends the group with the test.
func run(t *testing.T, folder string, what command) *process {
	t.Helper()
	p := &process{command: exec.Command(what.arguments[0], what.arguments[1:]...), ended: make(chan struct{})}
	p.command.Dir = folder
	p.command.Env = append(os.Environ(), what.environment...)
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	// All of it ends with this process too, even if that is killed.
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	// Children that outlive the program may keep its output open.
	p.command.WaitDelay = farewell
	started := make(chan error, 1)
	go func() {
		// A child dies with the thread that starts it. That ends with this goroutine, because it is never unlocked.
		runtime.LockOSThread()
		err := p.command.Start()
		started <- err
		if err == nil {
			p.err = p.command.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("starting %s: %v", what.arguments[0], err)
	}
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("the end of what %s wrote:\n%s", what.arguments[0], p.output.String())
		}
	})
	return p
}

// stop asks the group to end, and kills what is left of it.
func (p *process) stop() {
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(farewell):
	}
	_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
	<-p.ended
}

// awaitListening waits until the process takes connections.
func (p *process) awaitListening(t *testing.T, address string) {
	t.Helper()
	eventually(t, address+" to take connections", func() error {
		select {
		case <-p.ended:
			t.Fatalf("the program ended: %v\n%s", p.err, p.output.String())
		default:
		}
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

func local(port string) string { return net.JoinHostPort("127.0.0.1", port) }

// eventually waits until check returns nil. When patience ends, it fails the test with the last error.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	for began := time.Now(); ; time.Sleep(pause) {
		err := check()
		if err == nil {
			return
		}
		if time.Since(began) > patience {
			t.Fatalf("waited %s for %s: %v", patience, what, err)
		}
	}
}

// openFolder makes a folder that every user can look into. Some servers give up root's rights.
func openFolder(t *testing.T, name string) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "warren-fleet-"+name+"-")
	if err == nil {
		err = os.Chmod(folder, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}

var errNothing = errors.New("nothing came")

// await waits until a server gives a whole answer.
func await(t *testing.T, w way, host string, wanted func(answer) error) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s to answer for %s", w.name, host), func() error {
		c, err := w.dial(host)
		if err != nil {
			return err
		}
		defer c.close()
		a := c.exchange(request{method: "GET", target: "/"}, host)
		if a.end == none {
			return errNothing
		}
		return wanted(a)
	})
}
