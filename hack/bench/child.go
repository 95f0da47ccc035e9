// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stopLimit is how long a child may take to end when it is asked to. Then it is killed.
const stopLimit = 5 * time.Second

// launcher starts children, each bound to a core. The main goroutine starts all of them, because they end with its
// thread.
type launcher struct {
	self string
	// folder holds what the children print.
	folder  string
	started int
}

// child is a running program.
type child struct {
	name    string
	command *exec.Cmd
	log     string
	ended   chan struct{}
	// err is how it ended, once ended is closed.
	err error
}

// start runs a program on cores, with environment beside this process's own.
func (l *launcher) start(on coreSet, name string, environment []string, program ...string) (*child, error) {
	l.started++
	path := filepath.Join(l.folder, fmt.Sprintf("%s-%d.log", name, l.started))
	output, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	defer output.Close()
	c := &child{name: name, log: path, ended: make(chan struct{})}
	c.command = l.pinned(context.Background(), on, program...)
	c.command.Env = append(os.Environ(), environment...)
	c.command.Stdout, c.command.Stderr = output, output
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go func() {
		c.err = c.command.Wait()
		close(c.ended)
	}()
	return c, nil
}

// pinned describes a program that runs on cores. It is in a process group of its own, so that Ctrl-C in the terminal
// reaches this process alone and things end in order. Its role makes it end when this process is killed.
func (l *launcher) pinned(ctx context.Context, to coreSet, program ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, l.self, append([]string{rolePinned, to.String()}, program...)...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}

// load runs one load in a process of its own.
func (l *launcher) load(ctx context.Context, on coreSet, spec *loadSpec) (loadResult, error) {
	in, err := json.Marshal(spec)
	if err != nil {
		return loadResult{}, fmt.Errorf("describing the load: %w", err)
	}
	command := l.pinned(ctx, on, l.self, roleLoad)
	var out, log bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(in), &out, &log
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return loadResult{}, ctx.Err()
		}
		return loadResult{}, fmt.Errorf("running the load: %w: %s", err, strings.TrimSpace(log.String()))
	}
	var result loadResult
	if err := json.Unmarshal(out.Bytes(), &result); err != nil {
		return loadResult{}, fmt.Errorf("reading what the load measured: %w", err)
	}
	return result, nil
}

// id returns the process's id.
func (c *child) id() int { return c.command.Process.Pid }

// stop asks the child to end and waits until it has.
func (c *child) stop() error {
	select {
	case <-c.ended:
		return fmt.Errorf("%s ended before it was asked to: %w\n%s", c.name, c.failure(), c.lastLines())
	default:
	}
	// It may end in between, by itself.
	_ = c.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(stopLimit):
		_ = syscall.Kill(-c.id(), syscall.SIGKILL)
		<-c.ended
	}
	return nil
}

// failure returns how the child ended. It is never nil.
func (c *child) failure() error {
	if c.err == nil {
		return errors.New("exit status 0")
	}
	return c.err
}

// lastLines returns the end of what the child printed.
func (c *child) lastLines() string {
	content, err := os.ReadFile(c.log)
	if err != nil {
		return "(its log cannot be read)"
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	const shown = 10
	if len(lines) > shown {
		lines = lines[len(lines)-shown:]
	}
	return strings.Join(lines, "\n")
}

// until asks again and again whether the child is ready, and returns nil when it is. The error says why it is not ready
// at the end of ctx, or how the child ended.
func (c *child) until(ctx context.Context, ready func() error) error {
	const interval = 50 * time.Millisecond
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-c.ended:
			return fmt.Errorf("%s ended: %w\n%s", c.name, c.failure(), c.lastLines())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", c.name, err)
		case <-time.After(interval):
		}
	}
}
