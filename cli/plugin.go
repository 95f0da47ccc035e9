// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
)

// PluginName is the name of the program when kubectl runs it as a plugin.
const PluginName = "kubectl-warren"

// IsPlugin returns whether the program was started under that name.
func IsPlugin(program string) bool { return filepath.Base(program) == PluginName }

const pluginUsage = `kubectl warren [flags] explain URL …
kubectl warren [flags] ls [routes|certs|tasks] …
kubectl warren [flags] hosts [release HOST|give HOST NAMESPACE] …

Has a replica in the cluster say what it serves, why a request ends as it does, and whose which host is; "kubectl warren explain -help"
has more. It wants the right to create pods/exec in the controller's namespace, but for explain -f, which asks no replica, and to move
a host, for which it wants the right to patch ConfigMaps there. Flags before the command:`

// plugin is where the controller is.
type plugin struct{ namespace, deployment string }

// RunPlugin runs a command as "kubectl warren", and returns the exit code.
func RunPlugin(ctx context.Context, args []string, s Streams) int {
	var p plugin
	flags := flag.NewFlagSet(PluginName, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&p.namespace, "n", "warren-system", "`namespace` of the controller")
	flags.StringVar(&p.deployment, "deployment", "warren-ingress", "`name` of its Deployment")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp), err == nil && flags.NArg() == 0:
		_, _ = fmt.Fprintln(s.Out, pluginUsage)
		flags.SetOutput(s.Out)
		flags.PrintDefaults()
		return 0
	case err != nil:
		_, _ = fmt.Fprintf(s.Err, "kubectl warren: %v (-help describes all flags)\n", err)
		return exitMisuse
	}
	command := flags.Args()
	if movesHost(command) {
		return Run(ctx, slices.Insert(slices.Clone(command), 1, "--namespace", p.namespace), s)
	}
	if isLocal(command) || !Has(command) {
		return Run(ctx, command, s)
	}
	return run(exec.CommandContext(ctx, "kubectl", p.arguments(command)...), s)
}

// isLocal returns whether a command asks no replica: it explains from manifests, or prints its usage.
func isLocal(command []string) bool {
	return slices.ContainsFunc(command, func(arg string) bool {
		return slices.Contains([]string{"-f", "--f", "-h", "--h", "-help", "--help"}, arg) || len(arg) > 3 && (arg[:3] == "-f=" || arg[:4] == "--f=")
	})
}

// arguments returns kubectl's arguments for having a replica run the command.
func (p *plugin) arguments(command []string) []string {
	return append([]string{"exec", "--namespace", p.namespace, "deployment/" + p.deployment, "--", "/warren-ingress"}, command...)
}

// run runs a program that reports its own errors.
func run(program *exec.Cmd, s Streams) int {
	program.Stdout, program.Stderr = s.Out, s.Err
	err := program.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		_, _ = fmt.Fprintf(s.Err, "kubectl warren: running kubectl: %v\n", err)
		return exitFailure
	}
	return 0
}
