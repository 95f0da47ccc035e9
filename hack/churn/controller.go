// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// readyLimit is how long the controller may take until it serves.
const readyLimit = 2 * time.Minute

// controller is the real binary.
type controller struct {
	command      *exec.Cmd
	log          bytes.Buffer
	http, health string
}

// newController describes a controller that reads one namespace. start runs it.
func newController(ctx context.Context, program, folder, namespace string, kubeconfig []byte) (*controller, error) {
	file := filepath.Join(folder, namespace+".kubeconfig")
	if err := os.WriteFile(file, kubeconfig, 0o600); err != nil {
		return nil, fmt.Errorf("writing a kubeconfig: %w", err)
	}
	ports := make([]string, 5)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("finding a free port: %w", err)
		}
		defer func() { _ = l.Close() }() // all at once, so that none is found twice
		ports[i] = l.Addr().String()
	}
	c := &controller{http: ports[0], health: ports[1]}
	c.command = exec.CommandContext(ctx, program, "--kubeconfig="+file, "--watch-namespaces="+namespace, "--leader-elect=false",
		"--allow-local-tasks", "--http-address="+ports[0], "--health-address="+ports[1], "--https-address="+ports[2],
		"--metrics-address="+ports[3], "--admin-address="+ports[4], "--drain-delay=0s", "--drain-timeout=1s")
	c.command.Stdout, c.command.Stderr = &c.log, &c.log
	// It must not outlive this process, however this one ends.
	c.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c, nil
}

// start runs it and returns when it serves.
func (c *controller) start(ctx context.Context) error {
	if err := c.command.Start(); err != nil {
		return fmt.Errorf("starting the controller: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	for ctx.Err() == nil {
		if response, err := http.Get("http://" + c.health + "/readyz"); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("the controller is not ready: %w; its log:\n%s", ctx.Err(), c.log.String())
}

func (c *controller) stop() error {
	if err := c.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("ending the controller: %w", err)
	}
	return c.command.Wait()
}

// usage is what a process has taken.
type usage struct {
	cpu time.Duration
	// resident and peak are in KiB.
	resident, peak int
}

func (c *controller) usage() (u usage, err error) {
	if u.cpu, err = c.cpu(); err != nil {
		return u, err
	}
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", c.command.Process.Pid))
	if err != nil {
		return u, err
	}
	defer func() { _ = status.Close() }()
	return u, u.readMemory(status)
}

// cpu asks the process's own clock. /proc counts in hundredths of a second, and a change may cost less than one.
func (c *controller) cpu() (time.Duration, error) {
	// clock_getcpuclockid(3) makes the same of an id: its complement, and in the lowest bits the scheduler's clock.
	const scheduler = 2
	var used unix.Timespec
	if err := unix.ClockGettime(int32(^c.command.Process.Pid<<3|scheduler), &used); err != nil {
		return 0, fmt.Errorf("reading what the controller uses: %w", err)
	}
	return time.Duration(used.Nano()), nil
}

func (u *usage) readMemory(status io.Reader) error {
	lines := bufio.NewScanner(status)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		var of *int
		switch name {
		case "VmRSS":
			of = &u.resident
		case "VmHWM":
			of = &u.peak
		default:
			continue
		}
		var err error
		if *of, err = strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB")); err != nil {
			return err
		}
	}
	return lines.Err()
}
