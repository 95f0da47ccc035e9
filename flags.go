// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/warren-dev/ingress/proxy"
)

// flags is what the command line says.
type flags struct {
	httpAddress, httpsAddress, metricsAddress, healthAddress, adminAddress string

	ingressClass                   string
	watchNamespaces                []string
	namespace                      string
	allowSharedHosts               bool
	publishAddress, publishService string
	leaderElect                    bool

	trustedProxies                         []netip.Prefix
	proxyProtocol                          bool
	accessLog                              proxy.LogFormat
	readTimeout, writeTimeout, idleTimeout time.Duration
	maxHeaderBytes, maxHeaders             int
	maxConnections                         int
	drainDelay, drainTimeout               time.Duration

	zap         zap.Options
	showVersion bool
}

// parseFlags reads args into what set already has flags for (controller-runtime's --kubeconfig) and those here.
func parseFlags(set *flag.FlagSet, args []string) (*flags, error) {
	f := &flags{accessLog: proxy.LogNone}
	set.StringVar(&f.httpAddress, "http-address", ":8000", "`address` for plain HTTP requests")
	set.StringVar(&f.httpsAddress, "https-address", ":8443", "`address` for HTTPS requests; always open, an unknown name gets the alert unrecognized_name")
	set.StringVar(&f.metricsAddress, "metrics-address", ":9090", "`address` of /metrics")
	set.StringVar(&f.healthAddress, "health-address", ":8081", "`address` of /healthz and /readyz")
	set.StringVar(&f.adminAddress, "admin-address", "127.0.0.1:9091", "`address` of /routes and /debug/pprof: what this replica serves; keep it on loopback")
	set.StringVar(&f.ingressClass, "ingress-class", "warren", "`class` of the Ingresses that are served, besides those that name none")
	set.Func("watch-namespaces", "comma-separated `namespaces` whose objects are read (default all)", list(&f.watchNamespaces, parseNamespace))
	set.StringVar(&f.namespace, "namespace", defaultNamespace(), "`namespace` of the controller itself, for its Lease; from POD_NAMESPACE")
	set.BoolVar(&f.allowSharedHosts, "allow-shared-hosts", false, "let Ingresses of several namespaces have rules for one host")
	set.StringVar(&f.publishAddress, "publish-address", "", "`address` or name that goes into status.loadBalancer of every Ingress")
	set.StringVar(&f.publishService, "publish-service", "", "Service (`namespace/name`) whose addresses go into status.loadBalancer of every Ingress")
	set.BoolVar(&f.leaderElect, "leader-elect", true, "write status only while holding the Lease; every replica serves in any case")
	set.Func("trusted-proxies", "comma-separated `CIDRs` or addresses whose forwarding fields are believed (default none)", list(&f.trustedProxies, parsePrefix))
	set.BoolVar(&f.proxyProtocol, "proxy-protocol", false, "expect a PROXY header, version 1 or 2, from trusted proxies; from nobody else")
	set.Func("access-log", "`format` of the access log on standard output: none, json or combined (default none)", func(s string) (err error) {
		f.accessLog, err = proxy.ParseLogFormat(s)
		return err
	})
	set.DurationVar(&f.readTimeout, "read-timeout", 30*time.Second, "`time` in which a request's head must be complete, and without a byte of its content; 0 for none")
	set.DurationVar(&f.writeTimeout, "write-timeout", 30*time.Second, "`time` in which a client must take a byte of the response; 0 for none")
	set.DurationVar(&f.idleTimeout, "idle-timeout", 120*time.Second, "`time` after which an idle connection is closed; 0 for none")
	set.IntVar(&f.maxHeaderBytes, "max-header-bytes", 64<<10, "largest head of a request in `bytes`; a larger one gets 431")
	set.IntVar(&f.maxHeaders, "max-headers", 128, "largest `number` of fields in a request's head; more get 431")
	set.IntVar(&f.maxConnections, "max-connections", 0, "largest `number` of client connections at once; 0 for no bound")
	set.DurationVar(&f.drainDelay, "drain-delay", 5*time.Second, "`time` after SIGTERM in which listeners stay open while readiness fails")
	set.DurationVar(&f.drainTimeout, "drain-timeout", 30*time.Second, "`time` that running requests then have to finish")
	set.BoolVar(&f.showVersion, "version", false, "print the version and exit")
	f.zap.BindFlags(set)
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: there are only flags, see -help", set.Arg(0))
	}
	return f, f.validate()
}

func (f *flags) validate() error {
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"read-timeout", f.readTimeout}, {"write-timeout", f.writeTimeout}, {"idle-timeout", f.idleTimeout},
		{"drain-delay", f.drainDelay}, {"drain-timeout", f.drainTimeout},
	} {
		if d.value < 0 {
			return fmt.Errorf("--%s is %s: write a time that is not negative", d.name, d.value)
		}
	}
	switch {
	case f.maxHeaderBytes < 1<<10 || f.maxHeaderBytes > 1<<20:
		return fmt.Errorf("--max-header-bytes is %d: write 1024 to 1048576", f.maxHeaderBytes)
	case f.maxHeaders < 16 || f.maxHeaders > 4096:
		return fmt.Errorf("--max-headers is %d: write 16 to 4096", f.maxHeaders)
	case f.maxConnections < 0:
		return fmt.Errorf("--max-connections is %d: write 0 for no bound, or the bound", f.maxConnections)
	case f.proxyProtocol && len(f.trustedProxies) == 0:
		return errors.New("--proxy-protocol needs --trusted-proxies: a PROXY header is accepted from these alone")
	case f.ingressClass == "":
		return errors.New("--ingress-class is empty: write the class to serve, such as warren")
	}
	return nil
}

// defaultNamespace is where the controller runs.
func defaultNamespace() string {
	if ns := os.Getenv("POD_NAMESPACE"); ns != "" {
		return ns
	}
	return "warren-system"
}

// list reads a comma-separated value into to.
func list[T any](to *[]T, parse func(string) (T, error)) func(string) error {
	return func(s string) error {
		for element := range strings.SplitSeq(s, ",") {
			if element = strings.TrimSpace(element); element == "" {
				continue
			}
			v, err := parse(element)
			if err != nil {
				return err
			}
			*to = append(*to, v)
		}
		return nil
	}
}

func parseNamespace(s string) (string, error) { return s, nil }

func parsePrefix(s string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(s); err == nil {
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a CIDR such as 10.0.0.0/8", s)
	}
	if prefix.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("%q is an IPv4 range in IPv6's form: write it as IPv4", s)
	}
	return prefix.Masked(), nil
}
