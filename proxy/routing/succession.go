// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// succession is how a generation follows the one before: what it has in place of that.
type succession struct {
	of      *Generation
	changes *snapshot.Changes
	pools   []balance.Change
	// stale are the tables of the generation before that have another pool of those, by their listeners. One may occur
	// several times, and one may be of a host that is another or gone.
	stale map[int][]*hostTable
	// came and went are the tables that only the generation, and only the one before, has.
	came, went []*hostTable
}

// hostsIn are the hosts of one listener of a snapshot, or those that are no listener's.
type hostsIn struct {
	list []snapshot.Host
	// listener is the listener's number, and at its address. They have the zero value for the others.
	listener int
	at       netip.AddrPort
}

// named returns the host of a name, or nil.
func (h *hostsIn) named(name string) *snapshot.Host {
	i, ok := slices.BinarySearchFunc(h.list, name, func(h snapshot.Host, name string) int { return cmp.Compare(h.Name, name) })
	if !ok {
		return nil
	}
	return &h.list[i]
}

// compilePools makes the pools of the generation, and notes which hosts have others than before.
func (n *succession) compilePools(before *Generation, state *State) error {
	n.stale = make(map[int][]*hostTable)
	edit := before.pools.Edit()
	for i := range n.changes.Pools {
		var change balance.Change
		var id string
		if from := n.changes.Pools[i].Before; from != nil {
			id, change.Before = from.ID, before.Pool(from.ID)
			edit.Delete(id)
		}
		if to := n.changes.Pools[i].After; to != nil {
			var err error
			if change.After, err = state.NewPool(to); err != nil {
				return fmt.Errorf("pool %q: %w", to.ID, err)
			}
			id = to.ID
			edit.Set(id, change.After)
		}
		n.pools = append(n.pools, change)
		for _, t := range state.hosts[id] {
			n.stale[t.listener] = append(n.stale[t.listener], t)
		}
	}
	n.of.pools = edit.Done()
	return nil
}

// compileHosts makes the router of some hosts from the router of those before, by what differs.
func (n *succession) compileHosts(hosts hostsIn, changes []snapshot.Change[snapshot.Host], before *Router, state *State) (Router, error) {
	edit := before.edit()
	replace := func(name string, h *snapshot.Host) error {
		var t *hostTable
		if h != nil {
			var err error
			if t, err = n.of.compileHost(h, hosts, state); err != nil {
				return fmt.Errorf("host %q: %w", name, err)
			}
			n.came = append(n.came, t)
		}
		if former := edit.put(name, t); former != nil {
			n.went = append(n.went, former)
		}
		return nil
	}
	for i := range changes {
		h := changes[i].After
		if h == nil {
			h = changes[i].Before
		}
		if err := replace(h.Name, changes[i].After); err != nil {
			return Router{}, err
		}
	}
	for _, t := range n.stale[hosts.listener] {
		if edit.host(t.name) != t {
			continue // It was compiled anew, or is gone.
		}
		if err := replace(t.name, hosts.named(t.name)); err != nil {
			return Router{}, err
		}
	}
	return edit.done(), nil
}

func (n *succession) compileListeners(before *Generation, state *State) error {
	g := n.of
	if list := g.Snapshot.Listeners; len(list) > 0 {
		g.numbers = make(map[netip.AddrPort]int, len(list))
		g.listeners = make(map[int]*Router, len(list))
	}
	changed := make(map[netip.AddrPort]*snapshot.ListenerChange)
	for i := range n.changes.Listeners {
		c := &n.changes.Listeners[i]
		if c.Before != nil && c.After == nil {
			before.listeners[before.numbers[c.Before.Address]].each(func(t *hostTable) { n.went = append(n.went, t) })
			continue
		}
		changed[c.After.Address] = c
	}
	for i := range g.Snapshot.Listeners {
		l := &g.Snapshot.Listeners[i]
		number := state.Listener(l)
		g.numbers[l.Address] = number
		former, there := before.listeners[number]
		var hosts []snapshot.Change[snapshot.Host]
		if c := changed[l.Address]; c != nil {
			hosts = c.Hosts
		}
		if there && len(hosts)+len(n.stale[number]) == 0 {
			g.listeners[number] = former
			continue
		}
		if !there {
			former = &Router{deep: true}
		}
		router, err := n.compileHosts(hostsIn{l.Hosts, number, l.Address}, hosts, former, state)
		if err != nil {
			return fmt.Errorf("listener %q: %w", l.Address, err)
		}
		g.listeners[number] = &router
	}
	return nil
}
