// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// echoHead starts a backend that answers with the head that it got.
func echoHead(t *testing.T) (*script, func(p *served, request string) *http.Request) {
	t.Helper()
	endpoint := startScript(t)
	return endpoint, func(p *served, request string) *http.Request {
		t.Helper()
		client := p.dial()
		defer func() { _ = client.Close() }()
		client.send(request)
		up := endpoint.accept()
		defer func() { _ = up.Close() }()
		got := up.request()
		up.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		client.reply(got.Method)
		return got
	}
}

func trust(prefixes ...string) func(*Config) {
	return func(c *Config) {
		for _, p := range prefixes {
			c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(p))
		}
	}
}

// forwarding picks the fields that tell an endpoint about the client.
func forwarding(h http.Header) map[string][]string {
	picked := map[string][]string{}
	for name, values := range h {
		if strings.HasPrefix(name, "X-Forwarded-") || name == "X-Real-Ip" || name == "Forwarded" {
			picked[name] = values
		}
	}
	return picked
}

func TestForwardingFieldsOfAnUntrustedPeerAreReplaced(t *testing.T) {
	t.Parallel()
	endpoint, ask := echoHead(t)
	p := serve(t, trust("10.0.0.0/8"))
	p.apply(everything(endpoint.address))
	want := map[string][]string{
		"X-Forwarded-For":   {"127.0.0.1"},
		"X-Forwarded-Host":  {"shop.example.com:8000"},
		"X-Forwarded-Port":  {"8000"},
		"X-Forwarded-Proto": {"http"},
		"X-Real-Ip":         {"127.0.0.1"},
	}
	for name, forged := range map[string]string{
		"none":   "",
		"each":   "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n",
		"twice":  "x-forwarded-for: 1.1.1.1\r\nX-FORWARDED-FOR: 2.2.2.2\r\nX-Real-IP: 1.1.1.1\r\nX-Real-Ip: 2.2.2.2\r\n",
		"named":  "Connection: X-Forwarded-For, X-Real-IP, X-Forwarded-Proto\r\nX-Forwarded-For: 1.1.1.1\r\n",
		"empty":  "X-Forwarded-For:\r\nX-Forwarded-Proto:\r\n",
		"absurd": "X-Forwarded-For: " + strings.Repeat("1.1.1.1, ", 1000) + "\r\n",
	} {
		got := ask(p, "GET / HTTP/1.1\r\nHost: shop.example.com:8000\r\n"+forged+"\r\n")
		if diff := cmp.Diff(want, forwarding(got.Header)); diff != "" {
			t.Errorf("%s: fields at the endpoint (-want +got):\n%s", name, diff)
		}
	}
}

func TestForwardingFieldsOfATrustedPeerAreAddedTo(t *testing.T) {
	t.Parallel()
	endpoint, ask := echoHead(t)
	p := serve(t, trust("127.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"))
	p.apply(everything(endpoint.address))
	for _, test := range []struct {
		name, sent string
		chain, ip  string
	}{
		{"none", "", "127.0.0.1", "127.0.0.1"},
		{"one", "X-Forwarded-For: 203.0.113.7\r\n", "203.0.113.7, 127.0.0.1", "203.0.113.7"},
		{"the rightmost that is untrusted", "X-Forwarded-For: 198.51.100.1, 203.0.113.7, 10.1.2.3\r\n", "198.51.100.1, 203.0.113.7, 10.1.2.3, 127.0.0.1", "203.0.113.7"},
		{"all trusted", "X-Forwarded-For: 10.0.0.9, 10.1.2.3\r\n", "10.0.0.9, 10.1.2.3, 127.0.0.1", "10.0.0.9"},
		{"two fields are one list", "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 10.0.0.9\r\n", "203.0.113.7, 10.0.0.9, 127.0.0.1", "203.0.113.7"},
		{"IPv6", "X-Forwarded-For: 2620:fe::9, 2001:db8::1\r\n", "2620:fe::9, 2001:db8::1, 127.0.0.1", "2620:fe::9"},
		{"IPv6 with brackets and port", "X-Forwarded-For: [2620:fe::9]:443\r\n", "[2620:fe::9]:443, 127.0.0.1", "2620:fe::9"},
		{"IPv6 with brackets", "X-Forwarded-For: [2620:fe::9]\r\n", "[2620:fe::9], 127.0.0.1", "2620:fe::9"},
		{"IPv4 with port", "X-Forwarded-For: 203.0.113.7:1234\r\n", "203.0.113.7:1234, 127.0.0.1", "203.0.113.7"},
		{"IPv4 in IPv6's clothes", "X-Forwarded-For: ::ffff:203.0.113.7, ::ffff:10.0.0.1\r\n", "::ffff:203.0.113.7, ::ffff:10.0.0.1, 127.0.0.1", "203.0.113.7"},
		{"junk alone", "X-Forwarded-For: unknown\r\n", "unknown, 127.0.0.1", "127.0.0.1"},
		{"junk left of a client", "X-Forwarded-For: unknown, 203.0.113.7\r\n", "unknown, 203.0.113.7, 127.0.0.1", "203.0.113.7"},
		{"junk right of a client", "X-Forwarded-For: 203.0.113.7, _hidden, 10.0.0.1\r\n", "203.0.113.7, _hidden, 10.0.0.1, 127.0.0.1", "10.0.0.1"},
		{"empty elements", "X-Forwarded-For: 203.0.113.7, , 10.0.0.1\r\n", "203.0.113.7, , 10.0.0.1, 127.0.0.1", "203.0.113.7"},
		{"nothing in it", "X-Forwarded-For:\r\n", "127.0.0.1", "127.0.0.1"},
		{"spaces", "X-Forwarded-For:  \t203.0.113.7 \t,10.0.0.1\r\n", "203.0.113.7 \t,10.0.0.1, 127.0.0.1", "203.0.113.7"},
		{"a zone", "X-Forwarded-For: fe80::1%eth0\r\n", "fe80::1%eth0, 127.0.0.1", "fe80::1"},
		{"a forged X-Real-IP", "X-Real-IP: 1.1.1.1\r\n", "127.0.0.1", "127.0.0.1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ask(p, "GET / HTTP/1.1\r\nHost: a\r\n"+test.sent+"\r\n")
			want := map[string][]string{"X-Forwarded-For": {test.chain}, "X-Real-Ip": {test.ip}}
			picked := forwarding(got.Header)
			for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto"} {
				delete(picked, name)
			}
			if diff := cmp.Diff(want, picked); diff != "" {
				t.Errorf("fields at the endpoint (-want +got):\n%s", diff)
			}
		})
	}
}

// What the outermost proxy said of scheme, host and port holds, because only that proxy has seen them.
func TestSchemeHostAndPortOfATrustedPeerAreKept(t *testing.T) {
	t.Parallel()
	endpoint, ask := echoHead(t)
	p := serve(t, trust("127.0.0.1/32"))
	p.apply(everything(endpoint.address))
	got := ask(p, "GET / HTTP/1.1\r\nHost: inner\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: outer\r\nX-Forwarded-Port: 443\r\nForwarded: for=203.0.113.7;proto=https\r\n\r\n")
	want := map[string][]string{
		"X-Forwarded-For": {"127.0.0.1"}, "X-Real-Ip": {"127.0.0.1"},
		"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"outer"}, "X-Forwarded-Port": {"443"},
		"Forwarded": {"for=203.0.113.7;proto=https"},
	}
	if diff := cmp.Diff(want, forwarding(got.Header)); diff != "" {
		t.Errorf("fields at the endpoint (-want +got):\n%s", diff)
	}
}

// Access control uses the address that counts as the client's.
func TestAccessIsDecidedByTheClientBehindTrustedProxies(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	only := everythingBy(func(r *snapshot.Route) {
		accessOf(r).Allowed = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	}, b.address)
	request := "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n"
	for name, test := range map[string]struct {
		change func(*Config)
		want   int
	}{
		"trusted":   {trust("127.0.0.1/32"), 200},
		"untrusted": {func(*Config) {}, 403},
	} {
		p := serve(t, test.change)
		p.apply(only)
		if got := p.ask(request); got.Status != test.want {
			t.Errorf("%s peer: got %d %q, want %d", name, got.Status, got.reason(), test.want)
		}
	}
}

// The port that we listen on is nobody's but ours: a client behind a Service, a balancer or a container's port mapping
// has used another one.
func TestPortIsTheOneThatTheClientUsed(t *testing.T) {
	t.Parallel()
	backend, certificate := startEcho(t, "b"), issue(t, "a", ecdsaKey(t), "a")
	untrusted := func(*Config) {}
	trusted := trust("127.0.0.1/32")
	byProxy := func(c *Config) { trusted(c); c.ProxyProtocol = true }
	from8443 := "PROXY TCP4 127.0.0.1 192.0.2.1 1234 8443\r\n"
	for _, test := range []struct {
		name           string
		config         func(*Config)
		preamble, sent string
		plain, secure  string
	}{
		{"none in Host", untrusted, "", "Host: a\r\n", "80", "443"},
		{"of Host", untrusted, "", "Host: a:8888\r\n", "8888", "8888"},
		{"an empty one in Host", untrusted, "", "Host: a:\r\n", "80", "443"},
		{"with zeros before it", untrusted, "", "Host: a:00081\r\n", "81", "81"},
		{"of an address of IPv6", untrusted, "", "Host: [2001:db8::1]\r\n", "80", "443"},
		{"of an address of IPv6 with a port", untrusted, "", "Host: [2001:db8::1]:81\r\n", "81", "81"},
		{"forged", untrusted, "", "Host: a\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Host: b:2\r\nX-Forwarded-Proto: ftp\r\n", "80", "443"},
		{"of a trusted field", trusted, "", "Host: a:1\r\nX-Forwarded-Port: 8443\r\nX-Forwarded-Proto: https\r\n", "8443", "8443"},
		{"of a balancer that ends TLS and names the scheme alone", trusted, "", "Host: a\r\nX-Forwarded-Proto: https\r\n", "443", "443"},
		{"of a balancer that names the scheme, with a port in Host", trusted, "", "Host: a:8443\r\nX-Forwarded-Proto: https\r\n", "8443", "8443"},
		{"of a balancer that encrypts what came in the clear", trusted, "", "Host: a\r\nX-Forwarded-Proto: http\r\n", "80", "80"},
		{"of the host that a balancer names", trusted, "", "Host: a\r\nX-Forwarded-Host: shop.example.com:81\r\n", "81", "81"},
		{"of the first of the hosts", trusted, "", "Host: a:1\r\nX-Forwarded-Host: shop.example.com, b:2\r\n", "80", "443"},
		{"of a host that is none", trusted, "", "Host: a\r\nX-Forwarded-Host: 2001:db8::1\r\n", "80", "443"},
		{"of a PROXY header", byProxy, from8443, "Host: a\r\n", "8443", "8443"},
		{"of a PROXY header before Host's", byProxy, from8443, "Host: a:1\r\n", "8443", "8443"},
		{"of a trusted field before a PROXY header's", byProxy, from8443, "Host: a\r\nX-Forwarded-Port: 81\r\n", "81", "81"},
		{"of the client of a proxy behind a PROXY header", byProxy, from8443, "Host: a\r\nX-Forwarded-Proto: https\r\n", "443", "443"},
		{"of a PROXY header that names none", byProxy, "PROXY UNKNOWN\r\n", "Host: a\r\n", "80", "443"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, test.config)
			p.apply(with(everything(backend), certificate))
			request := "GET / HTTP/1.1\r\n" + test.sent + "\r\n"
			plain := p.dial()
			plain.send(test.preamble + request)
			below := dial(t, p.listen("127.0.0.1:0", p.ServeTLS))
			below.send(test.preamble)
			c, err := secure(below, &tls.Config{ServerName: "a"})
			if err != nil {
				t.Fatal(err)
			}
			got := []string{plain.reply("GET").header(t).Get("X-Forwarded-Port"), c.ask(request).header(t).Get("X-Forwarded-Port")}
			if diff := cmp.Diff([]string{test.plain, test.secure}, got); diff != "" {
				t.Errorf("ports of a plain and of a secure request (-want +got):\n%s", diff)
			}
		})
	}
}

// A host that redirects to HTTPS must not redirect whom a balancer let in over HTTPS: it would do so for ever.
func TestSchemeOfATrustedPeerEndsTheRedirect(t *testing.T) {
	t.Parallel()
	backend, certificate := startEcho(t, "b"), issue(t, "a", ecdsaKey(t), "a")
	s := with(everything(backend), certificate)
	s.Hosts[0].RedirectHTTPS = true
	trusted, untrusted := serve(t, trust("127.0.0.1/32")), serve(t)
	trusted.apply(s)
	untrusted.apply(s)
	for _, test := range []struct {
		name, sent string
		// proto is the X-Forwarded-Proto that the endpoint gets. It is "" if the client is redirected.
		proto string
	}{
		{"nothing", "", ""},
		{"https", "X-Forwarded-Proto: https\r\n", "https"},
		{"in capitals", "X-FORWARDED-PROTO: HTTPS\r\n", "HTTPS"},
		{"http", "X-Forwarded-Proto: http\r\n", ""},
		{"a WebSocket", "X-Forwarded-Proto: wss\r\n", "wss"},
		{"a WebSocket in the clear", "X-Forwarded-Proto: ws\r\n", ""},
		{"what two proxies saw", "X-Forwarded-Proto: https,http\r\n", "https,http"},
		{"what two proxies saw, with a space", "X-Forwarded-Proto: https, http\r\n", "https, http"},
		{"what two proxies saw, in two fields", "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", "https"},
		{"a client in the clear behind two proxies", "X-Forwarded-Proto: http, https\r\n", ""},
		{"a client in the clear behind two proxies, in two fields", "X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n", ""},
		{"Forwarded", "Forwarded: for=203.0.113.7;proto=https;by=10.0.0.1\r\n", "https"},
		{"Forwarded in quotes and capitals", "Forwarded: For=\"[2001:db8::1]\" ; Proto=\"HTTPS\"\r\n", "https"},
		{"Forwarded by two proxies", "Forwarded: proto=https, proto=http\r\n", "https"},
		{"Forwarded for a client in the clear", "Forwarded: proto=http, proto=https\r\n", ""},
		{"Forwarded without a scheme", "Forwarded: for=203.0.113.7\r\n", ""},
		{"Forwarded against X-Forwarded-Proto", "Forwarded: proto=https\r\nX-Forwarded-Proto: http\r\n", ""},
		{"X-Forwarded-Ssl", "X-Forwarded-Ssl: on\r\n", "https"},
		{"X-Forwarded-Ssl that is off", "X-Forwarded-Ssl: off\r\n", ""},
		{"X-Forwarded-Ssl that the client may have sent", "X-Forwarded-Ssl: on\r\nX-Forwarded-Proto: http\r\n", ""},
		{"X-Forwarded-Scheme", "X-Forwarded-Scheme: https\r\n", "https"},
		{"X-Forwarded-Protocol", "X-Forwarded-Protocol: ssl\r\n", "https"},
		{"X-Scheme", "X-Scheme: https\r\n", "https"},
		{"X-Url-Scheme", "X-Url-Scheme: https\r\n", "https"},
		{"CloudFront-Forwarded-Proto", "CloudFront-Forwarded-Proto: https\r\n", "https"},
		{"Front-End-Https", "Front-End-Https: on\r\n", "https"},
		{"an imitation", "X_Forwarded_Ssl: on\r\n", ""},
		{"an empty one", "X-Forwarded-Proto:\r\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			request := "GET / HTTP/1.1\r\nHost: a\r\n" + test.sent + "\r\n"
			if got := untrusted.ask(request); got.Status != 308 {
				t.Errorf("an untrusted peer got %d %q, want 308", got.Status, got.reason())
			}
			switch got := trusted.ask(request); {
			case test.proto == "":
				if got.Status != 308 {
					t.Errorf("a trusted peer got %d %q, want 308", got.Status, got.reason())
				}
			case got.Status != 200:
				t.Errorf("a trusted peer got %d %q, want 200", got.Status, got.reason())
			default:
				if proto := got.header(t).Get("X-Forwarded-Proto"); proto != test.proto {
					t.Errorf("the endpoint got X-Forwarded-Proto %q, want %q", proto, test.proto)
				}
			}
		})
	}
}
