// SPDX-License-Identifier: Apache-2.0

package turns

import (
	"net/netip"
	"slices"
)

// Line has those who wait, each for a client. Clients take turns, so that one for whom many wait delays none of the
// others by more than one of these at a time. A line that is full has somebody give way of the client for whom most
// wait: until then, as many may wait for a client as there is room for, because many people may come by one address.
// Its zero value has no room. It is not for use by several goroutines at once.
type Line[W comparable] struct {
	// Room is how many may wait.
	Room int

	waiting int
	clients map[netip.Addr]*party[W]
	// turns are the clients for whom somebody waits, in the order in which they are served.
	turns []*party[W]
}

// party is those who wait for one client, in their order.
type party[W comparable] struct {
	client  netip.Addr
	waiting []W
}

// Client returns what tells clients apart: an address, or of IPv6 the network of 64 bits that one client has all of.
func Client(address netip.Addr) netip.Addr {
	address = address.Unmap()
	if !address.Is6() {
		return address
	}
	of, _ := address.WithZone("").Prefix(64) // an address of IPv6 has one
	return of.Addr()
}

// Len returns how many wait.
func (l *Line[W]) Len() int { return l.waiting }

// Join has one wait for a client, unless there is no room, and as many wait for the client as for any. If another one
// has to give way, gave is set, and that one waits no longer.
func (l *Line[W]) Join(client netip.Addr, w W) (joined bool, out W, gave bool) {
	own := l.clients[client]
	if l.waiting >= l.Room {
		greediest := own
		for _, p := range l.turns {
			if greediest == nil || len(p.waiting) > len(greediest.waiting) {
				greediest = p
			}
		}
		has := 0
		if own != nil {
			has = len(own.waiting)
		}
		if greediest == nil || len(greediest.waiting) <= has+1 { // they would only change places
			return false, out, false
		}
		last := len(greediest.waiting) - 1 // there are two or more, so the client stays
		out, gave = greediest.waiting[last], true
		greediest.waiting = slices.Delete(greediest.waiting, last, last+1)
		l.waiting--
	}
	if own == nil {
		if l.clients == nil {
			l.clients = make(map[netip.Addr]*party[W])
		}
		own = &party[W]{client: client}
		l.clients[client] = own
		l.turns = append(l.turns, own)
	}
	own.waiting = append(own.waiting, w)
	l.waiting++
	return true, out, gave
}

// Next returns whose turn it is. That one waits no longer. ok is false if nobody waits.
func (l *Line[W]) Next() (next W, ok bool) {
	if len(l.turns) == 0 {
		return next, false
	}
	p := l.turns[0]
	l.turns = slices.Delete(l.turns, 0, 1)
	next = p.waiting[0]
	p.waiting = slices.Delete(p.waiting, 0, 1)
	l.waiting--
	if len(p.waiting) > 0 {
		l.turns = append(l.turns, p)
	} else {
		delete(l.clients, p.client)
	}
	return next, true
}

// Leave has one wait no longer. It returns false if it did not wait.
func (l *Line[W]) Leave(client netip.Addr, w W) bool {
	p := l.clients[client]
	if p == nil {
		return false
	}
	i := slices.Index(p.waiting, w)
	if i < 0 {
		return false
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	l.waiting--
	if len(p.waiting) == 0 {
		delete(l.clients, client)
		i := slices.Index(l.turns, p)
		l.turns = slices.Delete(l.turns, i, i+1)
	}
	return true
}
