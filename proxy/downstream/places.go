// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// places are the places for clients' connections. If all are taken, the connection that has been idle for longest
// gives way to a new one. Where none is idle, the tunnel does in which nothing has moved for longest. An address that
// has more than a quarter of them gives way first, whatever runs on its connections, and its new connections take its
// own places only. Connections are counted when they come, begin their protocol and end. No request touches the
// places.
type places struct {
	// most is how many there are, 0 for any number.
	most  int
	conns *registry
	// stands says whether an address stands for many clients, as that of a proxy does.
	stands func(netip.Addr) bool
	// silence is how long nothing may move in a tunnel until it may have to give way. 0 is for ever.
	silence time.Duration
	now     func() time.Duration

	mu sync.Mutex // guards the following fields, and those of each place
	// open is how many are taken, and leaving how many of these give way.
	open, leaving int
	peers         map[netip.Addr]int
	// candidates may give way, the first one first. The next look for others is not before the time again.
	candidates []candidate
	again      time.Duration
}

// place is a connection's.
type place struct {
	peer netip.Addr
	// yields is set once the connection gives way, left once it has ended.
	yields, left bool
}

// candidate is a connection that may give way.
type candidate struct {
	conn  Conn
	place *place
	// since is when it became idle or silent, or, if it is busy, when it came.
	since time.Duration
	rank  rank
}

// rank orders candidates.
type rank uint8

const (
	// idleOfMany is an idle connection of an address that has more than its share. anyIdle is any other idle one.
	idleOfMany rank = iota
	anyIdle
	// silentTunnel is a connection that carries only tunnels in which nothing moves.
	silentTunnel
	// busyOfMany is a busy one of an address that has more than its share. The youngest goes first.
	busyOfMany
)

const (
	// shareOf is the part of all places that one address may have while others wait.
	shareOf = 4
	// lookRest is the time until the next look, for each connection that was looked at. That takes a twentieth of it.
	lookRest = time.Microsecond
	// candidatesOf is the part of all places that a look remembers candidates for, and candidatesLeast the least number.
	candidatesOf, candidatesLeast = 16, 64
)

// keyOf returns what an address is counted under: a client of IPv6 has a /64 (RFC 6177).
func keyOf(address netip.Addr) netip.Addr {
	if address.Is6() {
		if prefix, err := address.Prefix(64); err == nil {
			return prefix.Addr()
		}
	}
	return address
}

// take takes a place for a connection. It returns false if there is none, and nobody gives way.
func (p *places) take(to *place, from netip.Addr) bool {
	p.mu.Lock()
	to.peer = keyOf(from)
	p.open++
	p.count(to.peer, 1)
	full := p.most > 0 && p.open-p.leaving > p.most
	p.mu.Unlock()
	if !full || p.clear(to) {
		return true
	}
	p.leave(to)
	return false
}

// move counts a connection under the address that a PROXY header named. If all places are taken and the address has
// more than its share, an idle connection of its own gives way. If none does, move gives the place back and returns
// false.
func (p *places) move(of *place, from netip.Addr) bool {
	p.mu.Lock()
	p.count(of.peer, -1)
	of.peer = keyOf(from)
	p.count(of.peer, 1)
	full := p.most > 0 && p.open-p.leaving >= p.most
	beyond := full && !of.yields && p.exceeds(of.peer)
	p.mu.Unlock()
	if !beyond || p.clear(of) {
		return true
	}
	p.leave(of)
	return false
}

// leave gives a place back.
func (p *places) leave(from *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open--
	p.count(from.peer, -1)
	if from.left = true; from.yields {
		p.leaving--
	}
}

func (p *places) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

func (p *places) count(peer netip.Addr, n int) {
	if p.peers == nil {
		p.peers = make(map[netip.Addr]int)
	}
	if p.peers[peer] += n; p.peers[peer] == 0 {
		delete(p.peers, peer)
	}
}

// exceeds returns whether an address has more than its share.
func (p *places) exceeds(peer netip.Addr) bool {
	return p.peers[peer] > max(1, p.most/shareOf) && !p.stands(peer)
}

// clear has a connection give way to a new one. It returns false if none does.
func (p *places) clear(newcomer *place) bool {
	for {
		c, ok := p.next(newcomer)
		if !ok {
			return false
		}
		if !c.yield() {
			continue
		}
		p.mu.Lock()
		if !c.place.left {
			c.place.yields = true
			p.leaving++
		}
		hasty := p.leaving > max(candidatesLeast, p.most/candidatesOf)
		p.mu.Unlock()
		if hasty {
			c.conn.Abort() // Those that say goodbye must not become too many.
		}
		return true
	}
}

// yield has the candidate give way. It returns false if it does not any more.
func (c *candidate) yield() bool {
	switch c.rank {
	case busyOfMany:
		c.conn.Abort()
		return true
	case silentTunnel:
		return c.conn.YieldSilent(c.since)
	}
	return c.conn.Yield(c.since)
}

// next returns the next candidate to give way to a new connection.
func (p *places) next(newcomer *place) (c candidate, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	many := p.exceeds(newcomer.peer)
	for looked := false; ; looked = true {
		i := slices.IndexFunc(p.candidates, func(c candidate) bool {
			switch {
			case c.place.left || c.place.yields || c.place == newcomer:
				return false
			case many:
				return c.place.peer == newcomer.peer && c.rank != busyOfMany
			}
			return c.rank != busyOfMany || p.exceeds(c.place.peer)
		})
		if i >= 0 {
			c = p.candidates[i]
			p.candidates = slices.Delete(p.candidates, i, i+1)
			return c, true
		}
		if looked || !p.look() {
			return c, false
		}
	}
}

// look finds candidates among all connections. It returns false if there was a look just now.
func (p *places) look() bool {
	now := p.now()
	if now < p.again {
		return false
	}
	clear(p.candidates)
	p.candidates = p.candidates[:0]
	p.conns.each(func(c Conn) {
		of, came := c.Place()
		if of.left || of.yields {
			return
		}
		many := p.exceeds(of.peer)
		moved, silent := c.SilentSince()
		switch since, idle := c.IdleSince(); {
		case idle && many:
			p.candidates = append(p.candidates, candidate{c, of, since, idleOfMany})
		case idle:
			p.candidates = append(p.candidates, candidate{c, of, since, anyIdle})
		case silent && p.silence > 0 && now-moved > p.silence:
			p.candidates = append(p.candidates, candidate{c, of, moved, silentTunnel})
		case many:
			p.candidates = append(p.candidates, candidate{c, of, came, busyOfMany})
		}
	})
	slices.SortFunc(p.candidates, func(a, b candidate) int {
		order := cmp.Compare(a.since, b.since)
		if a.rank == busyOfMany {
			order = -order
		}
		return cmp.Or(cmp.Compare(a.rank, b.rank), order)
	})
	if most := max(candidatesLeast, p.most/candidatesOf); len(p.candidates) > most {
		clear(p.candidates[most:])
		p.candidates = p.candidates[:most]
	}
	p.again = now + lookRest*time.Duration(p.open)
	return true
}
