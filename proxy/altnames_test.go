// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestACertificateMayBeForOneOfSeveralNames(t *testing.T) {
	t.Parallel()
	a, other := newAuthority(t, "a"), newAuthority(t, "other")
	id, err := url.Parse("spiffe://cluster.io/ns/a")
	if err != nil {
		t.Fatal(err)
	}
	start := func(by *testAuthority) netip.AddrPort {
		config := &tls.Config{Certificates: []tls.Certificate{by.sign(t, []string{"dns.io", "*.wild.io"}, func(c *x509.Certificate) { c.URIs = []*url.URL{id} })}}
		return startTLSBackend(t, config, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.TLS.ServerName) }).address
	}
	ours, theirs := start(a), start(other)
	p := serve(t)
	const refused = "502 UpstreamTLSFailed"
	for _, test := range []struct {
		address     netip.AddrPort
		names, want string
	}{
		{ours, "dns.io", "asked.io"}, {ours, "a.wild.io", "asked.io"}, {ours, "*.wild.io", "asked.io"}, {ours, "spiffe://cluster.io/ns/a", "asked.io"},
		{ours, "no.io spiffe://cluster.io/ns/a", "asked.io"}, {ours, "no.io", refused}, {ours, "spiffe://cluster.io/ns/b", refused},
		{ours, "asked.io", refused}, {ours, "no.io spiffe://cluster.io/ns", refused}, {theirs, "dns.io", refused},
	} {
		p.apply(over(snapshot.UpstreamTLS{ServerName: "asked.io", Authorities: a.pem, AltNames: test.names}, everything(test.address)))
		for range 2 { // the second one may resume a session
			if got := p.get("a", "/").answer(); got != test.want {
				t.Errorf("%q: got %q, want %q", test.names, got, test.want)
			}
		}
	}
}

func TestAnEndpointIsShownTheCertificateOfItsPoolAlone(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName})}, ClientAuth: tls.RequestClientCert}
	b := startTLSBackend(t, config, func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		_, _ = fmt.Fprint(w, name)
	})
	shown := issue(t, "gateway", ecdsaKey(t))
	terms := trusting(a)
	terms.ClientChain, terms.ClientKey = shown.Chain, shown.Key
	p := serve(t)
	s := snapshotOf([]snapshot.Host{hostOf("a", prefix("/", "with"), prefix("/without", "without"))}, poolOf("with", b.address), poolOf("without", b.address))
	for i := range s.Pools {
		s.Pools[i].TLS = trusting(a)
		if s.Pools[i].ID == "with" {
			s.Pools[i].TLS = terms
		}
	}
	p.apply(s)
	for path, want := range map[string]string{"/": "gateway", "/without": "nobody"} {
		if got := p.get("a", path).answer(); got != want {
			t.Errorf("%s: the endpoint saw %q, want %q", path, got, want)
		}
	}
	explained, err := json.Marshal(p.explain(explain.Question{URL: "http://a/"}))
	if err != nil || strings.Contains(string(explained), "PRIVATE KEY") {
		t.Errorf("an explanation has the key (%v):\n%s", err, explained)
	}
	terms.ClientKey = issue(t, "another", ecdsaKey(t)).Key
	if _, err := p.Apply(over(terms, everything(b.address))); err == nil {
		t.Error("a certificate is served with another one's key")
	}
}
