// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/warren-dev/ingress/cli"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/observe"
)

// flags is what the command line says.
type flags struct {
	// files hold the objects to serve, in place of a cluster. Empty for a cluster's.
	files []string

	httpAddress, httpsAddress, metricsAddress, healthAddress, adminAddress string

	ingressClass                   string
	nginxClass                     string
	nginxConfigMap                 types.NamespacedName
	nginxSnippets                  bool
	watchNamespaces                []string
	peerNamespaces                 []string
	namespace                      string
	allowSharedHosts               bool
	requireAllowedHosts            bool
	hostClaimGrace                 time.Duration
	allowLocalTasks                bool
	taskNetworks                   []netip.Prefix
	gatewayController              string
	gatewayAddresses               []netip.Addr
	gatewayServices                string
	defaultCertificate             types.NamespacedName
	publishAddress, publishService string
	leaderElect                    bool

	trustedProxies                         []netip.Prefix
	proxyProtocol, h2c                     bool
	accessLog                              observe.LogFormat
	accessLogFields                        []string
	readTimeout, writeTimeout, idleTimeout time.Duration
	minRate                                int
	maxHeaderBytes, maxHeaders             int
	maxConnections, maxHeaderMemory        int
	drainDelay, drainTimeout               time.Duration

	tunnelIdleTimeout time.Duration

	acme    acmeFlags
	tracing tracingFlags

	zap         zap.Options
	showVersion bool
	check       string
}

// bindFlags adds the flags to those that the set has already: controller-runtime's --kubeconfig.
func bindFlags(set *flag.FlagSet) *flags {
	f := &flags{accessLog: observe.LogNone}
	set.StringVar(&f.httpAddress, "http-address", ":8000", "`address` for plain HTTP requests")
	set.StringVar(&f.httpsAddress, "https-address", ":8443", "`address` for HTTPS requests; always open, an unknown name gets the alert unrecognized_name")
	set.StringVar(&f.metricsAddress, "metrics-address", ":9090", "`address` of /metrics")
	set.StringVar(&f.healthAddress, "health-address", ":8081", "`address` of /healthz and /readyz")
	set.StringVar(&f.adminAddress, "admin-address", "127.0.0.1:9091", "`address` of the page, /explain, /routes and /debug/pprof: what this replica serves and why; keep it on loopback")
	set.StringVar(&f.ingressClass, "ingress-class", "warren", "`class` of the Ingresses that are served, besides those that name none")
	set.StringVar(&f.nginxClass, "nginx-class", "", "`class` of the Ingresses that are served as ingress-nginx served them, such as nginx, and those of every "+
		"IngressClass for k8s.io/ingress-nginx (default none)")
	set.Func("nginx-configmap", "`namespace/name` of ingress-nginx's ConfigMap, which such Ingresses are read by (default none)", func(s string) (err error) {
		f.nginxConfigMap, err = cli.ParseConfigMapName(s)
		return err
	})
	set.Var(boolFlag(&f.nginxSnippets, true), "nginx-snippets", "read the snippets of such Ingresses; false closes each path that has one")
	set.Func("watch-namespaces", "comma-separated `namespaces` whose objects are read (default all)", list(&f.watchNamespaces, parseNamespace))
	set.Func("peer-namespaces", "comma-separated `namespaces` of other controllers that this one agrees with on who writes a status, besides "+
		"its own; * for all, if nobody else may write Leases (default none)", list(&f.peerNamespaces, parsePeerNamespace))
	set.StringVar(&f.namespace, "namespace", defaultNamespace(), "`namespace` of the controller itself, for its Lease; from POD_NAMESPACE")
	set.Var(boolFlag(&f.allowSharedHosts, false), "allow-shared-hosts", "let Ingresses of several namespaces have rules for one host")
	set.Var(boolFlag(&f.requireAllowedHosts, false), "require-allowed-hosts", "let namespaces have those hosts alone that the annotation "+
		"ingress.warren.dev/allowed-hosts of their Namespace lists")
	set.Var(durationFlag(&f.hostClaimGrace, 0), "host-claim-grace", "`time` that a host stays with a namespace after its last rule for it has gone; 0 for none")
	set.BoolVar(&f.allowLocalTasks, "allow-local-tasks", false, "let Tasks be at loopback, link-local and the controller's own addresses; whoever may create Tasks then reaches what listens beside the controller")
	set.Func("task-networks", "comma-separated `CIDRs` or addresses that Tasks may be in; never the API server's or a metadata service's address, nor "+
		"those that --allow-local-tasks is for (default all others)", list(&f.taskNetworks, cli.ParseNetwork))
	set.StringVar(&f.gatewayController, "gateway-controller", gatewayapi.DefaultController, "`name` by which GatewayClasses name this controller; "+
		"empty for not serving the Gateway API")
	set.Func("gateway-addresses", "comma-separated IP `addresses` of this machine that Gateways get, one each; without any they share all of the "+
		"machine's (default none)", list(&f.gatewayAddresses, parseGatewayAddress))
	set.Func("gateway-services", "`type` of the Service that each Gateway gets for itself, with an address of its own: ClusterIP or LoadBalancer (default none)",
		func(s string) (err error) {
			f.gatewayServices, err = parseServiceType(s)
			return err
		})
	set.Func("default-certificate", "Secret (`namespace/name`) with tls.crt and tls.key that is served for names without a certificate (default none)", func(s string) (err error) {
		f.defaultCertificate, err = parseSecretName(s)
		return err
	})
	set.StringVar(&f.publishAddress, "publish-address", "", "comma-separated `addresses` and names that go into status.loadBalancer of every Ingress")
	set.StringVar(&f.publishService, "publish-service", "", "Service (`namespace/name`) whose addresses go into status.loadBalancer of every Ingress")
	set.Var(boolFlag(&f.leaderElect, true), "leader-elect", "order certificates and write status only while holding the Lease; every replica serves in any case")
	set.Func("trusted-proxies", "comma-separated `CIDRs` or addresses whose forwarding fields are believed (default none)", list(&f.trustedProxies, cli.ParseNetwork))
	set.Var(boolFlag(&f.proxyProtocol, false), "proxy-protocol", "expect a PROXY header, version 1 or 2, from trusted proxies; from nobody else")
	set.Var(boolFlag(&f.h2c, false), "h2c", "speak HTTP/2 on plain connections too, where the client begins so; over TLS it is always offered")
	set.Func("access-log", "`format` of the access log on standard output: none, json or combined (default none)", func(s string) (err error) {
		f.accessLog, err = observe.ParseLogFormat(s)
		return err
	})
	set.Func("access-log-fields", "comma-separated `names` of the fields that a line of the access log in JSON has (default all)", func(s string) (err error) {
		f.accessLogFields, err = observe.ParseLogFields(s)
		return err
	})
	set.Var(durationFlag(&f.readTimeout, 30*time.Second), "read-timeout", "`time` in which a request's head must be complete, and without a byte of its content; 0 for none")
	set.Var(durationFlag(&f.writeTimeout, 30*time.Second), "write-timeout", "`time` in which a client must take a byte of the response; 0 for none")
	set.Var(durationFlag(&f.idleTimeout, 120*time.Second), "idle-timeout", "`time` after which an idle connection is closed; 0 for none")
	set.Var(durationFlag(&f.tunnelIdleTimeout, 0), "tunnel-idle-timeout", "`time` after which a WebSocket or other upgraded connection is closed on which neither side sends; 0 for none")
	set.Var(intFlag(&f.minRate, 500, 0, unbounded), "min-rate", "least rate, in `bytes` a second on average and after 30 s, at which clients must send content and take responses; 0 for none")
	set.Var(intFlag(&f.maxHeaderBytes, 64<<10, 1<<10, 1<<20), "max-header-bytes", "largest head of a request in `bytes`; a larger one gets 431")
	set.Var(intFlag(&f.maxHeaders, 128, 16, 4096), "max-headers", "largest `number` of fields in a request's head; more get 431")
	set.Var(intFlag(&f.maxHeaderMemory, 0, 0, unbounded), "max-header-memory", "most memory in `bytes` for long heads that wait, of all connections together; 0 for a sixteenth of the memory limit")
	set.Var(intFlag(&f.maxConnections, 0, 0, unbounded), "max-connections", "largest `number` of client connections at once; 0 for what the limits of descriptors and memory allow")
	set.Var(durationFlag(&f.drainDelay, 5*time.Second), "drain-delay", "`time` after SIGTERM in which listeners stay open while readiness fails")
	set.Var(durationFlag(&f.drainTimeout, 30*time.Second), "drain-timeout", "`time` that running requests then have to finish")
	f.acme.bind(set)
	f.tracing.bind(set)
	set.Var(boolFlag(&f.showVersion, false), "version", "print the version and exit")
	set.StringVar(&f.check, "check", "", "ask for a `URL` until it is served, and exit: how another pod tests an installation")
	f.zap.BindFlags(set)
	return f
}

// validate checks what one flag alone does not tell, and what would otherwise be found out only by the control plane,
// which is started again and again while the process lives.
func (f *flags) validate() error {
	for _, a := range []struct{ flag, address string }{
		{"http-address", f.httpAddress}, {"https-address", f.httpsAddress}, {"metrics-address", f.metricsAddress},
		{"health-address", f.healthAddress}, {"admin-address", f.adminAddress},
	} {
		if _, _, err := net.SplitHostPort(a.address); err != nil {
			return fmt.Errorf("--%s is %q: write an address with its port, such as :8000 or 127.0.0.1:8000", a.flag, a.address)
		}
	}
	switch {
	case f.maxHeaderMemory > 0 && f.maxHeaderMemory < headmemory.Least:
		return fmt.Errorf("--max-header-memory is %d: write %d or more, or 0 for a sixteenth of the memory limit", f.maxHeaderMemory, headmemory.Least)
	case f.proxyProtocol && len(f.trustedProxies) == 0:
		return errors.New("--proxy-protocol needs --trusted-proxies: a PROXY header is accepted from these alone")
	case f.accessLogFields != nil && f.accessLog != observe.LogJSON:
		return fmt.Errorf("--access-log-fields chooses fields of lines in JSON, and --access-log is %s: write --access-log=json", f.accessLog)
	case f.ingressClass == "":
		return errors.New("--ingress-class is empty: write the class to serve, such as warren")
	case len(validation.IsDNS1123Subdomain(f.ingressClass)) > 0 || len(f.ingressClass) > validation.LabelValueMaxLength:
		return fmt.Errorf("--ingress-class is %q: write a name of at most %d lower-case letters, digits and hyphens, such as warren",
			f.ingressClass, validation.LabelValueMaxLength)
	case f.nginxClass == "" && f.nginxConfigMap.Name != "":
		return errors.New("--nginx-configmap is given without --nginx-class: write the class of the Ingresses that it is for, such as nginx")
	case cli.NginxClassFault(f.nginxClass, f.ingressClass) != "":
		return errors.New("--nginx-class " + cli.NginxClassFault(f.nginxClass, f.ingressClass))
	case len(validation.IsDNS1123Label(f.namespace)) > 0:
		return fmt.Errorf("--namespace is %q: write the namespace that the controller runs in, such as warren-system", f.namespace)
	case f.defaultCertificate.Name != "" && len(f.watchNamespaces) > 0 && !slices.Contains(f.watchNamespaces, f.defaultCertificate.Namespace):
		return fmt.Errorf("--default-certificate is in namespace %s, which is not read: add it to --watch-namespaces", f.defaultCertificate.Namespace)
	case len(f.watchNamespaces) > 0 && !containsAll(f.watchNamespaces, f.acme.namespaces):
		return fmt.Errorf("--acme-namespaces is %s, and not all of these are read: add them to --watch-namespaces", strings.Join(f.acme.namespaces, ","))
	case f.gatewayServices != "" && len(f.gatewayAddresses) > 0:
		return errors.New("--gateway-services and --gateway-addresses are both given: Gateways get addresses from one of the two, so leave the other out")
	case f.publishAddress != "" && f.publishService != "":
		return errors.New("--publish-address and --publish-service are both given: leave one of them out")
	case !arePublishAddresses(f.publishAddress):
		return fmt.Errorf("--publish-address is %q: write IP addresses or host names, at most %d, such as 203.0.113.7 or lb.example.com, with commas between them",
			f.publishAddress, maxPublishAddresses)
	case f.publishService != "" && !isServiceName(f.publishService):
		return fmt.Errorf("--publish-service is %q: write a Service's namespace and name, such as warren-system/warren-ingress", f.publishService)
	}
	return f.tracing.validate()
}

// nginx returns which Ingresses are served as ingress-nginx served them.
func (f *flags) nginx() nginx.Options {
	return nginx.Options{Class: f.nginxClass, ConfigMap: f.nginxConfigMap, NoSnippets: !f.nginxSnippets}
}

func containsAll(all, some []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
}

func isAddress(s string) bool {
	address, err := netip.ParseAddr(s)
	return err == nil && address.Zone() == ""
}

// maxPublishAddresses is how many addresses the status of an Ingress may have.
const maxPublishAddresses = 16

func arePublishAddresses(s string) bool {
	var addresses []string
	err := list(&addresses, func(s string) (string, error) {
		if !isAddress(s) && len(validation.IsDNS1123Subdomain(s)) > 0 {
			return "", errors.New("it is neither an IP address nor a host name")
		}
		return s, nil
	})(s)
	return err == nil && len(addresses) <= maxPublishAddresses
}

// isServiceName returns whether a text is a Service's namespace and name. The name may begin with a digit since
// Kubernetes 1.36.
func isServiceName(s string) bool {
	namespace, name, _ := strings.Cut(s, "/")
	return len(validation.IsDNS1123Label(namespace)) == 0 && len(validation.IsDNS1123Label(name)) == 0
}

// parseGatewayAddress reads an address that a Gateway may have.
func parseGatewayAddress(s string) (netip.Addr, error) {
	address, err := netip.ParseAddr(s)
	if err != nil || address.Zone() != "" || address.IsUnspecified() {
		return address, fmt.Errorf("%q is no address that a Gateway can have: write an IP address of this machine, such as 192.0.2.7", s)
	}
	return address.Unmap(), nil
}

// parseServiceType reads the type of the Services that Gateways get.
func parseServiceType(s string) (string, error) {
	if s != "" && s != gatewayapi.ClusterIPServices && s != gatewayapi.LoadBalancerServices {
		return "", fmt.Errorf("write %s or %s", gatewayapi.ClusterIPServices, gatewayapi.LoadBalancerServices)
	}
	return s, nil
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

func parseNamespace(s string) (string, error) {
	if len(validation.IsDNS1123Label(s)) > 0 {
		return "", fmt.Errorf("%q is no namespace: write names such as default, with commas between them", s)
	}
	return s, nil
}

func parsePeerNamespace(s string) (string, error) {
	if s == replicas.EveryNamespace {
		return s, nil
	}
	return parseNamespace(s)
}

func parseSecretName(s string) (types.NamespacedName, error) {
	namespace, name, _ := strings.Cut(s, "/")
	if len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return types.NamespacedName{}, fmt.Errorf("%q is no Secret: write its namespace and name, such as warren-system/default-tls", s)
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}
