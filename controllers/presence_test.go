// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
)

// replicaAnswering is one whose data plane answers for a host as it is told to.
func replicaAnswering(t *testing.T, name string, handler http.HandlerFunc) Replica {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	at := netip.MustParseAddrPort(server.Listener.Addr().String())
	return Replica{Name: name, Address: at.Addr(), HTTPPort: at.Port()}
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
	replicas := []Replica{
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
	p := newPresence(func() []Replica { return replicas }, Replica{}, 0)
	if missing, of := p.missing(t.Context(), answers); of != len(replicas) || !slices.Equal(missing, []string{"none", "one", "elsewhere", "wrong"}) {
		t.Errorf("%q of %d are missing, want all but the first of %d", missing, of, len(replicas))
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
	p := newPresence(func() []Replica { return nil }, self, at)
	if missing, of := p.missing(t.Context(), []presented{{Host: "a.example.com", Token: "token", KeyAuthorization: "token.proof"}}); of != 1 || len(missing) > 0 {
		t.Errorf("%q of %d are missing, want none of one", missing, of)
	}
}
