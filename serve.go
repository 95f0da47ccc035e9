// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/warren-dev/ingress/cli"
)

// serveCommand is the controller. Its flags are those of package flag, where controller-runtime has put its own.
func serveCommand() *cobra.Command {
	f := bindFlags(flag.CommandLine)
	c := &cobra.Command{
		Short: "Serve the Ingresses of a cluster: the controller itself",
		Long: `Serves the Ingresses of a Kubernetes cluster until it is asked to end by SIGTERM, and then lets running requests finish.

It finds the cluster by --kubeconfig, by the variable KUBECONFIG, or within a Pod by its ServiceAccount.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return cli.Misuse(fmt.Errorf("unexpected argument %q: serve has only flags, and another command comes before its flags", args[0]))
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return serveWith(c, f) },
	}
	c.Flags().AddGoFlagSet(flag.CommandLine)
	return c
}

func serveWith(c *cobra.Command, f *flags) error {
	switch err := f.validate(); {
	case err != nil:
		return cli.Misuse(err)
	case f.showVersion:
		_, err := fmt.Fprintln(c.OutOrStdout(), "warren-ingress", version)
		return err
	case f.check != "":
		return check(c.Context(), f.check, c.OutOrStdout())
	}
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&f.zap)))
	logger := ctrl.Log.WithName("warren")
	if err := run(c.Context(), f, logger); err != nil {
		logger.Error(err, "ending")
		return errors.Join(cli.ErrSaid, err)
	}
	return nil
}
