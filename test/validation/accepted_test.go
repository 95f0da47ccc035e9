// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/canonical"
)

func TestIngressIsAccepted(t *testing.T) {
	for _, test := range []struct {
		name string
		spec string
	}{
		{"one path", onePath("/")},
		{"another class", "ingressClassName: internal.example.com\n" + onePath("/")},
		{"an empty class", "ingressClassName: ''\n" + onePath("/")},
		{"an empty host", oneHost(`""`)},
		{"a host of one label", oneHost("localhost")},
		{"a wildcard host", oneHost(`"*.example.com"`)},
		{"an internationalised host", oneHost("xn--bcher-kva.example")},
		{"a label of 63 letters", oneHost(strings.Repeat("a", 63) + ".com")},
		{"a host in two rules", "rules: [" +
			"{host: a.example.com, paths: [{path: /a, backend: {serviceName: web, port: 80}}]}, " +
			"{host: a.example.com, paths: [{path: /b, backend: {serviceName: web, port: 80}}]}]"},
		{"a path as Prefix and as Exact", "rules: [{paths: [" +
			"{path: /a, backend: {serviceName: web, port: 80}}, " +
			"{path: /a, pathType: Exact, backend: {serviceName: api, port: 80}}]}]"},
		{"64 rules", "rules: [" + repeat("{paths: [{path: /, backend: {serviceName: web, port: 80}}]}", 64) + "]"},
		{"characters that a path may hold", onePath(`"/aZ09-._~!$&'()*+,;=:@/%20%2F%3F%5B%5C%C3%A9"`)},
		{"characters that clients send though no path should hold them", onePath(`'/"<>[]^{|}'`)},
		{"a path with a slash at its end", onePath("/v1/")},
		{"a path with dots that are no dot segment", onePath("/.well-known/a..b/...")},
		{"a path of 512 characters", onePath("/" + strings.Repeat("a", 511))},
		{"a service that speaks HTTPS", "rules: [{paths: [{path: /, backend: {serviceName: web, port: 65535, protocol: HTTPS}}]}]"},
		{"a service that speaks HTTPS, verified by a Secret", backendTLS("caSecretName: api-ca, serverName: api.internal")},
		{"a service that speaks HTTPS, verified by a ConfigMap", backendTLS("caConfigMapName: api-ca, serverName: '2001:db8::1'")},
		{"a service that speaks HTTPS with a certificate of the system's authorities", backendTLS("serverName: api.example.com")},
		{"a service that proves to be the host of each request", backendTLS("caSecretName: api-ca, serverNameFromRequest: true")},
		{"a service of one name", backendTLS("serverName: api.example.com, serverNameFromRequest: false")},
		{"a service that speaks HTTPS and proves nothing", backendTLS("insecureSkipVerify: true")},
		{"a service that speaks H2C", "rules: [{paths: [{path: /, backend: {serviceName: web, port: 1, protocol: H2C}}]}]"},

		{"a rate limit", withPolicy("rateLimit: {requestsPerSecond: 100, burst: 20}")},
		{"a rate below one", withPolicy(`rateLimit: {requestsPerSecond: "0.5"}`)},
		{"a rate with a suffix", withPolicy("rateLimit: {requestsPerSecond: 500m, burst: 1000000}")},
		{"a rate of a million", withPolicy("rateLimit: {requestsPerSecond: 1M}")},
		{"addresses and CIDRs of both families", withPolicy(
			`accessControl: {allowedIPs: [10.0.0.0/8, 203.0.113.7, "2001:db8::/32", "::1"], deniedIPs: [10.0.50.0/24, "0.0.0.0/0", "::/0"]}`)},
		{"request buffering", withPolicy("requestBuffering: {maxBytes: 64Ki}")},
		{"request buffering by a number", withPolicy("requestBuffering: {maxBytes: 65536}")},
		{"a canonical path for the service", withPolicy("pathSpelling: Canonical")},
		{"a service that speaks obsolete TLS", backendTLS("insecureSkipVerify: true, allowObsolete: true")},
		{"access control that only denies", withPolicy("accessControl: {deniedIPs: [10.0.0.1]}")},
		{"objects whose emptiness is their defaults", withPolicy("timeouts: {}, retries: {}, loadBalancing: {}")},
		{"a rate limit with exceptions", withPolicy(`rateLimit: {requestsPerSecond: 100, exempt: [10.0.0.0/8, "2001:db8::/32", 203.0.113.7]}`)},
		{"a connection limit", withPolicy(`connectionLimit: {connections: 10, exempt: [10.0.0.0/8, "::1"]}`)},
		{"compression", withPolicy("compression: {}")},
		{"compression of some types", withPolicy("compression: {types: [text/*, application/vnd.a+json], minBytes: 2Ki}")},
		{"HSTS", withPolicy("hsts: {maxAge: 87600h, includeSubDomains: true, preload: true}")},
		{"HSTS for a year", withPolicy("hsts: {}")},
		{"a rewrite of Location", withPolicy("locationRewrite: {prefixes: [{from: 'http://shop.internal:8080/', to: /}, {from: /, to: 'https://a.example.com/'}]}")},
		{"a rewrite of cookies", withPolicy("cookieRewrite: {domains: [{from: .shop.internal, to: example.com}], paths: [{from: /shop/, to: /}]}")},
		{"headers of the response alone", withPolicy("headers: {response: {remove: [Server]}}")},
		{"headers", withPolicy("headers: {add: {X-Custom-Header: value}, set: {X-App-Version: v1.2.3}, remove: [Server, X-Powered-By], " +
			`response: {add: {Cache-Control: no-store}, set: {X-Empty: "", X-Size: "grün"}, remove: [Via]}}`)},
		{"forwarding fields that the proxy does not write", withPolicy("headers: {set: {X-Forwarded-Prefix: /shop, X-Forwarded-Ssl: 'on'}, " +
			"add: {X-Forwarded-Server: edge}, remove: [Forwarded, X-Forwarded-Client-Cert, X-Original-URL, X-Forwarded-Portal]}")},
		{"a tab in a header value", withPolicy(`headers: {set: {X-Custom: "a\tb"}}`)},
		{"a header value of 4096 characters", withPolicy("headers: {set: {X-Custom: " + strings.Repeat("a", 4096) + "}}")},
		{"stripPrefix", withPolicy("rewrite: {stripPrefix: /v1}")},
		{"replacePath", withPolicy("rewrite: {replacePath: /v2}")},
		{"round robin", withPolicy("loadBalancing: {policy: RoundRobin}")},
		{"least request", withPolicy("loadBalancing: {policy: LeastRequest}")},
		{"connections within a limit", withPolicy("loadBalancing: {maxConnectionsPerEndpoint: 100}")},
		{"connections within a limit, and nobody waits", withPolicy("loadBalancing: {maxConnectionsPerEndpoint: 1, maxPending: 0}")},
		{"Hash on the client's address", withPolicy("loadBalancing: {policy: Hash, hashOn: ClientIP}")},
		{"Hash on a header", withPolicy("loadBalancing: {policy: Hash, hashOn: Header, name: X-User}")},
		{"Hash on a cookie", withPolicy("loadBalancing: {policy: Hash, hashOn: Cookie, name: session}")},
		{"timeouts", withPolicy("timeouts: {request: 0s, connect: 1.5s, idle: 1h30m}")},
		{"no timeouts", withPolicy("timeouts: {request: 0s, connect: 0s, idle: 0s}")},
		{"no retries", withPolicy("retries: {attempts: 0}")},

		{"a Secret for the rules' hosts", withTLS("secretName: api-tls")},
		{"a Secret for a wildcard", oneHost(`"*.example.com"`) + "\ntls: {secretName: wildcard.tls, redirectHTTP: false}"},
		{"an ordered certificate", withTLS("autoSSL: true, email: admin+tls@mail.example.com")},
		{"an ordered certificate beside a wildcard rule", oneHost(`"*.example.com"`) + "\ntls: {autoSSL: true, hosts: [a.example.com]}"},
		{"an ordered certificate in a named Secret", withTLS("autoSSL: true, secretName: api-tls, hosts: [api.example.com]")},
	} {
		t.Run(test.name, func(t *testing.T) {
			kept := requireAccepted(t, object(t, v1alpha1.IngressKind, test.spec))
			requireDecodes(t, kept)
			requireCanonicalPaths(t, decode(t, kept).(*v1alpha1.Ingress))
		})
	}
}

// requireCanonicalPaths fails if the schema accepts a path that the proxy spells differently. No request could match
// such a path.
func requireCanonicalPaths(t *testing.T, ingress *v1alpha1.Ingress) {
	t.Helper()
	for _, rule := range ingress.Spec.Rules {
		for _, path := range rule.Paths {
			form, err := canonical.Path(nil, []byte(path.Path))
			if err != nil {
				t.Errorf("the schema accepts %q, the proxy does not: %v", path.Path, err)
				continue
			}
			if diff := cmp.Diff(string(path.Path), string(form)); diff != "" {
				t.Errorf("the proxy spells the path differently (-schema +proxy):\n%s", diff)
			}
		}
	}
}

func TestTaskIsAccepted(t *testing.T) {
	for _, test := range []struct {
		name string
		spec string
	}{
		{"an IPv4 address", "{serviceName: web, address: 192.168.1.10}"},
		{"an IPv6 address", `{serviceName: web, address: "2001:DB8::10"}`},
		{"a loopback address", "{serviceName: web, address: 127.0.0.1}"},
		{"ports", taskWith("ports: [{port: 8080, targetPort: 32001}, {port: 8443, targetPort: 32001}]")},
		{"weight 0", taskWith("weight: 0")},
		{"weight 1000", taskWith("weight: 1000")},
		{"draining", taskWith("desiredState: Draining")},
		{"a health check with its own port", taskWith("healthCheck: {type: HTTP, path: /health, port: 8080, interval: 10s, timeout: 1s, healthyThreshold: 1, unhealthyThreshold: 3}")},
		{"a health check of the Task's first port", taskWith("ports: [{port: 80, targetPort: 8080}], healthCheck: {}")},
		{"a health check over TLS", taskWith("healthCheck: {type: HTTPS, path: /health, port: 8443, expectedStatuses: ['204']}")},
		{"a health check of the connection", taskWith("healthCheck: {type: TCP, port: 5432}")},
		{"a health check by gRPC", taskWith("healthCheck: {type: GRPC, port: 9090}")},
		{"a health check by gRPC of one service", taskWith("healthCheck: {type: GRPC, port: 9090, service: shop.v1.Orders}")},
		{"a health check by gRPC over TLS, of the server as a whole", taskWith("healthCheck: {type: GRPCS, port: 9090, service: ''}")},
		{"expected statuses", taskWith("healthCheck: {port: 80, expectedStatuses: ['204', 200-299, 404-404]}")},
		{"the longest timeout", taskWith("healthCheck: {port: 80, interval: 24h, timeout: 60s}")},
		{"a timeout as long as the interval", taskWith("healthCheck: {port: 80, interval: 1s, timeout: 1s}")},
	} {
		t.Run(test.name, func(t *testing.T) {
			requireDecodes(t, requireAccepted(t, object(t, v1alpha1.TaskKind, test.spec)))
		})
	}
}

func TestTLSCertificateIsAccepted(t *testing.T) {
	for _, test := range []struct {
		name string
		spec string
	}{
		{"an ordered certificate", "{hosts: [secure.example.com], secretName: secure-tls}"},
		{"several hosts, an email address and a profile", "{hosts: [a.example.com, b.example.com], secretName: tls, email: admin@example.com, profile: shortlived}"},
		{"a key type, a chain and a challenge type", "{hosts: [a.example.com], secretName: tls, keyType: RSA2048, preferredChain: Root X1, challengeTypes: [TLSALPN01]}"},
		{"a wildcard that the user renews", `{hosts: ["*.example.com"], secretName: tls, autoRenew: false}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			requireDecodes(t, requireAccepted(t, object(t, v1alpha1.TLSCertificateKind, test.spec)))
		})
	}
}
