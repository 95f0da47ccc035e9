// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/warren-dev/ingress/cli"
)

// serveCommand is the controller. Its flags are those of package flag, where controller-runtime has put its own.
func serveCommand() *cobra.Command {
	f := bindFlags(flag.CommandLine)
	c := &cobra.Command{
		Short: "Serve the Ingresses of a cluster, or of files: the controller itself",
		Long: `Serves the Ingresses of a Kubernetes cluster until it is asked to end by SIGTERM, and then lets running requests finish.

It finds the cluster by --kubeconfig, by the variable KUBECONFIG, or within a Pod by its ServiceAccount.

With -f it serves the objects in files, without a cluster, and follows the files as they change. It prints on standard output the conditions
that it would write into statuses. A file that is broken when it starts ends it; of one that breaks later, it goes on with what was there.`,
		Example: `  warren-ingress serve -f manifests/
  warren-ingress serve -f manifests/ -f local.yaml --allow-local-tasks --http-address=127.0.0.1:8000`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return cli.Misuse(fmt.Errorf("unexpected argument %q: serve has only flags, and another command comes before its flags", args[0]))
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return serveWith(c, f) },
	}
	c.Flags().AddGoFlagSet(flag.CommandLine)
	c.Flags().StringArrayVarP(&f.files, "filename", "f", nil, "`file` or folder with objects to serve in place of a cluster's, which is followed as it changes; may be given several times")
	return c
}

func serveWith(c *cobra.Command, f *flags) error {
	err := f.validate()
	if err == nil && len(f.files) > 0 {
		err = validateFiles(c.Flags(), f)
	}
	switch {
	case err != nil:
		return cli.Misuse(err)
	case f.showVersion:
		_, err := fmt.Fprintln(c.OutOrStdout(), "warren-ingress", version)
		return err
	case f.check != "":
		return check(c.Context(), f.check, c.OutOrStdout())
	}
	if len(f.files) > 0 {
		if err := logForPeople(c.Flags()); err != nil {
			return err
		}
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&f.zap)))
	logger := ctrl.Log.WithName("warren")
	if err := run(c.Context(), f, logger); err != nil {
		logger.Error(err, "ending")
		return errors.Join(cli.ErrSaid, err)
	}
	return nil
}

// logForPeople sets those flags of the log that are not given as people read it best.
func logForPeople(flags *pflag.FlagSet) error {
	for _, log := range []struct{ flag, value string }{{"zap-encoder", "console"}, {"zap-time-encoding", "rfc3339"}, {"zap-stacktrace-level", "panic"}} {
		if flags.Changed(log.flag) {
			continue
		}
		if err := flags.Set(log.flag, log.value); err != nil {
			return fmt.Errorf("setting up the log: %w", err)
		}
	}
	return nil
}
