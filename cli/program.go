// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// The names under which kubectl starts the program: as a plugin, and to complete the plugin's arguments.
const (
	pluginName    = "kubectl-warren"
	completerName = "kubectl_complete-warren"
)

// serveName is the command that a command line without one stands for, if it has flags.
const serveName = "serve"

// program is what the commands have in common.
type program struct {
	streams Streams
	version string
	// find returns the replica to ask.
	find func(ctx context.Context) (replica, error)
	// kubectl is how kubectl is run. Its flags are empty unless the program is a plugin.
	kubectl *kubectl
	// namespace returns the controller's namespace.
	namespace func(ctx context.Context) (string, error)
	colour    colourFlag
}

// New returns the commands of warren-ingress. serve is the one that serves.
func New(version string, serve *cobra.Command, s Streams) *cobra.Command {
	p := &program{streams: s, version: version, kubectl: &kubectl{streams: s}}
	root := p.root("warren-ingress", "Serve the Ingresses of a Kubernetes cluster, and say why a request ends as it does", `warren-ingress is a Kubernetes ingress controller with its data plane in the same process.

"serve" is the controller; flags without a command go on to it. The other commands ask a running controller at its admin address, or read
manifests. On a cluster they are "kubectl warren".`)
	address := defaultAdminAddress
	p.find = func(context.Context) (replica, error) { return &admin{address: address}, nil }
	serve.Use = serveName + " [flags]"
	commands := []*cobra.Command{p.explain(), p.list(), p.dashboard()}
	hosts := p.hosts()
	p.namespace = ownNamespace(hosts)
	commands = append(commands, hosts)
	for _, c := range commands {
		c.PersistentFlags().StringVar(&address, "admin-address", address, "`address` of the replica to ask")
	}
	root.AddCommand(serve, p.check(), p.audit(), p.convert(), p.printVersion())
	root.AddCommand(commands...)
	return root
}

// isPlugin returns whether these are the commands of kubectl warren.
func (p *program) isPlugin() bool { return p.kubectl != nil && p.kubectl.flags != nil }

// ownNamespace has a command take the controller's namespace as a flag.
func ownNamespace(c *cobra.Command) func(context.Context) (string, error) {
	namespace := c.PersistentFlags().String("namespace", defaultNamespace, "to move a host, the `namespace` of the controller")
	return func(context.Context) (string, error) { return *namespace, nil }
}

// NewPlugin returns the commands of kubectl warren.
func NewPlugin(version string, s Streams) *cobra.Command {
	p := &program{streams: s, version: version, kubectl: &kubectl{streams: s}}
	root := p.root(pluginName, "Say what a warren-ingress in the cluster serves, and why a request ends as it does", `kubectl warren has a replica in the cluster say what it serves, why a request ends as it does, and whose which host is.

It takes kubectl's own flags. It looks for the replicas of any installation, and wants the right to list Pods and to create pods/exec in the
controller's namespace; "dashboard" wants the right to create pods/portforward instead. "check", "convert" and "explain -f" ask nobody. "audit" wants the right to list Ingresses, IngressClasses, Services
and Namespaces. To move a host it wants the right to patch ConfigMaps there.`)
	root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl warren"}
	search := p.kubectl.bind(root.PersistentFlags())
	p.find, p.namespace = search.replica, search.controllerNamespace
	root.AddCommand(p.explain(), p.list(), p.dashboard(), p.hosts(), p.check(), p.audit(), p.convert(), p.printVersion())
	return root
}

// Called returns the commands that the process was started for, by the name that it was started under, and their
// arguments. serve makes the command that serves.
func Called(argv []string, version string, serve func() *cobra.Command, s Streams) (root *cobra.Command, args []string) {
	switch filepath.Base(argv[0]) {
	case pluginName:
		return NewPlugin(version, s), argv[1:]
	case completerName:
		return NewPlugin(version, s), append([]string{cobra.ShellCompRequestCmd}, argv[1:]...)
	}
	return New(version, serve(), s), argv[1:]
}

// root returns a command that prints help.
func (p *program) root(name, short, long string) *cobra.Command {
	root := &cobra.Command{
		Use: name, Short: short, Long: long, SilenceErrors: true, SilenceUsage: true,
		// Without this, cobra says itself what is wrong.
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			meant := ""
			if near := c.SuggestionsFor(args[0]); len(near) > 0 {
				meant = fmt.Sprintf(": did you mean %s?", strings.Join(near, " or "))
			}
			return misuse{fmt.Errorf("there is no command %q%s", args[0], meant)}
		},
	}
	root.SetIn(p.streams.In)
	root.SetOut(p.streams.Out)
	root.SetErr(p.streams.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse{err} })
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	return root
}

// arity returns a check of the number of arguments. what says what to write.
func arity(least, most int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return misuse{fmt.Errorf("write %s", what)}
		}
		return nil
	}
}

// note writes a remark to standard error.
func (p *program) note(format string, args ...any) {
	_, _ = fmt.Fprintf(p.streams.Err, "note: "+format+"\n", args...)
}
