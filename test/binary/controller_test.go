// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// controller is a process of the program.
type controller struct {
	t *testing.T
	// These are the addresses that it was told to listen on.
	http, https, metrics, health, admin string

	process        *os.Process
	stdout, stderr output
	// ended is closed when the process has ended. Then err says how.
	ended chan struct{}
	err   error
}

// startController starts the program on free ports, with arguments after those of the ports, and returns at once. The
// process is killed when the test ends. It must not have panicked. Its output is shown if the test failed.
func startController(t *testing.T, arguments ...string) *controller {
	t.Helper()
	c := &controller{
		t:    t,
		http: ports.address(t), https: ports.address(t), metrics: ports.address(t), health: ports.address(t), admin: ports.address(t),
		ended: make(chan struct{}),
	}
	command := exec.Command(program.path(t), append([]string{
		"--http-address=" + c.http, "--https-address=" + c.https,
		"--metrics-address=" + c.metrics, "--health-address=" + c.health, "--admin-address=" + c.admin,
	}, arguments...)...)
	command.Stdout, command.Stderr = &c.stdout, &c.stderr
	command.SysProcAttr = childAttributes()

	started := make(chan error, 1)
	go func() {
		// A child may be bound to the thread that starts it. So the thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			c.err = command.Wait()
			close(c.ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("starting the controller: %v", err)
	}
	c.process = command.Process
	t.Cleanup(c.cleanUp)
	return c
}

func (c *controller) cleanUp() {
	c.kill()
	if strings.Contains(c.stderr.String(), "panic") {
		c.t.Error("the controller panicked")
	}
	if c.t.Failed() {
		c.t.Logf("%s\nthe end of the controller's standard error:\n%s", strings.Join(c.addresses(), " "), c.stderr.end())
	}
}

func (c *controller) addresses() []string {
	return []string{"http " + c.http, "https " + c.https, "metrics " + c.metrics, "health " + c.health, "admin " + c.admin}
}

// kill ends the process as a power failure does, and returns when it is gone.
func (c *controller) kill() {
	// It can fail only if the process has ended already.
	_ = c.process.Signal(syscall.SIGKILL)
	<-c.ended
}

// terminate asks the process to end.
func (c *controller) terminate() {
	c.t.Helper()
	if err := c.process.Signal(syscall.SIGTERM); err != nil {
		c.t.Fatalf("sending SIGTERM: %v", err)
	}
}

// exit waits for the process to end by itself and returns its exit code.
func (c *controller) exit() int {
	c.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(patience):
		c.t.Fatalf("the controller still runs after %s", patience)
	}
	if c.err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](c.err)
	if !ok {
		c.t.Fatalf("waiting for the controller: %v", c.err)
	}
	return exit.ExitCode()
}

// state says how the process ended.
func (c *controller) state() string {
	if c.err == nil {
		return "exit status 0"
	}
	return c.err.Error()
}

// running returns an error if the process has ended.
func (c *controller) running() error {
	select {
	case <-c.ended:
		return fmt.Errorf("the controller ended (%s):\n%s", c.state(), c.stderr.end())
	default:
		return nil
	}
}

// ready waits until the controller says that it is ready. It returns the controller.
func (c *controller) ready() *controller {
	c.t.Helper()
	eventually(c.t, patience, "the controller to be ready", func() error { return c.readiness(http.StatusOK) })
	return c
}

// readiness returns an error unless /readyz answers with the status. It fails the test if the process has ended.
func (c *controller) readiness(want int) error {
	if err := c.running(); err != nil {
		c.t.Fatal(err)
	}
	status, text, err := read("http://" + c.health + "/readyz")
	if err == nil && status != want {
		err = fmt.Errorf("/readyz is %d %q, want %d", status, text, want)
	}
	return err
}

// routes returns what the controller says that it serves, without the number of the generation. It returns that number
// too.
func (c *controller) routes() (generation int, routes string, err error) {
	status, text, err := read("http://" + c.admin + "/routes")
	if err != nil {
		return 0, "", err
	}
	first, rest, ok := strings.Cut(text, ",")
	if _, err := fmt.Sscanf(first, "generation %d", &generation); err != nil || !ok || status != http.StatusOK {
		return 0, "", fmt.Errorf("/routes is %d %q, want the generation and the routes", status, text)
	}
	return generation, rest, nil
}

// read gets a URL for operators.
func read(url string) (status int, text string, err error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, "", err
	}
	return response.StatusCode, string(content), nil
}
