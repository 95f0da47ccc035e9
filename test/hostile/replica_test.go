// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/warren-dev/ingress/test/fixture"
)

const (
	// memoryLimit is the chart's. collectAbove is what the chart tells Go of it.
	memoryLimit  = 1 << 30
	collectAbove = memoryLimit / 10 * 9
	// patience is for what has no time limit of its own, on a busy machine.
	patience = time.Minute
	pause    = 10 * time.Millisecond
)

// replica is a process of the program.
type replica struct {
	http, https, metrics, health, admin string

	process *os.Process
	group   *memoryGroup
	stderr  fixture.Tail
	// ended is closed when the process has ended. Then err says how.
	ended chan struct{}
	err   error
}

// launch is how replicas are started.
type launch struct {
	arguments []string
	// descriptors is how many each may have open. 0 is for as many as this process.
	descriptors int
}

// httpFlag begins an argument that says where plain requests are served.
const httpFlag = "--http-address="

// start starts the program with the chart's memory limit and waits until it is ready.
func (l launch) start(t *testing.T) *replica {
	t.Helper()
	r := &replica{
		http: fixture.FreeAddress(t), https: fixture.FreeAddress(t), metrics: fixture.FreeAddress(t), health: fixture.FreeAddress(t), admin: fixture.FreeAddress(t),
		group: newMemoryGroup(t, memoryLimit), ended: make(chan struct{}),
	}
	for _, argument := range l.arguments {
		if address, ok := strings.CutPrefix(argument, httpFlag); ok {
			r.http = address
		}
	}
	words := append([]string{program.path(t), httpFlag + r.http, "--https-address=" + r.https,
		"--metrics-address=" + r.metrics, "--health-address=" + r.health, "--admin-address=" + r.admin}, l.arguments...)
	if l.descriptors > 0 {
		words = append([]string{"sh", "-c", fmt.Sprintf(`ulimit -n %d && exec "$@"`, l.descriptors), "sh"}, words...)
	}
	command := exec.Command(words[0], words[1:]...)
	command.Env = append(os.Environ(), "GOMEMLIMIT="+strconv.Itoa(collectAbove))
	command.Stderr = &r.stderr
	err := startInForeground(command, func(err error) {
		r.err = err
		close(r.ended)
	})
	if err != nil {
		t.Fatalf("starting the controller: %v", err)
	}
	r.process = command.Process
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("the end of the controller's standard error:\n%s", r.stderr.String())
		}
	})
	r.group.add(t, r.process.Pid)
	eventually(t, "the controller to be ready", func() error {
		if err := r.running(); err != nil {
			t.Fatal(err)
		}
		response, err := http.Get("http://" + r.health + "/readyz")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("/readyz is %d", response.StatusCode)
		}
		return nil
	})
	return r
}

// kill ends the process, and returns when it is gone.
func (r *replica) kill() {
	// It can fail only if the process has ended already.
	_ = r.process.Signal(syscall.SIGKILL)
	<-r.ended
}

// errNoReason is for a process that ended without an error.
var errNoReason = errors.New("exit status 0")

// running returns an error if the process has ended.
func (r *replica) running() error {
	select {
	case <-r.ended:
		return fmt.Errorf("the controller ended (%w):\n%s", cmp.Or(r.err, errNoReason), r.stderr.String())
	default:
		return nil
	}
}

// memory returns the resident memory of the process in bytes. It returns 0 once the process has ended.
func (r *replica) memory() int64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(r.process.Pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err == nil {
				return kilobytes << 10
			}
		}
	}
	return 0
}

// descriptors returns how many the process has open. It returns 0 once the process has ended.
func (r *replica) descriptors() int {
	open, err := os.ReadDir("/proc/" + strconv.Itoa(r.process.Pid) + "/fd")
	if err != nil {
		return 0
	}
	return len(open)
}

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
