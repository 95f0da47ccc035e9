// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// result is what a command left behind.
type result struct {
	stdout, stderr string
	code           int
}

// command runs a program in a folder until it ends, for tooLong at most.
func command(t *testing.T, folder string, environment []string, arguments ...string) result {
	t.Helper()
	return commandWith(t, folder, nil, environment, arguments...)
}

// commandWith is command with something on standard input.
func commandWith(t *testing.T, folder string, input io.Reader, environment []string, arguments ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	defer cancel()
	c := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	c.Dir, c.Stdin = folder, input
	c.Env = append(os.Environ(), environment...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	r := result{stdout: stdout.String(), stderr: stderr.String(), code: c.ProcessState.ExitCode()}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		t.Fatalf("%s: %v", strings.Join(arguments, " "), err)
	}
	if ctx.Err() != nil {
		r.stderr += "\nit took longer than " + tooLong.String()
	}
	return r
}

// failure is an error that names the exit code and the last line of standard error.
func (r result) failure() string {
	lines := strings.Split(strings.TrimSpace(r.stderr), "\n")
	return fmt.Sprintf("exit %d: %s", r.code, lines[len(lines)-1])
}

// steps runs commands in a folder, up to the first that fails. A step is words with spaces between.
func steps(t *testing.T, folder string, environment []string, all ...string) string {
	t.Helper()
	for _, step := range all {
		if ran := command(t, folder, environment, strings.Fields(step)...); ran.code != 0 {
			return "error: " + step[:min(len(step), 20)] + ": " + strings.Join(strings.Fields(ran.stderr), " ")
		}
	}
	return "done"
}

var names atomic.Int64

// unique returns a name that nothing else has.
func unique(prefix string) string { return fmt.Sprintf("%s-%d", prefix, names.Add(1)) }
