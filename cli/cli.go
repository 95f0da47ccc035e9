// SPDX-License-Identifier: Apache-2.0

// Package cli is the commands besides the controller: they show what a replica serves, and why a request ends as it
// does. They ask a running replica at its admin address. Only explain -f, check and audit compile manifests by
// themselves, without a controller. Nothing here changes anything, except that the command that moves a host has
// kubectl change its claim.
//
// Read in this order: cli.go (how a command line is run), program.go (which commands there are), arguments.go (which
// spellings of flags there are), replica.go and admin.go (how a replica is asked), kubectl.go, pod.go and process (how
// kubectl warren finds one), explain.go, ls.go, watch.go, dashboard.go, hosts.go, check.go, audit.go, version.go and
// completion.go (the commands), compile.go and network.go (what is made of manifests), output.go, table.go, colour.go
// and junit.go (how results are written).
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"
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

// ErrSaid is the error of a command that failed and has said why.
var ErrSaid = errors.New("the command failed")

// misuse is an error in the command line.
type misuse struct{ error }

// Misuse returns an error in the command line.
func Misuse(err error) error { return misuse{err} }

// Run runs a command line and returns the exit code.
func Run(ctx context.Context, root *cobra.Command, args []string) int {
	root.SetArgs(arguments(root, args))
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	if errors.Is(err, ErrSaid) {
		return exitFailure
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return exit.ExitCode() // kubectl has said why
	}
	// Errors of some libraries have several lines.
	text, code := strings.Join(strings.Fields(err.Error()), " "), exitFailure
	if _, ok := errors.AsType[misuse](err); ok {
		text, code = text+" (--help describes all flags)", exitMisuse
	}
	_, _ = fmt.Fprintf(command.ErrOrStderr(), "%s: %s\n", command.CommandPath(), text)
	return code
}
