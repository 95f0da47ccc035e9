// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

// replicaAnswering is one whose data plane answers for a host as it is told to.
func replicaAnswering(t *testing.T, name string, handler http.HandlerFunc) replicas.Replica {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	at := netip.MustParseAddrPort(server.Listener.Addr().String())
	return replicas.Replica{Name: name, Address: at.Addr(), HTTPPort: at.Port()}
}

func TestReplicasThatDoNotAnswerAChallengeAreMissing(t *testing.T) {
	t.Parallel()
	answers := []presented{
		{Host: "a.example.com", Token: "token-a", KeyAuthorization: "token-a.proof"},
		{Host: "b.example.com", Token: "token-b", KeyAuthorization: "token-b.proof"},
	}
	all := func(w http.ResponseWriter, r *http.Request) {
		for _, a := range answers {
			if r.Host == a.Host && r.URL.Path == "/.well-known/acme-challenge/"+a.Token {
				_, _ = io.WriteString(w, a.KeyAuthorization)
				return
			}
		}
		http.NotFound(w, r)
	}
	asked := []replicas.Replica{
		replicaAnswering(t, "all", all),
		replicaAnswering(t, "none", http.NotFound),
		replicaAnswering(t, "one", func(w http.ResponseWriter, r *http.Request) {
			if r.Host == answers[1].Host {
				http.NotFound(w, r)
				return
			}
			all(w, r)
		}),
		replicaAnswering(t, "elsewhere", func(w http.ResponseWriter, r *http.Request) {
			if r.Host == "another.example.com" {
				all(w, r)
				return
			}
			http.Redirect(w, r, "http://another.example.com"+r.URL.Path, http.StatusFound)
		}),
		replicaAnswering(t, "wrong", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "something else") }),
	}
	p := newPresence(func() []replicas.Replica { return asked }, replicas.Replica{}, 0, false)
	if missing, of := p.missing(t.Context(), answers); of != len(asked) || !slices.Equal(missing, []string{"none", "one", "elsewhere", "wrong"}) {
		t.Errorf("%q of %d are missing, want all but the first of %d", missing, of, len(asked))
	}

	// A host that is proven need not be answered for any more.
	proven := slices.Clone(answers)
	proven[1].Proven = true
	if missing, _ := p.missing(t.Context(), proven); !slices.Equal(missing, []string{"none", "elsewhere", "wrong"}) {
		t.Errorf("with the second host proven %q are missing", missing)
	}
}

// Before its Lease is written a replica knows of none.
func TestAReplicaAloneIsAskedItself(t *testing.T) {
	t.Parallel()
	self := replicaAnswering(t, "self", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "token.proof\n") })
	at := self.HTTPPort
	self.HTTPPort = 0 // --acme-http-port is the one that counts.
	p := newPresence(func() []replicas.Replica { return nil }, self, at, false)
	if missing, of := p.missing(t.Context(), []presented{{Host: "a.example.com", Token: "token", KeyAuthorization: "token.proof"}}); of != 1 || len(missing) > 0 {
		t.Errorf("%q of %d are missing, want none of one", missing, of)
	}
}

// Behind a load balancer that sends PROXY headers, the addresses that are trusted may be those of the replicas too.
func TestAReplicaIsSeenToAnswerAlsoWhereItExpectsAPROXYHeader(t *testing.T) {
	t.Parallel()
	loopback := netip.MustParsePrefix("127.0.0.0/8")
	const token, keyAuthorization = "token", "token.thumbprint"
	answers := []presented{{Host: "x.io", Type: "http-01", Token: token, KeyAuthorization: keyAuthorization}}
	for _, test := range []struct {
		name         string
		config       proxy.Config
		trustedProxy bool
		missing      []string
	}{
		{"without the protocol", proxy.Config{}, false, nil},
		{"with the protocol, from an address that is not trusted",
			proxy.Config{ProxyProtocol: true, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}, false, nil},
		{"with the protocol, from an address that is trusted",
			proxy.Config{ProxyProtocol: true, TrustedProxies: []netip.Prefix{loopback}}, true, nil},
		{"with the protocol, and without the header that it wants",
			proxy.Config{ProxyProtocol: true, TrustedProxies: []netip.Prefix{loopback}}, false, []string{"a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.config.Logger, test.config.MaxHeaderBytes, test.config.MaxHeaders, test.config.DrainTimeout = logr.Discard(), 64<<10, 128, fixture.Patience
			p, address := fixture.StartProxyWith(t, test.config)
			if _, err := p.Apply(&snapshot.Snapshot{Challenges: []snapshot.Challenge{{Host: "x.io", Token: token, KeyAuthorization: keyAuthorization}}}); err != nil {
				t.Fatal(err)
			}
			at := netip.MustParseAddrPort(address)
			self := replicas.Replica{Name: "a", Address: at.Addr(), HTTPPort: at.Port()}
			presence := newPresence(func() []replicas.Replica { return []replicas.Replica{self} }, self, 0, test.trustedProxy)
			fixture.Eventually(t, func() error { // a look is given up after seconds, which a busy machine may take
				if missing, of := presence.missing(t.Context(), answers); !slices.Equal(missing, test.missing) || of != 1 {
					return fmt.Errorf("%q of %d do not answer, want %q", missing, of, test.missing)
				}
				return nil
			})
		})
	}
}
