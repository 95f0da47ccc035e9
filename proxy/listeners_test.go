// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// ownAddresses counts the addresses that ownAddress has returned.
var ownAddresses atomic.Uint32

// ownAddress returns an address of loopback at which nobody else listens: other tests have 127.0.0.1.
func ownAddress() netip.AddrPort {
	n := ownAddresses.Add(1)
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 8, byte(n >> 8), byte(n)}), 20080)
}

// listenerOf returns a listener whose hosts are sorted.
func listenerOf(at netip.AddrPort, hosts ...snapshot.Host) snapshot.Listener {
	return snapshot.Listener{Address: at, Hosts: snapshotOf(hosts).Hosts}
}

// answer returns an endpoint's content, or the status and the reason of an answer of the proxy's own.
func (r reply) answer() string {
	if r.Header.Get("Proxy-Status") != "" {
		return fmt.Sprintf("%d %s", r.Status, r.reason())
	}
	return r.Body
}

func TestConnectionsMeetTheHostsOfTheirListenerAlone(t *testing.T) {
	t.Parallel()
	p := serve(t)
	one, other := ownAddress(), ownAddress()
	s := snapshotOf([]snapshot.Host{hostOf("a", prefix("/", "ingress"))},
		poolOf("ingress", named(t, "ingress").address), poolOf("one", named(t, "one").address), poolOf("other", named(t, "other").address))
	s.Listeners = []snapshot.Listener{listenerOf(one, hostOf("a", prefix("/", "one"))), listenerOf(other, hostOf("b", prefix("/", "other")))}
	p.apply(s)
	for _, test := range []struct{ address, host, want string }{
		{p.address, "a", "ingress"}, {p.address, "b", "404 RouteNotFound"},
		{one.String(), "a", "one"}, {one.String(), "b", "404 RouteNotFound"},
		{other.String(), "a", "404 RouteNotFound"}, {other.String(), "b", "other"},
	} {
		c := dial(t, test.address)
		c.send("GET / HTTP/1.1\r\nHost: " + test.host + "\r\n\r\n")
		if got := c.reply("GET").answer(); got != test.want {
			t.Errorf("%s at %s: got %q, want %q", test.host, test.address, got, test.want)
		}
	}
}

func TestWildcardsOfListenersStandForAnyNumberOfLabels(t *testing.T) {
	t.Parallel()
	p := serve(t)
	at := ownAddress()
	s := snapshotOf(nil, poolOf("every", named(t, "every").address), poolOf("io", named(t, "io").address),
		poolOf("example", named(t, "example").address), poolOf("exact", named(t, "exact").address))
	owned := func(owner string, h snapshot.Host) snapshot.Host { h.Owner = owner; return h }
	s.Listeners = []snapshot.Listener{listenerOf(at,
		owned("x", hostOf("", prefix("/", "every"))),
		owned("x", hostOf("*.io", prefix("/io", "io"))),
		owned("x", hostOf("*.example.io", prefix("/example", "example"))),
		owned("x", hostOf("a.b.example.io", exact("/", "exact"))),
		owned("y", hostOf("*.other.io", prefix("/other", "other"))),
	)}
	s.Pools = append(s.Pools, poolOf("other", named(t, "other").address))
	p.apply(s)
	for _, test := range []struct{ host, path, want string }{
		{"a.b.example.io", "/", "exact"},
		{"a.b.example.io", "/example", "example"}, // what a host does not take goes to the less specific ones of its owner
		{"a.b.example.io", "/io", "io"},
		{"a.b.example.io", "/else", "every"},
		{"b.example.io", "/example", "example"},
		{"a.b.c.example.io", "/example", "example"},
		{"example.io", "/example", "every"}, // no label is in the place of the star
		{"example.io", "/io", "io"},
		{"a.b.other.io", "/other", "other"},
		{"a.b.other.io", "/io", "404 RouteNotFound"}, // another owner's
		{"other", "/", "every"},
	} {
		c := dial(t, at.String())
		c.send("GET " + test.path + " HTTP/1.1\r\nHost: " + test.host + "\r\n\r\n")
		if got := c.reply("GET").answer(); got != test.want {
			t.Errorf("%s%s: got %q, want %q", test.host, test.path, got, test.want)
		}
	}
}

func TestListenersSpeakHTTP2ToClientsThatBeginWithIt(t *testing.T) {
	t.Parallel()
	p := serve(t) // without H2C
	at := ownAddress()
	s := snapshotOf(nil, poolOf("pool", named(t, "b").address))
	s.Listeners = []snapshot.Listener{listenerOf(at, hostOf("", prefix("/", "pool")))}
	p.apply(s)
	for version, configure := range map[string]func(*http.Protocols){
		"HTTP/1.1": func(p *http.Protocols) { p.SetHTTP1(true) }, "HTTP/2.0": func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	} {
		var only http.Protocols
		configure(&only)
		client := &http.Client{Transport: &http.Transport{Protocols: &only, DisableKeepAlives: true}}
		response, err := client.Get("http://" + at.String())
		if err != nil {
			t.Errorf("%s: %v", version, err)
			continue
		}
		_ = response.Body.Close()
		if response.Proto != version || response.StatusCode != http.StatusOK {
			t.Errorf("got %s %s, want %s", response.Proto, response.Status, version)
		}
	}
}

func TestAListenerIsOpenedAgainOnceItsAddressIsFree(t *testing.T) {
	t.Parallel()
	p := serve(t)
	at := ownAddress()
	taken, err := net.Listen("tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan netip.AddrPort, 8)
	stop := p.ObserveListeners(func(at netip.AddrPort) { told <- at })
	defer stop()
	s := snapshotOf(nil, poolOf("pool", named(t, "b").address))
	s.Listeners = []snapshot.Listener{listenerOf(at, hostOf("", prefix("/", "pool")))}
	p.apply(s)
	if got := p.ListenFaults()[at]; got != "address already in use" {
		t.Errorf("got the fault %q", got)
	}
	if got := receive(t, "the news of it", told); got != at {
		t.Errorf("told of %v, want %v", got, at)
	}
	_ = taken.Close()
	if got := receive(t, "the news that it is open", told); got != at || p.ListenFaults()[at] != "" {
		t.Errorf("told of %v, want %v; the fault is %q", got, at, p.ListenFaults()[at])
	}
	c := dial(t, at.String())
	c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if got := c.reply("GET").answer(); got != "b" {
		t.Errorf("got %q, want b", got)
	}
}

func TestAListenerThatGoesClosesNoRunningRequest(t *testing.T) {
	t.Parallel()
	p := serve(t)
	at := ownAddress()
	asked, answer := make(chan struct{}), make(chan struct{})
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			asked <- struct{}{}
			<-answer
		}
		_, _ = w.Write([]byte("done"))
	})
	s := snapshotOf(nil, poolOf("pool", b.address))
	s.Listeners = []snapshot.Listener{listenerOf(at, hostOf("", prefix("/", "pool")))}
	p.apply(s)
	busy, idle := dial(t, at.String()), dial(t, at.String())
	idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if got := idle.reply("GET").answer(); got != "done" {
		t.Fatalf("got %q, want done", got)
	}
	busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
	receive(t, "the slow request", asked)
	p.apply(snapshotOf(nil))
	if rest, err := idle.ending(); rest != "" || err != nil {
		t.Errorf("the idle connection ends with %q, %v", rest, err)
	}
	if c, err := net.Dial("tcp", at.String()); err == nil {
		_ = c.Close()
		t.Error("the address still takes connections")
	}
	close(answer)
	r := busy.reply("GET")
	if r.answer() != "done" || !r.Close {
		t.Errorf("the running request got %q, the last of its connection: %v", r.answer(), r.Close)
	}
	if rest, err := busy.ending(); rest != "" || err != nil {
		t.Errorf("the busy connection ends with %q, %v", rest, err)
	}
}

func TestAnAddressThatBecomesAnothersTakesNoConnectionAlong(t *testing.T) {
	t.Parallel()
	p := serve(t)
	at := ownAddress()
	s := func(owner string, port uint16) *snapshot.Snapshot {
		s := snapshotOf(nil, poolOf("pool", named(t, owner).address))
		s.Listeners = []snapshot.Listener{listenerOf(at, hostOf("", prefix("/", "pool")))}
		s.Listeners[0].Owner, s.Listeners[0].Port = owner, port
		return s
	}
	p.apply(s("one", 80))
	c := dial(t, at.String())
	ask := func(c *wire, want string) {
		t.Helper()
		c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := c.reply("GET").answer(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	ask(c, "one")
	p.apply(s("one", 81))
	ask(c, "one") // the same owner's
	p.apply(s("other", 81))
	if rest, err := c.ending(); rest != "" || err != nil {
		t.Errorf("the connection ends with %q, %v", rest, err)
	}
	ask(dial(t, at.String()), "other")
	p.apply(s("one", 81))
	ask(dial(t, at.String()), "one")
}

func TestAListenerServesItsOwnCertificates(t *testing.T) {
	t.Parallel()
	p := serve(t)
	key := ecdsaKey(t)
	one, other := ownAddress(), ownAddress()
	p.SetTicketKeys([][32]byte{{1}})
	s := with(snapshotOf(nil, poolOf("pool", startEcho(t, "b"))), issue(t, "1", key), issue(t, "2", key, "a"), issue(t, "3", key, "a"))
	s.Certificates[0].Hosts, s.Certificates[1].Hosts = nil, nil
	route := hostOf("", prefix("/", "pool"))
	s.Listeners = []snapshot.Listener{listenerOf(one, route), listenerOf(other, route)}
	for i := range s.Listeners {
		s.Listeners[i].TLS = true
	}
	s.Listeners[0].Names = []snapshot.ServedName{{Name: "", Certificates: []string{"1"}}, {Name: "*.a", Certificates: []string{"2"}}}
	s.Listeners[1].Names = []snapshot.ServedName{{Name: "a", Certificates: []string{"2", "3"}}}
	p.apply(s)
	for _, test := range []struct {
		at         netip.AddrPort
		name, want string
	}{{one, "a", "1"}, {one, "x.y.a", "2"}, {other, "a", "2"}, {other, "b", ""}} {
		c, err := dialTLS(t, test.at.String(), &tls.Config{ServerName: test.name})
		switch {
		case test.want == "" && err == nil:
			t.Errorf("%s at %s: got a certificate", test.name, test.at)
		case test.want != "" && (err != nil || c.served() != test.want):
			t.Errorf("%s at %s: %v, want certificate %q", test.name, test.at, err, test.want)
		}
	}
	client := newSessions(t, tls.VersionTLS13)
	client.connect(one.String())
	if _, resumed := client.connect(one.String()); !resumed {
		t.Error("a session is not resumed at its own listener")
	}
	if _, resumed := client.connect(other.String()); resumed {
		t.Error("a session is resumed at another listener, whose certificate the client has not seen")
	}
}

func TestNoSnapshotWithSenselessListenersIsServed(t *testing.T) {
	t.Parallel()
	p := serve(t)
	at := ownAddress()
	for name, list := range map[string][]snapshot.Listener{
		"no port":      {{Address: netip.AddrPortFrom(at.Addr(), 0)}},
		"no address":   {{}},
		"twice":        {{Address: at}, {Address: at}},
		"no such":      {{Address: at, TLS: true, Names: []snapshot.ServedName{{Name: "a", Certificates: []string{"none"}}}}},
		"without TLS":  {{Address: at, Names: []snapshot.ServedName{{Name: "a", Certificates: []string{"none"}}}}},
		"a host twice": {{Address: at, Hosts: []snapshot.Host{{Name: "a"}, {Name: "a"}}}},
		"no authority": {{Address: at, TLS: true, Names: []snapshot.ServedName{{Name: "a", Clients: snapshot.ClientCertificates{Optional: true}}}}},
		"no certificate of an authority": {{Address: at, TLS: true,
			Names: []snapshot.ServedName{{Name: "a", Clients: snapshot.ClientCertificates{Authorities: "none"}}}}},
		"names not sorted": {{Address: at, TLS: true, Names: []snapshot.ServedName{{Name: "b"}, {Name: "a"}}}},
	} {
		if _, err := p.Apply(&snapshot.Snapshot{Listeners: list}); err == nil {
			t.Errorf("%s: it is served", name)
		}
	}
}
