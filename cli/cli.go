// SPDX-License-Identifier: Apache-2.0

// Package cli is the commands besides the controller: they show what a replica serves, and why a request ends as it
// does. They ask a running replica at its admin address. Only explain -f compiles manifests by itself, without a
// cluster. Nothing here changes anything, except that the command that moves a host has kubectl change its claim.
//
// Read in this order: cli.go (which commands there are), admin.go (how a replica is asked), ls.go (what it serves),
// explain.go (why a request ends as it does), manifests.go (how files are read for that), hosts.go (which namespace has
// a host), plugin.go (the same commands as kubectl warren).
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Streams are what a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// The exit codes of a command that failed, and of a command line that is wrong.
const (
	exitFailure = 1
	exitMisuse  = 2
)

// Names returns the names of the commands.
func Names() []string { return []string{"explain", "hosts", "ls"} }

// Has returns whether the arguments of the process begin with a command.
func Has(args []string) bool { return len(args) > 0 && slices.Contains(Names(), args[0]) }

// Run runs the command that args begin with and returns the exit code.
func Run(ctx context.Context, args []string, s Streams) int {
	var err error
	switch args[0] {
	case "explain":
		err = explainURL(ctx, args[1:], s)
	case "hosts":
		err = runHosts(ctx, args[1:], s)
	case "ls":
		err = list(ctx, args[1:], s)
	default:
		err = misuse{fmt.Errorf("there is no command %q: write explain, hosts or ls", args[0])}
	}
	_, misused := errors.AsType[misuse](err)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case misused:
		_, _ = fmt.Fprintf(s.Err, "warren-ingress %s: %v (-help describes all flags)\n", args[0], err)
		return exitMisuse
	}
	// Errors of some libraries have several lines.
	_, _ = fmt.Fprintf(s.Err, "warren-ingress %s: %s\n", args[0], strings.Join(strings.Fields(err.Error()), " "))
	return exitFailure
}

// misuse is an error in the command line.
type misuse struct{ error }

// command is the flags and arguments of a command.
type command struct {
	*flag.FlagSet
	streams Streams
	usage   string
	output  string
	admin   string
}

func newCommand(name, usage string, s Streams) *command {
	c := &command{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError), streams: s, usage: usage}
	c.SetOutput(io.Discard) // Run reports the error, once.
	c.StringVar(&c.output, "o", "text", "`format` of what is printed: text or json")
	c.StringVar(&c.admin, "admin-address", "127.0.0.1:9091", "`address` of the replica to ask")
	return c
}

// parse reads flags from anywhere among the arguments, and returns the other arguments.
func (c *command) parse(args []string) ([]string, error) {
	var others []string
	for {
		switch err := c.FlagSet.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			_, _ = fmt.Fprintln(c.streams.Out, c.usage)
			c.SetOutput(c.streams.Out)
			c.PrintDefaults()
			return nil, err
		case err != nil:
			return nil, misuse{err}
		}
		if c.NArg() == 0 {
			break
		}
		others, args = append(others, c.Arg(0)), c.Args()[1:]
	}
	if c.output != "text" && c.output != "json" {
		return nil, misuse{fmt.Errorf("-o is %q: write text or json", c.output)}
	}
	return others, nil
}
