// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"time"
)

const (
	// restartDelay leaves time to see that the child is gone.
	restartDelay = time.Second
	// stopLimit is more than the controller takes to let its requests finish.
	stopLimit = 45 * time.Second
)

// child is a program that runs as a process of its own.
type child struct {
	// name is what it is called in messages, such as "controller".
	name string
	path string
	args []string
	// env is added to the variables of this process, and prevails.
	env []string
	// output receives what the program prints. news receives what happens to it.
	output, news io.Writer
	// restartDelay is how long a child that was killed stays away.
	restartDelay time.Duration
}

// supervise runs the program until ctx ends. Then it asks the program to stop, and returns nil when it has. It starts a
// program again that a signal killed, so that one can watch it recover. It returns an error if the program ends by
// itself.
func (c *child) supervise(ctx context.Context) error {
	for {
		err := c.runOnce(ctx)
		if ctx.Err() != nil {
			return nil
		}
		signal, killed := killedBy(err)
		if !killed {
			return fmt.Errorf("the %s ended by itself: %w", c.name, err)
		}
		fmt.Fprintf(c.news, "The %s was ended by the signal %q; starting it again in %s.\n", c.name, signal, c.restartDelay)
		select {
		case <-time.After(c.restartDelay):
		case <-ctx.Done():
			return nil
		}
	}
}

// errExitedZero is for an end that had neither a signal nor an error, and was not asked for.
var errExitedZero = errors.New("exit status 0")

// runOnce runs the program once. It returns how the process ended, never nil.
func (c *child) runOnce(ctx context.Context) error {
	// Where the system can bind a child at all, it binds it to the thread that starts it. So the thread must live as long
	// as the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	command := exec.CommandContext(ctx, c.path, c.args...)
	command.Env = append(slices.Clone(c.env), os.Environ()...)
	command.Stdout, command.Stderr = c.output, c.output
	command.SysProcAttr = childAttributes()
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopLimit
	if err := command.Run(); err != nil {
		return err
	}
	return errExitedZero
}

func killedBy(err error) (syscall.Signal, bool) {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return 0, false
	}
	return status.Signal(), true
}
