// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/warren-dev/ingress/cli/process"
)

// kubectl runs kubectl as whoever runs the program, in the cluster that its own flags name.
type kubectl struct {
	streams Streams
	// flags are kubectl's own, but for the namespace.
	flags      *pflag.FlagSet
	kubeconfig string
	overrides  clientcmd.ConfigOverrides
}

// namespaceFlag is a flag of kubectl's that says here where the controller is.
const namespaceFlag = "namespace"

// bind takes kubectl's own flags, and those that say which replica is meant.
func (k *kubectl) bind(flags *pflag.FlagSet) *search {
	s := &search{kubectl: k}
	k.flags = pflag.NewFlagSet("kubectl", pflag.ContinueOnError)
	k.flags.StringVar(&k.kubeconfig, "kubeconfig", "", "`file` that says how clusters are reached")
	own := clientcmd.RecommendedConfigOverrideFlags("")
	own.ContextOverrideFlags.Namespace = clientcmd.FlagInfo{}
	clientcmd.BindOverrideFlags(&k.overrides, k.flags, own)
	flags.AddFlagSet(k.flags)
	flags.StringVarP(&s.namespace, namespaceFlag, "n", "", "`namespace` of the controller (default: wherever Pods of it are); with explain -f, of objects that name none")
	flags.StringVar(&s.release, "release", "", "`name` of the Helm release, where there are several installations")
	flags.StringVar(&s.deployment, "deployment", "", "`name` of the controller's Deployment, instead of looking for its Pods")
	flags.StringVar(&s.daemonSet, "daemonset", "", "`name` of its DaemonSet")
	flags.StringVar(&s.pod, "pod", "", "`name` of a Pod: ask that replica")
	return s
}

// arguments returns kubectl's arguments for a command.
func (k *kubectl) arguments(command ...string) (arguments []string) {
	if k.flags != nil {
		k.flags.VisitAll(func(f *pflag.Flag) {
			if !f.Changed { // It is parsed in another set, so that this one cannot visit what is set.
				return
			}
			values := []string{f.Value.String()}
			if list, ok := f.Value.(pflag.SliceValue); ok {
				values = list.GetSlice()
			}
			for _, value := range values {
				arguments = append(arguments, "--"+f.Name+"="+value)
			}
		})
	}
	return append(arguments, command...)
}

// run runs a command that writes its own results and errors.
func (k *kubectl) run(ctx context.Context, command ...string) error {
	program := exec.CommandContext(ctx, "kubectl", k.arguments(command...)...)
	program.Stdout, program.Stderr = k.streams.Out, k.streams.Err
	if err := program.Run(); err != nil {
		return fmt.Errorf("running kubectl: %w", err)
	}
	return nil
}

// output runs a command and returns what it writes. The error is a [*kubectlError] if it failed.
func (k *kubectl) output(ctx context.Context, command ...string) ([]byte, error) {
	program := exec.CommandContext(ctx, "kubectl", k.arguments(command...)...)
	var out, said bytes.Buffer
	program.Stdout, program.Stderr = &out, &said
	err := program.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, &kubectlError{code: exit.ExitCode(), said: withoutLog(said.String())}
	}
	if err != nil {
		return nil, fmt.Errorf("running kubectl: %w", err)
	}
	return out.Bytes(), nil
}

// logLine begins a line that kubectl's libraries log beside what kubectl says itself.
var logLine = regexp.MustCompile(`^[EWIF][0-9]{4} `)

func withoutLog(said string) string {
	var kept []string
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "" && !logLine.MatchString(line) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, " ")
}

// kubectlError is kubectl's own error, or that of the program that it ran in a Pod.
type kubectlError struct {
	code int
	said string
}

// Error implements error.
func (e *kubectlError) Error() string { return "kubectl says: " + e.said }

// process returns the admin address of a process that the kubeconfig notes for the cluster that is meant. It is empty
// if there is none. What is wrong with the kubeconfig, kubectl says.
func (k *kubectl) process() string {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = k.kubeconfig
	config, err := rules.Load()
	if err != nil || k.overrides.ClusterInfo.Server != "" {
		return ""
	}
	name := config.CurrentContext
	if k.overrides.CurrentContext != "" {
		name = k.overrides.CurrentContext
	}
	cluster := k.overrides.Context.Cluster
	if meant := config.Contexts[name]; meant != nil && cluster == "" {
		cluster = meant.Cluster
	}
	return process.Noted(config.Clusters[cluster])
}
