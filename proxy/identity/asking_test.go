// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestWhichHostsAskTheirClients(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority := certificateOf(t, key).Chain
	one, other := &clientcert.Terms{Authorities: authority}, &clientcert.Terms{Authorities: authority, Depth: 1}
	again := *one
	of := func(s *Store, hosts ...snapshot.Host) *Asking {
		slices.SortFunc(hosts, func(a, b snapshot.Host) int { return strings.Compare(a.Name, b.Name) })
		set, err := s.CompileAnew(&snapshot.Snapshot{Hosts: hosts})
		if err != nil {
			t.Fatal(err)
		}
		return set.Asking()
	}
	store := NewStore()
	if of(store, snapshot.Host{Name: "free"}) != nil {
		t.Error("nobody is to be asked, and requests are looked at for it")
	}
	broken := &clientcert.Terms{Authorities: "none"}
	hosts := []snapshot.Host{
		{Name: "broken", Clients: broken}, {Name: "broken.w.io", Clients: broken}, {Name: "*.free.io"}, {Name: "*.w.io", Clients: one}, {Name: "free.w.io"}, {Name: "other", Clients: other}, {Name: "same", Clients: &again},
	}
	a := of(store, hosts...)
	for name, want := range map[string]*clientcert.Terms{
		"": nil, "a.w.io": one, "b.a.w.io": nil, "free.w.io": nil, "w.io": nil, "other": other, "same": one, "a.free.io": nil, "broken": nil, "broken.w.io": nil,
	} {
		id := ""
		if want != nil {
			id = want.ID()
		}
		if got := a.of(name); got.ID() != id || a.Asks([]byte(name)) != (want != nil) {
			t.Errorf("%q asks by %q, want %q", name, got.ID(), id)
		}
	}
	for _, test := range []struct {
		server, host string
		want         bool
	}{
		{"a.w.io", "a.w.io", false}, {"a.w.io", "c.w.io", false}, {"a.w.io", "same", false}, {"a.w.io", "other", true}, {"a.w.io", "free.w.io", true},
		{"free.w.io", "a.w.io", true}, {"free.w.io", "else", false}, {"", "same", true}, {"", "else", false},
	} {
		host := []byte(test.host)
		var got bool
		if n := testing.AllocsPerRun(100, func() { got = a.Misdirected(test.server, host) }); n != 0 || got != test.want {
			t.Errorf("%s over a connection for %q: misdirected %t, want %t, with %v allocations", test.host, test.server, got, test.want, n)
		}
	}
	every := of(store, append([]snapshot.Host{{Name: "", Clients: other}}, hosts...)...)
	for name, want := range map[string]bool{"": true, "else": true, "b.a.w.io": true, "a.free.io": false, "free.w.io": false} {
		if every.Asks([]byte(name)) != want {
			t.Errorf("with a host for all others, %q asks: %t, want %t", name, !want, want)
		}
	}
}

func TestTheSameTermsAreJudgedByTheSame(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	store, first := NewStore(), &clientcert.Terms{Authorities: certificateOf(t, key).Chain, Subjects: []string{"CN=a"}}
	by, err := store.Verifier(first)
	if err != nil {
		t.Fatal(err)
	}
	same := *first
	hosts := []snapshot.Change[snapshot.Host]{{After: &snapshot.Host{Clients: first}}}
	store.KeepOnly(&snapshot.Changes{Hosts: hosts})
	if again, _ := store.Verifier(&same); again != by {
		t.Error("the same terms in another snapshot are judged by another one")
	}
	hosts[0].Before, hosts[0].After = hosts[0].After, nil
	store.KeepOnly(&snapshot.Changes{Hosts: hosts})
	if store.verifiers.known.Len() > 0 || len(store.verifiers.byTerms) > 0 {
		t.Error("terms that no host has are kept")
	}
	if _, err := store.Verifier(&clientcert.Terms{Authorities: "x"}); err == nil {
		t.Error("terms without an authority are taken")
	}
}
