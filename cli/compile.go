// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"

	"github.com/spf13/pflag"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// controllerFlags are those of the controller's that decide what is made of manifests.
type controllerFlags struct {
	class, trusted   string
	taskNetworks     string
	allowSharedHosts bool
	allowLocalTasks  bool
	requireAllowed   bool
}

// bind takes the flags. where says when they count.
func (f *controllerFlags) bind(flags *pflag.FlagSet, where string) {
	flags.StringVar(&f.class, "ingress-class", "warren", where+"the `class` of the controller")
	flags.StringVar(&f.trusted, "trusted-proxies", "", where+"comma-separated `CIDRs` or addresses whose forwarding fields are believed")
	flags.StringVar(&f.taskNetworks, "task-networks", "", where+"comma-separated `CIDRs` or addresses that Tasks may be in, as for the controller (default all)")
	flags.BoolVar(&f.allowSharedHosts, "allow-shared-hosts", false, where+"as for the controller")
	flags.BoolVar(&f.allowLocalTasks, "allow-local-tasks", false, where+"as for the controller")
	flags.BoolVar(&f.requireAllowed, "require-allowed-hosts", false, where+"as for the controller")
}

// compiled is what the controller makes of manifests.
type compiled struct {
	in       translate.Input
	reports  []translate.Report
	snapshot *snapshot.Snapshot
	// proxy is a data plane without a listener that has the snapshot.
	proxy *proxy.Proxy
}

// compile makes of objects what the controller makes of them.
func (f *controllerFlags) compile(objects []client.Object) (*compiled, error) {
	config := proxy.Config{MaxHeaderBytes: 64 << 10, MaxHeaders: 128} // the controller's defaults
	var err error
	if config.TrustedProxies, err = networks("trusted-proxies", f.trusted); err != nil {
		return nil, err
	}
	taskNetworks, err := networks("task-networks", f.taskNetworks)
	if err != nil {
		return nil, err
	}
	in, _, err := sources.InputOf(objects, translate.Options{
		IngressClass: f.class, AllowSharedHosts: f.allowSharedHosts, AllowLocalTasks: f.allowLocalTasks,
		RequireAllowedHosts: f.requireAllowed, TaskNetworks: taskNetworks,
	})
	if err != nil {
		return nil, err
	}
	c := &compiled{in: in, proxy: proxy.New(config)}
	c.snapshot, c.reports = translate.Build(in)
	if _, err := c.proxy.Apply(c.snapshot); err != nil {
		return nil, errors.Join(errors.New("the controller would refuse all of this"), err)
	}
	return c, nil
}
