// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// listening returns a snapshot with a listener that takes connections for some names, sorted, with one certificate.
// Each host has a backend that answers with "b".
func listening(t *testing.T, at netip.AddrPort, names ...snapshot.ServedName) *snapshot.Snapshot {
	t.Helper()
	s := with(snapshotOf(nil, poolOf("pool", named(t, "b").address)), issue(t, "1", ecdsaKey(t)))
	l := listenerOf(at, hostOf("", prefix("/", "pool")))
	l.TLS = true
	for _, n := range names {
		n.Certificates = []string{"1"}
		l.Names = append(l.Names, n)
	}
	s.Listeners = []snapshot.Listener{l}
	return s
}

// proving returns a name whose clients have to show a certificate of an authority.
func proving(name string, a *testAuthority) snapshot.ServedName {
	return snapshot.ServedName{Name: name, Clients: snapshot.ClientCertificates{Authorities: a.pem}}
}

// clientOf returns the configuration of a client with a certificate of an authority, or of one without if that is nil.
func clientOf(t *testing.T, server string, a *testAuthority) *tls.Config {
	t.Helper()
	config := &tls.Config{ServerName: server}
	if a != nil {
		config.Certificates = []tls.Certificate{a.sign(t, nil, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })}
	}
	return config
}

// getOver returns what a request over a new connection comes to: the answer, or "refused" if TLS ends it.
func getOver(t *testing.T, at netip.AddrPort, config *tls.Config, host string) string {
	t.Helper()
	c, err := dialTLS(t, at.String(), config)
	if err != nil {
		return "refused"
	}
	if _, err := c.stream.Write([]byte("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n")); err != nil {
		return "refused"
	}
	if _, err := c.in.Peek(1); err != nil {
		if !strings.Contains(err.Error(), "certificate") {
			t.Errorf("the connection ends with %v, want a word about the certificate", err)
		}
		return "refused" // With TLS 1.3 a client learns so when it reads.
	}
	return c.reply("GET").answer()
}

func TestClientsHaveToShowCertificates(t *testing.T) {
	t.Parallel()
	p := serve(t)
	at := ownAddress()
	trusted, other := newAuthority(t, "trusted"), newAuthority(t, "other")
	optional := proving("optional", trusted)
	optional.Clients.Optional = true
	p.apply(listening(t, at, snapshot.ServedName{Name: "free"}, optional, proving("strict", trusted)))
	const misdirected = "421 MisdirectedRequest"
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, test := range []struct {
			server string
			of     *testAuthority
			host   string
			want   string
		}{
			{"free", nil, "free", "b"}, {"free", nil, "strict", misdirected}, {"free", trusted, "strict", misdirected}, {"free", nil, "optional", misdirected},
			{"strict", trusted, "strict", "b"}, {"strict", trusted, "STRICT:443", "b"}, {"strict", trusted, "free", misdirected},
			{"strict", nil, "strict", "refused"}, {"strict", other, "strict", "refused"},
			{"optional", trusted, "optional", "b"}, {"optional", nil, "optional", "b"}, {"optional", other, "optional", "b"},
			{"optional", trusted, "strict", misdirected},
		} {
			config := clientOf(t, test.server, test.of)
			config.MaxVersion = version
			if got := getOver(t, at, config, test.host); got != test.want {
				t.Errorf("%s as %q, certificate of %v, host %s: got %q, want %q", tls.VersionName(version), test.server, test.of != nil, test.host, got, test.want)
			}
		}
	}
	await(t, "the four of them in the metrics", func() bool {
		return p.scrape()["warren_ingress_tls_handshake_failures_total cause=ClientCertificate"] == 4
	})
}

func TestRequestsStayWithinTheNameOfTheirConnection(t *testing.T) {
	t.Parallel()
	p := serve(t)
	at := ownAddress()
	name := func(n string) snapshot.ServedName { return snapshot.ServedName{Name: n} }
	p.apply(listening(t, at, name(""), name("*.w.org"), name("a.w.org"), name("two.org")))
	const misdirected = "421 MisdirectedRequest"
	for _, test := range []struct{ server, host, want string }{
		{"one.org", "one.org", "b"}, {"one.org", "else.org", "b"}, {"one.org", "two.org", misdirected}, {"one.org", "b.w.org", misdirected},
		{"two.org", "two.org", "b"}, {"two.org", "TWO.org.", "b"}, {"two.org", "one.org", misdirected},
		{"b.w.org", "c.d.w.org", "b"}, {"b.w.org", "a.w.org", misdirected}, {"a.w.org", "b.w.org", misdirected},
		{"", "else.org", "b"}, {"", "two.org", misdirected},
	} {
		if got := getOver(t, at, clientOf(t, test.server, nil), test.host); got != test.want {
			t.Errorf("%q over a connection for %q: got %q, want %q", test.host, test.server, got, test.want)
		}
	}
}

func TestConnectionsUnderFormerTermsAreOfNoUse(t *testing.T) {
	t.Parallel()
	p := serve(t)
	at := ownAddress()
	one, other := newAuthority(t, "one"), newAuthority(t, "other")
	s := listening(t, at, snapshot.ServedName{Name: "a"})
	apply := func(n snapshot.ServedName) {
		next := *s
		next.Listeners = slices.Clone(s.Listeners)
		n.Certificates = []string{"1"}
		next.Listeners[0].Names = []snapshot.ServedName{n}
		p.apply(&next)
	}
	const request, misdirected = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "421 MisdirectedRequest"
	ask := func(c *secured) string { return c.ask(request).answer() }
	connect := func(config *tls.Config) *secured {
		c, err := dialTLS(t, at.String(), config)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	p.apply(s)
	anonymous := connect(clientOf(t, "a", nil))
	if got := ask(anonymous); got != "b" {
		t.Fatalf("without terms: got %q", got)
	}
	apply(proving("a", one))
	if got := ask(anonymous); got != misdirected {
		t.Errorf("a connection without a certificate: got %q, want %q", got, misdirected)
	}
	kept := clientOf(t, "a", one)
	kept.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	known := connect(kept)
	if got := ask(known); got != "b" {
		t.Errorf("with a certificate: got %q", got)
	}
	if again := connect(kept); !again.stream.ConnectionState().DidResume || ask(again) != "b" {
		t.Error("the session of a client with a certificate is not resumed")
	}
	apply(proving("a", other))
	if got := ask(known); got != misdirected {
		t.Errorf("a connection with a certificate of a former authority: got %q, want %q", got, misdirected)
	}
	if got := getOver(t, at, kept, "a"); got != "refused" {
		t.Errorf("the session of a former authority's certificate: got %q, want it refused", got)
	}
	apply(snapshot.ServedName{Name: "a"})
	if got := getOver(t, at, kept, "a"); got != "b" {
		t.Errorf("without terms again: got %q", got)
	}
}

func TestANameWithoutACertificateIsNoLessSpecificOnes(t *testing.T) {
	t.Parallel()
	p := serve(t)
	at := ownAddress()
	s := listening(t, at, snapshot.ServedName{Name: ""}, snapshot.ServedName{Name: "a"})
	s.Listeners[0].Names[1].Certificates = nil
	p.apply(s)
	if c, err := dialTLS(t, at.String(), &tls.Config{ServerName: "a"}); err == nil {
		t.Errorf("a name whose certificate is missing is served with certificate %q", c.served())
	}
	if got := getOver(t, at, clientOf(t, "b", nil), "a"); got != "421 MisdirectedRequest" {
		t.Errorf("its host over another name's connection: got %q", got)
	}
}
