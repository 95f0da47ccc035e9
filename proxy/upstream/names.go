// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/upstream/tlsterms"
)

// A server may answer 421 to a request for another host than the one that the connection's handshake named, and its
// certificate was verified for that one alone. So if the server name follows the request, an endpoint has a part for
// each name, which is an endpoint of its own: idle connections, shared ones, those that clients are logged in on and
// the session to resume are all one name's.

const (
	// maxNames bounds the names that an endpoint holds connections for. Where a rule is for a wildcard, clients choose
	// the names. The name that was used longest ago gives way.
	maxNames = 1024
	// maxNamesOfAll bounds the names of all endpoints together that are more than leastNames of each. Beyond it, an
	// endpoint holds no more names than it has, so that nobody's clients drive out the names of somebody else's
	// endpoints.
	maxNamesOfAll = 4096
	leastNames    = 8
	// maxIdleOfNames bounds the idle connections of all parts, as those of an endpoint without parts are bounded.
	maxIdleOfNames = idleShards * idlePerShard
	// longestName is how long a name of DNS may be.
	longestName = 253
)

// names are the parts of an endpoint, one for each server name.
type names struct {
	whole *Endpoint
	tls   *tlsterms.TLS
	// idle counts the idle connections of all parts.
	idle atomic.Int32

	mu   sync.Mutex // guards what follows, and what parts say that it guards
	held map[string]*Endpoint
	// trusted counts the parts that are. owed counts those of them that came when all endpoints had too many, and for
	// which none has given way yet.
	trusted, owed int
}

// part is what an endpoint is besides, if it is the part of another one that serves one name.
type part struct {
	of   *names
	name string

	// names.mu guards these: how many requests use the part, when the last one ceased to, and whether the endpoint
	// proved to be what the name says.

	users   int
	used    time.Duration
	trusted bool
}

func newNames(e *Endpoint, terms *tlsterms.TLS) *names {
	return &names{whole: e, tls: terms, held: make(map[string]*Endpoint)}
}

// Follows says whether the endpoint has a part for each server name, so that requests go to [Endpoint.For].
func (e *Endpoint) Follows() bool { return e.names != nil }

// For returns the part of the endpoint that serves requests for a canonical host, for a request that calls
// [Endpoint.Leave] when it has ended. If the host can be no server name, that is the endpoint itself.
func (e *Endpoint) For(host []byte) *Endpoint {
	n := e.names
	n.mu.Lock()
	defer n.mu.Unlock()
	found := n.held[string(host)]
	if found == nil {
		if !IsServerName(host) {
			return e
		}
		found = n.addLocked(string(host))
	}
	found.part.users++
	return found
}

// Leave ends a request's use of what [Endpoint.For] returned.
func (e *Endpoint) Leave() {
	p := e.part
	if p == nil {
		return
	}
	n, now := p.of, e.dialer.clock.Now()
	n.mu.Lock()
	p.users--
	p.used = now
	var gone []*Endpoint
	if p.users == 0 && (!p.trusted || n.whole.retired.Load()) {
		n.forgetLocked(e)
		gone = append(gone, e)
	}
	for n.full() { // names in use are not forgotten, so that there may be more for a while
		oldest := n.forgetOldestLocked()
		if oldest == nil {
			break
		}
		gone = append(gone, oldest)
	}
	n.mu.Unlock()
	for _, part := range gone {
		part.Retire()
	}
}

// IsServerName says whether a canonical host can be the name that a certificate is for: a name of DNS or an IP address.
func IsServerName(host []byte) bool {
	if len(host) == 0 || len(host) > longestName {
		return false
	}
	if last := len(host) - 1; host[0] == '[' && host[last] == ']' {
		address, err := netip.ParseAddr(string(host[1:last]))
		return err == nil && address.Zone() == ""
	}
	before := byte('.')
	for _, c := range host {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		case c == '.' && before != '.':
		default:
			return false
		}
		before = c
	}
	return before != '.'
}

// full says whether there are too many names. One that never led to a connection counts for none: clients can make up
// as many as they like, and would drive out all others.
func (n *names) full() bool {
	return n.trusted > maxNames || n.trusted > leastNames && n.owed > 0
}

func (n *names) addLocked(name string) *Endpoint {
	w := n.whole
	e := &Endpoint{address: w.address, text: w.text, dialer: w.dialer, part: &part{of: n, name: name}}
	e.tls, e.tlsHTTP1 = n.tls.ForEndpoint(name)
	e.retired.Store(w.retired.Load())
	n.held[name] = e
	return e
}

func (n *names) forgetLocked(e *Endpoint) {
	delete(n.held, e.part.name)
	if !e.part.trusted {
		return
	}
	n.owed = max(n.owed-1, 0)
	if n.trusted--; n.trusted >= leastNames {
		n.whole.dialer.names.Add(-1)
	}
}

// forgetOldestLocked forgets the name whose last request ended longest ago. It returns nil if all are in use. The
// caller retires the part once it has unlocked.
func (n *names) forgetOldestLocked() (oldest *Endpoint) {
	for _, e := range n.held {
		if e.part.users == 0 && (oldest == nil || e.part.used < oldest.part.used) {
			oldest = e
		}
	}
	if oldest != nil {
		n.forgetLocked(oldest)
	}
	return oldest
}

func (n *names) list() (parts []*Endpoint) {
	if n == nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range n.held {
		parts = append(parts, e)
	}
	return parts
}

// forgetUnused forgets the parts that no request uses, if when says so of their last use.
func (n *names) forgetUnused(when func(used time.Duration) bool) {
	n.mu.Lock()
	var gone []*Endpoint
	for _, e := range n.held {
		if e.part.users == 0 && when(e.part.used) {
			n.forgetLocked(e)
			gone = append(gone, e)
		}
	}
	n.mu.Unlock()
	for _, e := range gone {
		e.Retire()
	}
}

func (n *names) retire() {
	if n == nil {
		return
	}
	n.forgetUnused(func(time.Duration) bool { return true })
	for _, e := range n.list() {
		e.Retire()
	}
}

func (n *names) resume() {
	for _, e := range n.list() {
		e.Resume()
	}
}

func (n *names) expire(now time.Duration) {
	if n == nil {
		return
	}
	n.forgetUnused(func(used time.Duration) bool { return now-used > IdleTimeout })
	for _, e := range n.list() {
		e.Expire(now)
	}
}

// whole returns the endpoint that e is a part of, or e.
func (e *Endpoint) whole() *Endpoint {
	if e.part == nil {
		return e
	}
	return e.part.of.whole
}

// proved notes that the endpoint is what the name says.
func (p *part) proved() {
	if p == nil {
		return
	}
	n := p.of
	n.mu.Lock()
	defer n.mu.Unlock()
	if held := n.held[p.name]; held != nil && held.part == p && !p.trusted {
		p.trusted = true
		if n.trusted++; n.trusted > leastNames && n.whole.dialer.names.Add(1) > maxNamesOfAll {
			n.owed++
		}
	}
}

// mayRest says whether one more connection may rest, and counts it. If there are too many, those of the name that was
// used longest ago are closed first.
func (p *part) mayRest() bool {
	if p == nil || p.of.rest() {
		return true
	}
	n := p.of
	n.mu.Lock()
	gone := n.forgetOldestLocked()
	n.mu.Unlock()
	if gone == nil {
		return false
	}
	gone.Retire()
	return n.rest()
}

func (n *names) rest() bool {
	if n.idle.Add(1) <= maxIdleOfNames {
		return true
	}
	n.idle.Add(-1)
	return false
}

// tookIdle notes that a connection rests no more.
func (p *part) tookIdle() {
	if p != nil {
		p.of.idle.Add(-1)
	}
}
