// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"math/big"
	random "math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/authservice"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/condition/conditiontest"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

var successions = flag.Int("successions", 600, "how many generations follow one another")

var (
	succeedingHosts     = []string{"", "*.a.io", "*.io", "a.io", "b.io", "c.io", "local", "x.a.io", "y.a.io"} // sorted
	succeedingListeners = []netip.AddrPort{{}, netip.MustParseAddrPort("192.0.2.1:443"), netip.MustParseAddrPort("192.0.2.2:443")}
	succeedingPools     = []string{"n/p0:1", "n/p1:1", "n/p2:1", "m/p3:1"}
	succeedingOwners    = []string{"one", "one", "two"}
)

// latePool comes and goes. Routes that need it are not served without.
const latePool = "n/late:1"

// history makes one snapshot of another one by a few changes.
type history struct {
	*random.Rand
	certificates []snapshot.Certificate
	terms        []*clientcert.Terms
}

func choose[T any](h *history, from ...T) T { return from[h.IntN(len(from))] }

func newHistory(t *testing.T) *history {
	t.Helper()
	h := &history{Rand: random.New(random.NewPCG(7, 8))}
	for range 3 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		h.certificates = append(h.certificates, snapshot.Certificate{
			Chain: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
			Key:   string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
		})
	}
	h.terms = []*clientcert.Terms{{Authorities: h.certificates[0].Chain}, {Authorities: h.certificates[0].Chain, Depth: 1}, {Authorities: "none"}}
	return h
}

func (h *history) route(path string) snapshot.Route {
	pool := func() string { return choose(h, succeedingPools...) }
	r := snapshot.Route{
		Rule: snapshot.RuleID{Ingress: choose(h, "n/a", "n/b", "m/c"), Path: h.IntN(9)}, Path: path, Pool: pool(), Retries: h.IntN(3),
		Match: choose(h, snapshot.MatchPrefix, snapshot.MatchExact),
	}
	r.Balancing.Policy = choose(h, snapshot.RoundRobin, snapshot.RoundRobin, snapshot.LeastRequest)
	switch h.IntN(10) {
	case 0:
		r.Pool, r.Backends = "", []snapshot.Backend{{Pool: pool(), Weight: 1}, {Pool: pool(), Weight: 2, Policies: []policy.Policy{&policy.RateLimit{PerSecond: 1, Burst: 1}}}}
	case 1:
		r.Mirrors = []snapshot.Mirror{{Pool: pool(), Numerator: h.IntN(2), Denominator: 1}}
	case 2:
		r.ErrorPages = []snapshot.ErrorPage{{Pool: pool(), Statuses: []int{404}, Path: "/404"}}
	case 3:
		r.Fallback = &snapshot.Fallback{Pool: pool()}
	case 4:
		r.Policies = []policy.Policy{&policy.RateLimit{PerSecond: 1, Burst: 1 + h.IntN(2)}}
	case 5:
		r.Policies = []policy.Policy{&auth.External{Pool: latePool, CacheKey: "$http_a", CacheFor: time.Minute}}
	case 6:
		r.Persistence = &snapshot.Persistence{Name: "k"}
	case 7:
		r.Conditions = conditiontest.OnHeaders("a=1")
		r.Conditions.Headers[0].Value, r.Conditions.Headers[0].Match = choose(h, "1|2", "[1-3]", "1"), snapshot.ValueRegularExpression
	}
	return r
}

func (h *history) host(name string, asks bool) snapshot.Host {
	of := snapshot.Host{Name: name, Owner: choose(h, succeedingOwners...), Alone: h.IntN(6) == 0, RedirectHTTPS: h.IntN(4) == 0}
	if asks && h.IntN(6) == 0 {
		of.Clients = choose(h, h.terms...)
	}
	for _, path := range []string{"/", "/a", "/a/b", "/b%2Fc"} {
		if h.IntN(3) > 0 {
			of.Routes = append(of.Routes, h.route(path))
		}
	}
	if h.IntN(4) == 0 {
		of.Routes = append(of.Routes, snapshot.Route{
			Rule: snapshot.RuleID{Ingress: "n/x"}, Path: choose(h, "/e{2,3}", "/f.*"), Match: snapshot.MatchExpression, Pool: choose(h, succeedingPools...),
		})
	}
	sortRoutes(of.Routes)
	return of
}

// change puts another host in the place of one, or takes it out.
func (h *history) change(hosts []snapshot.Host, asks bool) []snapshot.Host {
	name := choose(h, succeedingHosts...)
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(of snapshot.Host) bool { return of.Name == name })
	if h.IntN(3) > 0 {
		hosts = append(hosts, h.host(name, asks))
	}
	slices.SortFunc(hosts, func(a, b snapshot.Host) int { return cmp.Compare(a.Name, b.Name) })
	return hosts
}

func (h *history) pool(id string) snapshot.Pool {
	p := snapshot.Pool{ID: id, Service: strings.TrimSuffix(id, ":1"), H2C: h.IntN(5) == 0}
	if h.IntN(3) == 0 {
		p.H2C, p.TLS = false, snapshot.UpstreamTLS{ServerName: choose(h, "a", "b"), Authorities: choose(h, "", h.certificates[0].Chain, strings.Clone(h.certificates[0].Chain))}
	}
	for i := range h.IntN(4) {
		p.Endpoints = append(p.Endpoints, snapshot.Endpoint{
			ID: fmt.Sprint("task/", i), Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(h.IntN(4))}), 80),
			Weight: h.IntN(3), Draining: h.IntN(5) == 0, Checked: h.IntN(2) == 0,
		})
	}
	return p
}

// check lists the checks that a snapshot's pools need.
func (h *history) check(s *snapshot.Snapshot) {
	before := s.Checks
	s.Checks = nil
	for i := range 4 {
		id := fmt.Sprint("task/", i)
		needed := slices.ContainsFunc(s.Pools, func(p snapshot.Pool) bool {
			return slices.ContainsFunc(p.Endpoints, func(e snapshot.Endpoint) bool { return e.ID == id && e.Checked })
		})
		if !needed {
			continue
		}
		c := snapshot.Check{ID: id, Namespace: "n", Interval: time.Duration(1+h.IntN(2)) * time.Hour, Timeout: 1, HealthyThreshold: 1, UnhealthyThreshold: 1}
		if at := slices.IndexFunc(before, func(b snapshot.Check) bool { return b.ID == id }); at >= 0 && h.IntN(4) > 0 {
			c = before[at]
		}
		s.Checks = append(s.Checks, c)
	}
}

func (h *history) changeCertificates(list []snapshot.Certificate) []snapshot.Certificate {
	list = slices.Clone(list)
	id := fmt.Sprint("n/c", h.IntN(6))
	at := slices.IndexFunc(list, func(c snapshot.Certificate) bool { return c.ID == id })
	switch {
	case at >= 0 && h.IntN(3) == 0:
		return slices.Delete(list, at, at+1)
	case h.IntN(6) == 0:
		h.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		return list
	case at < 0:
		at = h.IntN(len(list) + 1)
		list = slices.Insert(list, at, snapshot.Certificate{ID: id})
	}
	of := choose(h, h.certificates...)
	c := &list[at]
	c.Chain, c.Key, c.Owner, c.Default, c.Hosts = of.Chain, of.Key, choose(h, succeedingOwners...), h.IntN(6) == 0, nil
	for _, name := range succeedingHosts[1:] {
		if h.IntN(3) == 0 {
			c.Hosts = append(c.Hosts, name)
		}
	}
	return list
}

func (h *history) changeListeners(s *snapshot.Snapshot) {
	at := choose(h, succeedingListeners[1:]...)
	list := slices.Clone(s.Listeners)
	i := slices.IndexFunc(list, func(l snapshot.Listener) bool { return l.Address == at })
	switch {
	case i < 0:
		list = append(list, snapshot.Listener{Address: at, TLS: true, Owner: choose(h, succeedingOwners...)})
	case h.IntN(6) == 0:
		list = slices.Delete(list, i, i+1)
	case h.IntN(7) == 0:
		list[i].Owner = choose(h, succeedingOwners...)
	case h.IntN(4) == 0:
		list[i].Names = nil
		for _, name := range succeedingHosts {
			n := snapshot.ServedName{Name: name}
			for j := range s.Certificates {
				if h.IntN(4) == 0 {
					n.Certificates = append(n.Certificates, s.Certificates[j].ID)
				}
			}
			if h.IntN(5) == 0 {
				n.Clients.Authorities, n.Clients.Optional = h.certificates[h.IntN(2)].Chain, h.IntN(2) == 0
			}
			if h.IntN(2) == 0 {
				list[i].Names = append(list[i].Names, n)
			}
		}
	default:
		list[i].Hosts = h.change(list[i].Hosts, false)
	}
	slices.SortFunc(list, func(a, b snapshot.Listener) int { return a.Address.Compare(b.Address) })
	s.Listeners = list
}

// next returns a snapshot with a few changes. It shares what it does not change, or has none of the memory of s.
func (h *history) next(s *snapshot.Snapshot) *snapshot.Snapshot {
	n := *s
	for range 1 + h.IntN(3) {
		switch h.IntN(8) {
		case 0, 1:
			n.Hosts = h.change(n.Hosts, true)
		case 2, 3:
			n.Pools = slices.Clone(n.Pools)
			id := choose(h, append(succeedingPools, latePool)...)
			at := slices.IndexFunc(n.Pools, func(p snapshot.Pool) bool { return p.ID == id })
			switch {
			case at < 0:
				n.Pools = append(n.Pools, h.pool(id))
			case id == latePool:
				n.Pools = slices.Delete(n.Pools, at, at+1)
			default:
				n.Pools[at] = h.pool(id)
			}
			slices.SortFunc(n.Pools, func(a, b snapshot.Pool) int { return cmp.Compare(a.ID, b.ID) })
			h.check(&n)
		case 4:
			n.Certificates = h.changeCertificates(n.Certificates)
			n.Listeners = slices.Clone(n.Listeners)
			for i := range n.Listeners { // What is gone is not named any more.
				l := &n.Listeners[i]
				l.Names = slices.Clone(l.Names)
				for j := range l.Names {
					l.Names[j].Certificates = slices.DeleteFunc(slices.Clone(l.Names[j].Certificates), func(id string) bool {
						return !slices.ContainsFunc(n.Certificates, func(c snapshot.Certificate) bool { return c.ID == id })
					})
				}
			}
		case 5, 6:
			h.changeListeners(&n)
		case 7:
			n.Challenges = nil
			for _, host := range []string{"a.io", "b.io"} {
				if h.IntN(2) == 0 {
					n.Challenges = append(n.Challenges, snapshot.Challenge{Host: host, Token: "t", KeyAuthorization: choose(h, "t.1", "t.2"), Type: snapshot.ChallengeType(h.IntN(2))})
				}
			}
		}
	}
	if h.IntN(8) == 0 {
		n.Hosts, n.Pools, n.Checks, n.Certificates = anew(n.Hosts), anew(n.Pools), slices.Clone(n.Checks), slices.Clone(n.Certificates)
		for i := range n.Hosts {
			n.Hosts[i].Name, n.Hosts[i].Routes = strings.Clone(n.Hosts[i].Name), slices.Clone(n.Hosts[i].Routes)
			if c := n.Hosts[i].Clients; c != nil {
				same := *c
				n.Hosts[i].Clients = &same
			}
		}
		for i := range n.Pools {
			n.Pools[i].Endpoints, n.Pools[i].TLS.Authorities = slices.Clone(n.Pools[i].Endpoints), strings.Clone(n.Pools[i].TLS.Authorities)
		}
	}
	return &n
}

func anew[T any](list []T) []T { return slices.Clone(list) }

// answers is all that a generation says of requests and handshakes.
func answers(t *testing.T, g *Generation) (lines []string) {
	t.Helper()
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	say("%d routes", g.Routes())
	for i := range g.Snapshot.Pools {
		p := g.Pool(g.Snapshot.Pools[i].ID)
		say("pool %s: %+v, %d take requests", p.ID, p.Describe(), p.Taking())
	}
	requests := []*message.Request{conditiontest.RequestOf("GET", ""), conditiontest.RequestOf("GET", "", "a: 2")}
	for _, at := range succeedingListeners {
		router := g.At(g.ListenerAt(at))
		for _, host := range []string{"a.io", "b.io", "x.io", "x.a.io", "z.a.io", "q.x.a.io", "local", "other"} {
			say("%v %s: redirected %t, asks %t", at, host, router.Redirected([]byte(host)), router.Asking.Asks([]byte(host)))
			for _, server := range []string{"a.io", "x.a.io", "other"} {
				say("%v %s to %s: misdirected %t", at, host, server, router.Names != nil && router.Names.Misdirected(server, "", []byte(host)))
			}
			for i, req := range requests {
				for _, path := range []string{"/", "/a", "/a/b/c", "/b%2Fc", "/b/c", "/ee", "/f"} {
					found := router.Find(req, []byte(host), []byte(path), canonical.AsItIs)
					ambiguous, _ := router.Ambiguous(req, nil, []byte(host), []byte(path), found)
					say("%v %s%s %d: %s, ambiguous %t", at, host, path, i, shown(t, g, found), ambiguous)
				}
			}
			say("%v %s: %s", at, host, identified(g, at, host))
		}
	}
	return lines
}

// identified is who the proxy is to clients for a host.
func identified(g *Generation, at netip.AddrPort, host string) string {
	set := g.Identity
	var say string
	if at.IsValid() {
		index, others, ok, terms := set.CommonAt(at, host)
		say = fmt.Sprint(index, others, ok, terms)
		set = set.Listener(at)
	} else {
		index, others, ok := set.Common(host)
		say = fmt.Sprint(index, others, ok)
		for i := range g.Snapshot.Certificates {
			_, notAfter := set.Validity(i)
			say += fmt.Sprint(" ", notAfter.Unix())
		}
	}
	hello := &tls.ClientHelloInfo{
		ServerName: host, SupportedVersions: []uint16{tls.VersionTLS13}, SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
	}
	if c := set.Certificate(hello); c != nil {
		say += fmt.Sprintf(" %x", c.Certificate[0][len(c.Certificate[0])-8:])
	}
	hello.SupportedProtos = []string{"acme-tls/1"}
	return say + fmt.Sprintf(" %s %t", set.Proof([]byte("GET"), []byte(host), []byte("/.well-known/acme-challenge/t")), set.Handshake(hello) != nil)
}

// shown is what a route does. It fails if the route leads to a pool that is not the generation's.
func shown(t *testing.T, g *Generation, r *Route) string {
	t.Helper()
	if r == nil {
		return "none"
	}
	pool := func(p *balance.Pool) string {
		if p == nil {
			return "no pool"
		}
		if g.Pool(p.ID) != p {
			t.Fatalf("a route leads to a pool %q that is not served", p.ID)
		}
		return p.ID
	}
	backend := func(b *Backend) string {
		s := pool(b.Pool) + " " + fmt.Sprint(*b.Names, " ", len(b.Policies.Request))
		if b.Pool != nil && !b.Pool.Serves(r.Balancing.Policy) {
			t.Fatalf("pool %q is not ready for a route", b.Pool.ID)
		}
		return s
	}
	text := fmt.Sprintf("%v %s %s %d %d", r.Names, r.Mark, backend(&r.Backend), r.Retries, len(r.Policies.Request))
	if r.Split != nil {
		for i := range r.Split.backends {
			text += " split " + backend(&r.Split.backends[i])
		}
	}
	for i := range r.Mirrors {
		text += " mirror " + pool(r.Mirrors[i].Pool)
	}
	if p := r.ErrorPages.For(404); p != nil {
		text += " page " + pool(p.Pool)
	}
	if r.Fallback != nil {
		text += " fallback " + backend(&r.Fallback.Backend)
	}
	for i := range r.SessionsAt {
		if text += " session at " + pool(r.SessionsAt[i].Pool); r.Sessions == nil {
			text += ", which are not kept"
		}
	}
	return text
}

// kept is what a state has, as text.
func kept(s *State) (lines []string) {
	for by := range s.kept.All() {
		lines = append(lines, fmt.Sprintf("kept %v", by))
	}
	for text := range s.texts.All() {
		lines = append(lines, fmt.Sprintf("text %v", text))
	}
	for at := range s.numbers {
		lines = append(lines, fmt.Sprintf("number %v", at))
	}
	for id, tables := range s.hosts {
		for _, t := range tables {
			lines = append(lines, fmt.Sprintf("host %q has %q", t.name, id))
		}
	}
	s.Metrics.Each(func(ingress, service string) { lines = append(lines, "series "+ingress+" "+service) })
	for key, target := range s.All() {
		lines = append(lines, fmt.Sprintf("target %s %v %t %t, retired %t", key.Namespace, key.Address, key.TLS != nil, key.H2C, target.Retired()))
	}
	terms, authorities := s.Kept()
	pools, namespaces, checked := s.Remembered()
	clients, verifiers := s.identity.Kept()
	for i := range 4 {
		if report, ok := s.prober.Report(fmt.Sprint("task/", i)); ok {
			lines = append(lines, fmt.Sprintf("task %d: %v", i, report))
		}
	}
	lines = append(lines, fmt.Sprintf(
		"%d terms, %d lists of authorities, %d pools, %d namespaces, %d checked, %d proofs, %d verifiers", terms, authorities, pools, namespaces, checked, clients, verifiers))
	slices.Sort(lines)
	return lines
}

// A generation that shares with the one before says the same as one that is compiled from nothing. What is not served
// any more leaves nothing behind, and neither does what was refused or looked at only. Requests go on meanwhile.
func TestAGenerationThatSharesIsLikeOneFromNothing(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	newState := func() *State {
		s := newTestState()
		s.AuthServices = new(authservice.Client)
		return s
	}
	state, running := newState(), Nothing()
	var serving atomic.Pointer[Generation]
	serving.Store(running)
	var requests sync.WaitGroup
	defer requests.Wait()
	done := make(chan struct{})
	defer close(done)
	requests.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			g := serving.Load()
			for _, host := range succeedingHosts {
				g.Find(bare, []byte(host), []byte("/a"), canonical.AsItIs)
				g.Identity.Certificate(&tls.ClientHelloInfo{ServerName: host, SupportedVersions: []uint16{tls.VersionTLS13}})
				g.Identity.Common(host)
			}
		}
	})
	s := new(snapshot.Snapshot)
	for _, id := range succeedingPools {
		s.Pools = append(s.Pools, h.pool(id))
	}
	slices.SortFunc(s.Pools, func(a, b snapshot.Pool) int { return cmp.Compare(a.ID, b.ID) })
	h.check(s)
	unchanged, shared := 0, 0
	for i := range *successions {
		s = h.next(s)
		g, err := Compile(s, running, state)
		if err != nil {
			t.Fatalf("snapshot %d: %v", i, err)
		}
		fresh := newState()
		fresh.seed = state.seed
		want := servedForTest(t, s, Nothing(), fresh)
		if g.Number == running.Number {
			unchanged++
		} else {
			state.Adopt(g)
			serving.Store(g)
			state.KeepOnly(g)
		}
		running.each(func(was *hostTable) {
			if g.At(was.listener).host(was.name) == was {
				shared++
			}
		})
		running = g
		if d := diff.Diff(answers(t, want), answers(t, g)); d != "" {
			t.Fatalf("generation %d (-from nothing +shared):\n%s", i, d)
		}
		if d := diff.Diff(kept(fresh), kept(state)); d != "" {
			t.Fatalf("after generation %d (-from nothing +kept):\n%s", i, d)
		}
		if i%3 > 0 {
			continue
		}
		// What is looked at only, and what is refused, leaves nothing.
		looked := h.next(h.next(s))
		if i%2 == 0 {
			looked.Hosts = append(slices.Clone(looked.Hosts), snapshot.Host{Name: "~", Routes: []snapshot.Route{{Path: "/", Pool: "nowhere"}}})
		}
		if _, err := Compile(looked, running, state); (err == nil) != (i%2 == 1) {
			t.Fatalf("the error is %v", err)
		}
		state.KeepOnly(running)
		if d := diff.Diff(kept(fresh), kept(state)); d != "" {
			t.Fatalf("after a look at another one after generation %d (-from nothing +kept):\n%s", i, d)
		}
	}
	t.Logf("%d generations changed nothing; %d tables were shared", unchanged, shared)
	if unchanged == 0 || shared == 0 {
		t.Error("nothing was shared, or each snapshot changed something: the test has lost its meaning")
	}
	last := compileForTest(t, new(snapshot.Snapshot), running, state)
	state.Adopt(last)
	state.KeepOnly(last)
	if d := diff.Diff(kept(newTestState()), kept(state)); d != "" {
		t.Errorf("of nothing is left (-want +got):\n%s", d)
	}
}
