// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/upstream/tlsterms"
)

// followingEndpoint returns an endpoint whose server name follows the request.
func followingEndpoint(d *Dialer, address netip.AddrPort) *Endpoint {
	e := new(Endpoint)
	security, err := tlsterms.NewStore().Get(tlsterms.Terms{ServerName: "default", ServerNameFromRequest: true, SkipVerify: true})
	if err != nil {
		panic(err)
	}
	e.Init(Key{Address: address, TLS: security}, d)
	return e
}

var nowhere = netip.MustParseAddrPort("192.0.2.1:443")

// use has a request for a host come and go.
func use(e *Endpoint, host string, connected bool) *Endpoint {
	part := e.For([]byte(host))
	if connected {
		part.part.proved()
	}
	part.Leave()
	return part
}

func TestANameIsKeptOnceAConnectionWasMade(t *testing.T) {
	t.Parallel()
	e := followingEndpoint(testEndpoint(Key{}).dialer, nowhere)
	if !e.Follows() || testEndpoint(Key{}).Follows() {
		t.Error("an endpoint does not say whether its server name follows the request")
	}
	a := use(e, "a", true)
	if use(e, "a", false) != a || use(e, "b", true) == a {
		t.Error("a name has several parts, or two names have one")
	}
	if a.tls.ServerName != "a" || a.tlsHTTP1.ServerName != "a" || a.tls.ClientSessionCache != a.tlsHTTP1.ClientSessionCache {
		t.Error("the part's connections go under another name, or share no session")
	}
	if b := use(e, "b", true); b.tls.ClientSessionCache == a.tls.ClientSessionCache {
		t.Error("two names share a session")
	}
	for i := range maxNames {
		use(e, fmt.Sprint("failing", i), false)
	}
	if use(e, "a", false) != a {
		t.Error("names that lead to no connection drove out one that does")
	}
	if got := len(e.names.held); got != 2 {
		t.Errorf("%d names are held, want the 2 that led to a connection", got)
	}
	if n := e.names.trusted; n != 2 {
		t.Errorf("%d names are counted, want 2", n)
	}
}

// A client can ask for as many names at once as it has requests, while an endpoint holds all that it may.
func TestMadeUpNamesInUseDriveOutNone(t *testing.T) {
	t.Parallel()
	e := followingEndpoint(testEndpoint(Key{}).dialer, nowhere)
	for i := range maxNames {
		use(e, fmt.Sprint("real", i), true)
	}
	var madeUp []*Endpoint
	for i := range 100 {
		madeUp = append(madeUp, e.For(fmt.Append(nil, "made-up", i)))
	}
	use(e, "real0", true)
	for _, part := range madeUp {
		part.Leave()
	}
	for i := range maxNames {
		if e.names.held[fmt.Sprint("real", i)] == nil {
			t.Fatalf("real%d was driven out", i)
		}
	}
}

// A connection that was made for a request that did not wait for it counts for no name that is held.
func TestANameThatWasForgottenIsNotCounted(t *testing.T) {
	t.Parallel()
	e := followingEndpoint(testEndpoint(Key{}).dialer, nowhere)
	left := use(e, "left", false)
	left.part.proved()
	if e.names.trusted != 0 || e.dialer.names.Load() != 0 {
		t.Error("a name that is not held is counted")
	}
}

func TestTheNameThatWasUsedLongestAgoGivesWay(t *testing.T) {
	t.Parallel()
	e := followingEndpoint(testEndpoint(Key{}).dialer, nowhere)
	busy := e.For([]byte("busy"))
	busy.part.proved()
	parts := map[string]*Endpoint{}
	for i := range maxNames - 1 {
		name := fmt.Sprint("n", i)
		parts[name] = use(e, name, true)
		parts[name].part.used = time.Duration(i)
	}
	use(e, "n0", true) // is the last one now
	use(e, "new", true)
	if len(e.names.held) != maxNames {
		t.Errorf("%d names are held, want %d", len(e.names.held), maxNames)
	}
	for name, part := range parts {
		if gone := e.names.held[name] != part; gone != (name == "n1") || gone != part.retired.Load() {
			t.Errorf("%s is gone: %t, and retired: %t", name, gone, part.retired.Load())
		}
	}
	if e.names.held["busy"] != busy {
		t.Error("a name in use gave way")
	}
	busy.Leave()
}

// As many names as there are requests at once may be in use. What is held of them afterwards is bounded again.
func TestNamesInUseAreNotForgotten(t *testing.T) {
	t.Parallel()
	e := followingEndpoint(testEndpoint(Key{}).dialer, nowhere)
	var parts []*Endpoint
	for i := range maxNames + 10 {
		part := e.For(fmt.Append(nil, i))
		part.part.proved()
		parts = append(parts, part)
	}
	if n := len(e.names.held); n != maxNames+10 {
		t.Errorf("%d names are held while all are in use, want %d", n, maxNames+10)
	}
	for _, part := range parts {
		if part.retired.Load() {
			t.Fatal("a name in use was forgotten")
		}
		part.Leave()
	}
	if n := len(e.names.held); n != maxNames || e.names.trusted != maxNames || e.dialer.names.Load() != maxNames-leastNames {
		t.Errorf("%d names are held, %d counted, and %d with those of others, want %d", n, e.names.trusted, e.dialer.names.Load(), maxNames)
	}
}

// The clients of some endpoints cannot drive out the names of another, and cannot keep it from having some.
func TestNamesOfAllEndpointsAreBounded(t *testing.T) {
	t.Parallel()
	d := testEndpoint(Key{}).dialer
	flooded := make([]*Endpoint, maxNamesOfAll/(maxNames-leastNames)+2)
	for i := range flooded {
		flooded[i] = followingEndpoint(d, nowhere)
		for name := range maxNames + 100 {
			use(flooded[i], fmt.Sprint(name), true)
		}
	}
	last := flooded[len(flooded)-1]
	if n := len(last.names.held); n != leastNames {
		t.Errorf("an endpoint holds %d names after others hold all, want %d", n, leastNames)
	}
	var inUse []*Endpoint
	for name := range 100 {
		part := last.For(fmt.Append(nil, "in-use", name))
		part.part.proved()
		inUse = append(inUse, part)
	}
	for name := range leastNames {
		use(flooded[0], fmt.Sprint("later", name), true)
	}
	if n := len(flooded[0].names.held); n != maxNames {
		t.Errorf("an endpoint's names were driven out by those of another: it holds %d, want %d", n, maxNames)
	}
	for _, part := range inUse {
		part.Leave()
	}
	if n := d.names.Load(); n != maxNamesOfAll || len(last.names.held) != leastNames {
		t.Errorf("%d names are counted, want %d, and the last endpoint holds %d", n, maxNamesOfAll, len(last.names.held))
	}
	for _, e := range flooded {
		e.Expire(d.clock.Now() + IdleTimeout + time.Second)
		if n := e.names.trusted; n != 0 {
			t.Errorf("%d names are counted of an endpoint after the time, want none", n)
		}
	}
	if n := d.names.Load(); n != 0 {
		t.Errorf("%d names are counted after the time, want none", n)
	}
}

func TestRetirementForgetsAllNames(t *testing.T) {
	t.Parallel()
	e := followingEndpoint(testEndpoint(Key{}).dialer, nowhere)
	rested, busy := use(e, "rested", true), e.For([]byte("busy"))
	busy.part.proved()
	e.Retire()
	if !rested.retired.Load() || !busy.retired.Load() {
		t.Error("a part did not retire with its endpoint")
	}
	late := e.For([]byte("late"))
	if !late.retired.Load() {
		t.Error("a new part of a retired endpoint keeps connections")
	}
	e.Resume()
	if busy.retired.Load() || late.retired.Load() {
		t.Error("a part did not resume with its endpoint")
	}
	e.Retire()
	busy.Leave()
	late.Leave()
	if n := len(e.names.held) + e.names.trusted; n != 0 {
		t.Errorf("%d names are held or counted, want none", n)
	}
}

// What rests is bounded for all names together. The connections of the name that was used longest ago give way.
func TestIdleConnectionsAreBoundedAcrossNames(t *testing.T) {
	t.Parallel()
	l := listen(t)
	e := followingEndpoint(testEndpoint(Key{}).dialer, l.Addr().(*net.TCPAddr).AddrPort())
	dialled := func(part *Endpoint) (*Conn, net.Conn) {
		t.Helper()
		made, err := part.link(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return part.newSole(made), c
	}
	old := use(e, "old", true)
	c, oldest := dialled(old)
	old.give(c, 0, 0)
	busy := e.For([]byte("busy"))
	e.names.idle.Add(maxIdleOfNames - 2) // as of others that are in use
	first, _ := dialled(busy)
	busy.give(first, 0, 0)
	if got := e.Stats().Idle; got != 2 {
		t.Fatalf("%d connections rest, want 2", got)
	}
	second, _ := dialled(busy)
	busy.give(second, 0, 0)
	expectEnd(t, oldest)
	if got := e.Stats().Idle; got != 2 || e.names.held["old"] != nil {
		t.Errorf("%d connections rest, want those 2 of the name in use", got)
	}
	third, end := dialled(busy)
	busy.give(third, 0, 0)
	expectEnd(t, end)
	if got := busy.takeIdle(Demand{}); got != second {
		t.Errorf("got %v, want the one that was used last", got)
	}
	busy.give(second, 0, 0)
	busy.Leave()
	e.Retire()
	if n := e.names.idle.Load(); n != maxIdleOfNames-2 {
		t.Errorf("%d connections are counted, want only those of the others", n)
	}
}

func TestWhatCanBeAServerName(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"a": true, "a.test": true, "a_b-c.test": true, "xn--e1afmkfd.test": true, "1.2.3.4": true, "[::1]": true, "[2001:db8::a]": true,
		strings.Repeat("a", longestName): true,
		"":                               false, ".": false, "a.": false, ".a": false, "a..b": false, "*.test": false, "a b": false, "a+b": false, "\xc3\xa9": false,
		"A.test": false, "[": false, "[]": false, "[a]": false, "[::1": false, "[fe80::1%25eth0]": false, "[fe80::1%eth0]": false,
		strings.Repeat("a", longestName+1): false,
	} {
		if got := IsServerName([]byte(host)); got != want {
			t.Errorf("%q: got %t, want %t", host, got, want)
		}
	}
}

func TestARequestForAKnownNameAllocatesNothing(t *testing.T) {
	e := followingEndpoint(testEndpoint(Key{}).dialer, nowhere)
	host := []byte("shop.example.com")
	use(e, string(host), true)
	if n := testing.AllocsPerRun(100, func() { e.For(host).Leave() }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
