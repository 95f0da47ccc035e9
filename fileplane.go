// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/controllers/standalone"
	"github.com/warren-dev/ingress/controllers/translate"
)

// filePlane serves the objects in files.
type filePlane struct {
	*standalone.Server
}

// newFilePlane returns the control plane of the files that -f names. It has read them.
func newFilePlane(f *flags, parts *servingParts) (*filePlane, error) {
	r := &parts.replica
	parts.hosts.Share(f.allowSharedHosts)
	server, err := standalone.New(standalone.Config{
		Files: f.files, Applier: parts.proxy, Health: parts.proxy,
		Options: translate.Options{IngressClass: f.ingressClass, AllowSharedHosts: f.allowSharedHosts, RequireAllowedHosts: f.requireAllowedHosts,
			AllowLocalTasks: f.allowLocalTasks, TaskNetworks: f.taskNetworks, DefaultCertificate: f.defaultCertificate},
		Nginx:      f.nginx(),
		Gateways:   gatewayapi.Options{Controller: f.gatewayController, Addresses: f.gatewayAddresses},
		Listening:  parts.proxy,
		Listeners:  []netip.AddrPort{netip.AddrPortFrom(r.Address, r.HTTPPort), netip.AddrPortFrom(r.Address, r.HTTPSPort)},
		Machine:    replicas.ParseMachine(r.Machine),
		Hosts:      parts.hosts,
		Bystanders: parts.bystanders,
		Conditions: os.Stdout,
		Logger:     parts.logger.WithName("files"),
	})
	if err != nil {
		return nil, err
	}
	return &filePlane{server}, nil
}

func (p *filePlane) run(ctx context.Context) error { return p.Run(ctx) }

func (p *filePlane) collectors() []prometheus.Collector { return nil }

func (p *filePlane) describe(w io.Writer) {
	trouble := p.Trouble()
	if trouble == "" {
		_, _ = fmt.Fprintln(w, "files: served as they are")
		return
	}
	for line := range strings.Lines(trouble) {
		_, _ = fmt.Fprintln(w, "files: broken, and what was there before is served:", strings.TrimSpace(line))
	}
}

// clusterFlags are about a cluster alone.
var clusterFlags = []string{"kubeconfig", "namespace", "watch-namespaces", "peer-namespaces", "leader-elect", "host-claim-grace", "publish-address", "publish-service", "gateway-services"}

// validateFiles returns an error if a flag is given beside -f that has no meaning there.
func validateFiles(given *pflag.FlagSet, f *flags) (err error) {
	given.Visit(func(flag *pflag.Flag) {
		switch {
		case err != nil:
		case strings.HasPrefix(flag.Name, "acme") && f.acme.orders:
			err = fmt.Errorf("--%s is given with -f: no certificate is ordered for what is in files, since orders are kept in Secrets of a Kubernetes API; "+
				"leave it out, and put certificates into Secrets among the files", flag.Name)
		case slices.Contains(clusterFlags, flag.Name):
			err = fmt.Errorf("--%s is given with -f: it is about a cluster, and -f serves files without one; leave one of the two out", flag.Name)
		}
	})
	if slices.Contains(f.files, "-") {
		err = errors.New("-f is -: standard input cannot be followed; write a file or a folder")
	}
	return err
}
