// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// approach is a way in which a request comes to the proxy.
type approach struct {
	name string
	// loopback is the address of loopback that the client comes from.
	loopback string
	config   func(*Config)
	// preamble is what is sent before the request.
	preamble string
	// peer is what the proxy takes the other end for. believed says whether it believes that peer's forwarding fields.
	peer     string
	believed bool
}

// These are the addresses of a trusted proxy and of clients that are not trusted.
const (
	middleman4, middleman6 = "10.1.2.3", "fd00::7"
	outsider4, outsider6   = "198.51.100.9", "2001:db8:9::9"
	// claimed is the client that forged fields claim to be.
	claimed = "203.0.113.7"
)

// approaches returns all combinations: the socket's family, whether that peer is trusted, and the PROXY header that it
// sends.
func approaches(t *testing.T) []approach {
	t.Helper()
	var all []approach
	for _, loopback := range loopbacks(t) {
		for _, trusted := range []bool{false, true} {
			ranges := []string{"10.0.0.0/8", "fd00::/8"}
			if trusted {
				ranges = append(ranges, loopback+"/"+fmt.Sprint(netip.MustParseAddr(loopback).BitLen()))
			}
			plain := trust(ranges...)
			withProxy := func(c *Config) { plain(c); c.ProxyProtocol = true }
			name := fmt.Sprintf("%s, trusted %v, ", loopback, trusted)
			all = append(all, approach{name + "no PROXY", loopback, plain, "", loopback, trusted})
			if !trusted {
				// The proxy asks nothing of a peer that is not trusted, and understands nothing but HTTP.
				all = append(all, approach{name + "PROXY is on", loopback, withProxy, "", loopback, false})
				continue
			}
			for _, source := range []string{outsider4, outsider6, middleman4, middleman6} {
				believed := source == middleman4 || source == middleman6
				for version, header := range map[string]string{"v1": proxyV1(source), "v2": proxyV2(source)} {
					all = append(all, approach{name + "PROXY " + version + " from " + source, loopback, withProxy, header, source, believed})
				}
			}
			for version, header := range map[string]string{"v1": "PROXY UNKNOWN\r\n", "v2": proxyV2Local} {
				all = append(all, approach{name + "PROXY " + version + " of its own", loopback, withProxy, header, loopback, true})
			}
		}
	}
	return all
}

// loopbacks returns the loopback addresses of this machine. Containers often have none in IPv6. There, the addresses of
// PROXY headers stand for that family.
func loopbacks(t *testing.T) []string {
	t.Helper()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Logf("there is no IPv6 on loopback: %v", err)
		return []string{"127.0.0.1"}
	}
	_ = l.Close()
	return []string{"127.0.0.1", "::1"}
}

// proxyV1 and proxyV2 are the headers of a connection from source.
func proxyV1(source string) string {
	family, destination := "TCP4", "192.0.2.1"
	if strings.Contains(source, ":") {
		family, destination = "TCP6", "2001:db8::1"
	}
	return fmt.Sprintf("PROXY %s %s %s 1234 443\r\n", family, source, destination)
}

func proxyV2(source string) string {
	a := netip.MustParseAddr(source)
	addresses := append(a.AsSlice(), make([]byte, a.BitLen()/8)...)
	addresses = append(addresses, 0x04, 0xd2, 0x01, 0xbb)
	family := byte(0x11)
	if a.Is6() {
		family = 0x21
	}
	return proxyV2Header(0x21, family, addresses)
}

func proxyV2Header(versionCommand, family byte, rest []byte) string {
	b := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), versionCommand, family)
	return string(append(binary.BigEndian.AppendUint16(b, uint16(len(rest))), rest...))
}

// proxyV2Local is the header of a connection that the proxy makes for itself.
var proxyV2Local = proxyV2Header(0x20, 0, nil)

// from returns a proxy for an approach, and how to send a request by it.
func (a *approach) from(t *testing.T, s *snapshot.Snapshot) (p *served, ask func(request string) reply) {
	t.Helper()
	p = serve(t, a.config)
	p.apply(s)
	address := p.address
	if a.loopback != "127.0.0.1" {
		address = p.listen(net.JoinHostPort(a.loopback, "0"), p.ServePlain)
	}
	return p, func(request string) reply {
		t.Helper()
		c := dial(t, address)
		defer func() { _ = c.Close() }()
		c.send(a.preamble + request)
		return c.reply("GET")
	}
}

// TestForgedForwardingFields sends each forwarding field by each approach. The endpoint gets what the proxy knows.
// Fields of a peer that is not believed are gone, in any spelling. Fields of a peer that is believed are what it said.
func TestForgedForwardingFields(t *testing.T) {
	t.Parallel()
	backend := startEcho(t, "b")
	for _, a := range approaches(t) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			_, ask := a.from(t, everything(backend))
			honest := forwarding(ask("GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n").header(t))
			port := []string{"80"}
			if strings.Contains(a.name, " from ") { // which their headers have
				port = []string{"443"}
			}
			want := map[string][]string{
				"X-Forwarded-For": {a.peer}, "X-Real-Ip": {a.peer},
				"X-Forwarded-Host": {"shop.example.com"}, "X-Forwarded-Port": port, "X-Forwarded-Proto": {"http"},
			}
			delete(honest, "X-Request-Id")
			delete(honest, "Cdn-Loop")
			if diff := cmp.Diff(want, honest); diff != "" {
				t.Errorf("without forged fields (-want +got):\n%s", diff)
			}
			for _, forged := range []struct {
				name, value string
				// believed is what the endpoint gets of the named field if the peer is believed. Nil for what it gets anyway.
				believed map[string][]string
			}{
				{"X-Forwarded-For", claimed, map[string][]string{"X-Forwarded-For": {claimed + ", " + a.peer}, "X-Real-Ip": {claimed}}},
				{"X-Forwarded-Proto", "https", map[string][]string{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Port": {"443"}}},
				{"X-Forwarded-Host", "evil.example.com", map[string][]string{"X-Forwarded-Host": {"evil.example.com"}}},
				{"X-Forwarded-Port", "1", map[string][]string{"X-Forwarded-Port": {"1"}}},
				{"Forwarded", "for=" + claimed + ";proto=https", map[string][]string{
					"Forwarded": {"for=" + claimed + ";proto=https"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-Port": {"443"}}},
				{"X-Real-IP", claimed, nil},
				// Programs that know only CGI's variables read these as the field's name.
				{"X_Forwarded_For", claimed, nil},
				{"X_Forwarded_Proto", "https", nil},
				{"X_Forwarded_Host", "evil.example.com", nil},
				{"X_Forwarded_Port", "1", nil},
				{"X_Real_IP", claimed, nil},
				{"X-Forwarded_For", claimed, nil},
			} {
				want := map[string][]string{}
				for name, values := range honest {
					want[name] = values
				}
				if a.believed {
					for name, values := range forged.believed {
						want[name] = values
					}
				}
				for _, spelled := range []string{forged.name, strings.ToLower(forged.name), strings.ToUpper(forged.name)} {
					got := ask("GET / HTTP/1.1\r\nHost: shop.example.com\r\n" + spelled + ": " + forged.value + "\r\n\r\n").header(t)
					if diff := cmp.Diff(want, fieldsBut(got, "X-Request-Id", "Cdn-Loop")); diff != "" {
						t.Errorf("with a forged %s (-want +got):\n%s", spelled, diff)
					}
				}
			}
		})
	}
}

// familyNames returns the names of fields by which proxies tell servers of a client, beside those that we write.
func familyNames() []string {
	return []string{
		"X-Forwarded", "X-Forwarded-Prefix", "X-Forwarded-Ssl", "X-Forwarded-Scheme", "X-Forwarded-Protocol", "X-Forwarded-Server",
		"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Uri", "X-Forwarded-Method", "X-Forwarded-By", "X-Forwarded-Client-Cert",
		"X-Forwarded-Anything-Else", "Forwarded-For", "Forwarded-Proto", "X-Original-URL", "X-Original-URI", "X-Original-Host",
		"X-Original-Method", "X-Original-Forwarded-For", "X-Rewrite-URL", "Front-End-Https", "X-Scheme", "X-Url-Scheme", "X-Client-IP",
		"Client-IP", "True-Client-IP", "X-Cluster-Client-IP", "CF-Connecting-IP", "CF-Connecting-IPv6", "Fastly-Client-IP",
		"Fly-Client-IP", "X-Azure-ClientIP", "X-Azure-SocketIP", "X-Originating-IP", "X-Remote-IP", "X-Remote-Addr", "X-ProxyUser-Ip",
		"X-Real-Port", "WL-Proxy-Client-IP", "Proxy-Client-IP", "X-Envoy-External-Address", "X-Appengine-User-IP", "DO-Connecting-IP",
		"X-Nf-Client-Connection-Ip", "Ali-Cdn-Real-Ip", "Cdn-Src-Ip", "CloudFront-Viewer-Address", "CloudFront-Forwarded-Proto",
	}
}

// Fields that only a proxy can know something by are a trusted proxy's alone. Their imitations are nobody's.
func TestForwardingFamilyIsATrustedPeersAlone(t *testing.T) {
	t.Parallel()
	backend := startEcho(t, "b")
	trusted, untrusted := serve(t, trust("127.0.0.1/32")), serve(t)
	reaches := func(p *served, name string) bool {
		_, head := p.ask("GET / HTTP/1.1\r\nHost: a\r\n" + name + ": forged\r\n\r\n").seen(t)
		return strings.Contains(head, "forged")
	}
	for _, p := range []*served{trusted, untrusted} {
		p.apply(everything(backend))
	}
	for _, name := range familyNames() {
		for _, spelled := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
			if reaches(untrusted, spelled) {
				t.Errorf("%s of an untrusted peer reached the endpoint", spelled)
			}
			if !reaches(trusted, spelled) {
				t.Errorf("%s of a trusted peer did not reach the endpoint", spelled)
			}
		}
	}
	ours := []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-IP", "X-Request-Id"}
	for _, name := range append(familyNames(), ours...) {
		for _, sign := range strings.Split("! # $ % & ' * + . ^ _ ` | ~", " ") {
			imitation := strings.ReplaceAll(name, "-", sign)
			if strings.HasPrefix(name, "X-Forwarded-Anything") {
				imitation = strings.Replace(name, "-", sign, 1)
			}
			for who, p := range map[string]*served{"an untrusted": untrusted, "a trusted": trusted} {
				if reaches(p, imitation) {
					t.Errorf("%s of %s peer reached the endpoint", imitation, who)
				}
			}
		}
	}
	for who, p := range map[string]*served{"an untrusted": untrusted, "a trusted": trusted} {
		if reaches(p, "Proxy") || reaches(p, "PROXY") {
			t.Errorf("Proxy of %s peer reached the endpoint", who)
		}
		for _, name := range []string{
			"X-Forward", "X-Forwardedfor", "XForwardedFor", "X-Forwarder-For", "Forward", "Client-Id", "X-Client-Id", "X-Real-Price", "Proxy-Id",
			"X-Requested-With", "X-Http-Method-Override", "X-Originating-Ipx", "X-Schema", "X_App", "Proxy-Authorization", "True-Client-Id",
		} {
			if !reaches(p, name) {
				t.Errorf("%s of %s peer did not reach the endpoint, though it is no forwarding field", name, who)
			}
		}
	}
}

// Nobody has read trailers when the endpoint gets them, so no peer's are believed.
func TestForwardingFamilyIsNoTrailer(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, trust("127.0.0.1/32"))
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	up := endpoint.accept()
	up.head()
	trailers := "X-Sum: 1\r\n"
	for _, name := range familyNames() {
		trailers += name + ": forged\r\n"
	}
	client.send("2\r\nhi\r\n0\r\n" + trailers + "\r\n")
	up.expect("2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n")
	up.send(okReply)
	client.expect(okReply)
}

// clientFields returns the fields in which a program might look for the client's address.
func clientFields() []string {
	return []string{
		"X-Forwarded-For", "X-Real-IP", "Forwarded", "X_Forwarded_For", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP",
		"X-Originating-IP", "X-Forwarded", "Forwarded-For", "Client-IP", "Via",
	}
}

// Access control uses the client's address. Only X-Forwarded-For of a peer that is believed changes that.
func TestForgedFieldsDoNotOpenARoute(t *testing.T) {
	t.Parallel()
	backend := startEcho(t, "b")
	open := everythingBy(func(r *snapshot.Route) { accessOf(r).Allowed = prefixes("203.0.113.0/24") }, backend)
	for _, a := range approaches(t) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			p, ask := a.from(t, open)
			for _, field := range clientFields() {
				want := 403
				if a.believed && field == "X-Forwarded-For" {
					want = 200
				}
				if got := ask("GET / HTTP/1.1\r\nHost: a\r\n" + field + ": " + claimed + "\r\n\r\n"); got.Status != want {
					t.Errorf("%s: got %d, want %d", field, got.Status, want)
				}
			}
			// If nothing is claimed, the rule sees the peer itself.
			p.apply(everythingBy(func(r *snapshot.Route) {
				accessOf(r).Allowed = prefixes(a.peer + "/" + fmt.Sprint(netip.MustParseAddr(a.peer).BitLen()))
			}, backend))
			if got := ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n"); got.Status != 200 {
				t.Errorf("only the peer is allowed: got %d, want 200", got.Status)
			}
			if got := ask("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + claimed + "\r\n\r\n"); (got.Status == 403) != a.believed {
				t.Errorf("only the peer is allowed, and it says that it is another: got %d, believed %v", got.Status, a.believed)
			}
			p.apply(everythingBy(func(r *snapshot.Route) { accessOf(r).Denied = prefixes("203.0.113.0/24") }, backend))
			if got := ask("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + claimed + "\r\n\r\n"); (got.Status == 403) != a.believed {
				t.Errorf("the claimed address is denied: got %d, believed %v", got.Status, a.believed)
			}
		})
	}
}

// A client that gives another name gets no bucket of its own, unless it is believed. Then each of its clients has its
// own.
func TestForgedFieldsDoNotRefillABucket(t *testing.T) {
	t.Parallel()
	limited := everythingBy(func(r *snapshot.Route) { *rateLimitOf(r) = *never(1) }, startEcho(t, "b"))
	for _, a := range approaches(t) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			_, ask := a.from(t, limited)
			if got := ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n"); got.Status != 200 {
				t.Fatalf("the first request: got %d, want 200", got.Status)
			}
			for i, field := range clientFields() {
				want := 429
				if a.believed && field == "X-Forwarded-For" {
					want = 200
				}
				got := ask(fmt.Sprintf("GET / HTTP/1.1\r\nHost: a\r\n%s: 203.0.113.%d\r\n\r\n", field, i))
				if got.Status != want {
					t.Errorf("%s: got %d, want %d", field, got.Status, want)
				}
			}
		})
	}
}

// A PROXY header is not HTTP. So it is refused if none is expected: if the peer is not trusted, and if the protocol is
// off.
func TestProxyHeaderThatIsNotExpectedIsRefused(t *testing.T) {
	t.Parallel()
	on := func(ranges ...string) func(*Config) {
		return func(c *Config) { trust(ranges...)(c); c.ProxyProtocol = true }
	}
	for name, test := range map[string]struct {
		config func(*Config)
		header string
	}{
		"version 1 from a stranger":           {on("10.0.0.0/8"), proxyV1(claimed)},
		"version 2 from a stranger":           {on("10.0.0.0/8"), proxyV2(claimed)},
		"version 1 where nobody is trusted":   {on(), proxyV1(claimed)},
		"version 1 while the protocol is off": {trust("127.0.0.1/32"), proxyV1(claimed)},
		"version 2 while the protocol is off": {trust("127.0.0.1/32"), proxyV2(claimed)},
		"a second header":                     {on("127.0.0.1/32"), proxyV1(claimed) + proxyV1(claimed)},
		"version 2 behind version 1":          {on("127.0.0.1/32"), proxyV1(claimed) + proxyV2(claimed)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, test.config)
			p.apply(everything(startEcho(t, "b")))
			if got := p.ask(test.header + "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); got.Status != 400 || got.reason() != "MalformedRequest" {
				t.Errorf("got %d %q, want 400 MalformedRequest", got.Status, got.reason())
			}
		})
	}
}

// A trusted proxy that sends no header, or a broken one, is cut off: nobody knows for whom it speaks.
func TestTrustedPeerWithoutProxyHeaderIsCutOff(t *testing.T) {
	t.Parallel()
	p := serve(t, trust("127.0.0.1/32"), func(c *Config) { c.ProxyProtocol = true })
	p.apply(everything(startEcho(t, "b")))
	for name, sent := range map[string]string{
		"a request":         "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"a broken header":   "PROXY TCP4 nobody 192.0.2.1 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"a TLS handshake":   "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and so on",
		"another version 2": proxyV2Header(0x31, 0x11, make([]byte, 12)),
	} {
		t.Run(name, func(t *testing.T) {
			c := p.dial()
			c.send(sent)
			c.expectClosed()
		})
	}
}

// Behind a believed peer, each client has its own bucket. A client has the same bucket through each of its proxies.
func TestClientsBehindTrustedProxiesAreLimitedApart(t *testing.T) {
	t.Parallel()
	p := serve(t, trust("127.0.0.0/8", "10.0.0.0/8"))
	p.apply(everythingBy(func(r *snapshot.Route) { *rateLimitOf(r) = *never(1) }, startEcho(t, "b")))
	for _, step := range []struct {
		chain string
		want  int
	}{
		{"203.0.113.1", 200},
		{"203.0.113.1", 429},
		{"203.0.113.2", 200},
		{"203.0.113.1, 10.0.0.5", 429},
		{"10.9.9.9, 203.0.113.1", 429},
		{"198.51.100.1, 203.0.113.1", 429}, // a client wrote this in front of its own address
		{"203.0.113.1:4711", 429},
		{"::ffff:203.0.113.1", 429},
		{"2001:db8:1:2::1", 200},
		{"2001:db8:1:2::2", 429},
		{"[2001:db8:1:2::3]:80", 429},
		{"2001:db8:1:3::1", 200},
		{"unknown", 200}, // the peer's own bucket
		{"", 429},
		{"10.0.0.5", 200},
		{"10.0.0.6, 10.0.0.5", 200}, // the leftmost if all are trusted
		{"nonsense, 10.0.0.5", 429},
	} {
		if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + step.chain + "\r\n\r\n"); got.Status != step.want {
			t.Errorf("%q: got %d, want %d", step.chain, got.Status, step.want)
		}
	}
}
