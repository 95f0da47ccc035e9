// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// controllerFlags are those of the controller's that decide what is made of manifests.
type controllerFlags struct {
	class, trusted   string
	nginx            nginxFlags
	gateways         string
	taskNetworks     string
	allowSharedHosts bool
	allowLocalTasks  bool
	requireAllowed   bool
}

// bind takes the flags. where says when they count.
func (f *controllerFlags) bind(flags *pflag.FlagSet, where string) {
	flags.StringVar(&f.class, "ingress-class", "warren", where+"the `class` of the controller")
	f.nginx.bind(flags, where)
	flags.StringVar(&f.gateways, "gateway-controller", gatewayapi.DefaultController, where+"`name` by which GatewayClasses name the controller")
	flags.StringVar(&f.trusted, "trusted-proxies", "", where+"comma-separated `CIDRs` or addresses whose forwarding fields are believed")
	flags.StringVar(&f.taskNetworks, "task-networks", "", where+"comma-separated `CIDRs` or addresses that Tasks may be in, as for the controller (default all)")
	flags.BoolVar(&f.allowSharedHosts, "allow-shared-hosts", false, where+"as for the controller")
	flags.BoolVar(&f.allowLocalTasks, "allow-local-tasks", false, where+"as for the controller")
	flags.BoolVar(&f.requireAllowed, "require-allowed-hosts", false, where+"as for the controller")
}

// compiled is what the controller makes of manifests.
type compiled struct {
	in      translate.Input
	reports []translate.Report
	// verdicts are on the objects of the Gateway API.
	verdicts map[gatewayapi.Key]*gatewayapi.Verdict
	snapshot *snapshot.Snapshot
	// proxy is a data plane without a listener that has the snapshot.
	proxy *proxy.Proxy
	// nginx says which Ingresses were written for ingress-nginx.
	nginx nginx.Options
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
	forNginx, err := f.nginx.options(f.class)
	if err != nil {
		return nil, err
	}
	in, attached, err := sources.InputOf(objects, translate.Options{
		IngressClass: f.class, AllowSharedHosts: f.allowSharedHosts, AllowLocalTasks: f.allowLocalTasks,
		RequireAllowedHosts: f.requireAllowed, TaskNetworks: taskNetworks,
	}, gatewayapi.Options{Controller: f.gateways}, forNginx)
	if err != nil {
		return nil, err
	}
	c := &compiled{in: in, proxy: proxy.New(config), nginx: forNginx}
	c.snapshot, c.reports = translate.Build(in)
	c.verdicts = attached.Judge(in.Secrets, in.Authorities, c.reports)
	if _, err := c.proxy.Apply(c.snapshot); err != nil {
		return nil, errors.Join(errors.New("the controller would refuse all of this"), err)
	}
	return c, nil
}

// isGateway returns whether a report is on an object of the Gateway API, of which a verdict says more.
func (c *compiled) isGateway(r *translate.Report) bool {
	return c.verdicts[gatewayapi.Key{Kind: r.Kind, NamespacedName: types.NamespacedName{Namespace: r.Namespace, Name: r.Name}}] != nil
}

// objection is a condition that says of a part of an object of the Gateway API what is not as it is written.
type objection struct {
	object, part string
	metav1.Condition
}

// objections returns those against the objects of the Gateway API.
func (c *compiled) objections() (list []objection) {
	open := func([]netip.AddrPort) string { return "" } // No address is opened.
	for name, verdict := range c.named() {
		for _, said := range verdict.Parts(open) {
			for _, condition := range said.Conditions {
				if gatewayapi.Objects(&condition) {
					list = append(list, objection{name, said.Part, condition})
				}
			}
		}
	}
	return list
}

// named has the verdicts by what reports name their objects, in order.
func (c *compiled) named() iter.Seq2[string, *gatewayapi.Verdict] {
	names := make(map[string]*gatewayapi.Verdict, len(c.verdicts))
	for key, verdict := range c.verdicts {
		names[key.Kind+" "+strings.TrimPrefix(key.NamespacedName.String(), "/")] = verdict
	}
	return func(yield func(string, *gatewayapi.Verdict) bool) {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if !yield(name, names[name]) {
				return
			}
		}
	}
}

// place names what the objection is against.
func (o *objection) place() string {
	if o.part == "" {
		return o.object
	}
	return o.object + " " + o.part
}
