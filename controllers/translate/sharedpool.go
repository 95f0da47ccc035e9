// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"reflect"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// sharedPool is a pool that rules of any number of islands refer to.
type sharedPool struct {
	pool
	// seats are those of the islands whose rules refer to it. users counts those with a route that sends to it.
	seats seats
	users int
}

// pool returns the pool for a backend, which is resolved if it is new. The data plane tells pools apart by their ids.
// If two backends that differ have one id, only a build of everything knows which of them counts.
func (b *Builder) pool(of backend) *sharedPool {
	id := of.id()
	p := b.pools[id]
	switch {
	case p == nil:
		p = &sharedPool{pool: newPool(of, id)}
		b.pools[id] = p
		b.poolsOf[of.serviceKey()] = append(b.poolsOf[of.serviceKey()], p)
		if of.https {
			b.secured[p] = struct{}{}
		}
	case p.backend == of:
		return p
	case len(p.seats) > 0 && !reflect.DeepEqual(p.backend, of):
		b.ambiguous = true
		return p
	}
	p.backend = of
	b.refresh(p)
	return p
}

// refresh resolves a pool. It returns whether the objects that refer to it have anything else to be told.
func (b *Builder) refresh(p *sharedPool) (told bool) {
	next := newPool(p.backend, p.ID)
	s := b.services[p.backend.serviceKey()]
	if s != nil {
		s.networks = b.networks
	}
	next.resolve(s, b.authoritiesNow(), b.in.Own)
	told = next.finding != p.finding || next.reason != p.reason
	if next.Pool.Equal(p.Pool) {
		next.Pool = p.Pool // what stays the same is the same memory
	} else {
		b.touchedPools[p] = struct{}{}
	}
	p.pool = next
	return told
}

// refer finds the pools that the building of an island refers to, and fills those in.
func (b *Builder) refer(i *island) {
	list := i.building.pools.list
	i.pools = make([]*sharedPool, len(list))
	for n := range list {
		p := b.pool(list[n].backend)
		i.pools[n], list[n] = p, p.pool
	}
}

// usePools has an island refer to its pools, and notes which of them its routes send to.
func (b *Builder) usePools(i *island) {
	used := make([]*sharedPool, 0, len(i.pools))
	var others []*sharedPool
	for n, p := range i.pools {
		if !i.building.pools.list[n].used {
			others = append(others, p)
			continue
		}
		used = append(used, p)
		if p.users++; p.users == 1 {
			b.touchedPools[p] = struct{}{}
		}
	}
	i.pools, i.used = slices.Concat(used, others), len(used)
	i.refersAt = make([]int, len(i.pools))
	for n, p := range i.pools {
		i.refersAt[n], p.seats = len(p.seats), append(p.seats, seat{i, n})
	}
}

// releasePools undoes what usePools has done.
func (b *Builder) releasePools(i *island) {
	for n, p := range i.pools {
		if p.seats = p.seats.without(i.refersAt[n], func(i *island) []int { return i.refersAt }); len(p.seats) == 0 {
			b.touchedPools[p] = struct{}{}
		}
		if n < i.used {
			if p.users--; p.users == 0 {
				b.touchedPools[p] = struct{}{}
			}
		}
	}
	i.pools, i.used, i.refersAt = nil, 0, nil
}

// listPools returns the pools that routes send to, and forgets those that nothing refers to.
func (b *Builder) listPools(before []snapshot.Pool) []snapshot.Pool {
	var gone, came []snapshot.Pool
	for p := range b.touchedPools {
		listed := find(before, &p.Pool, byID)
		if listed != nil && (p.users == 0 || !listed.Equal(p.Pool)) {
			gone = append(gone, *listed)
		}
		if p.users > 0 && (listed == nil || !listed.Equal(p.Pool)) {
			came = append(came, p.Pool)
		}
		if len(p.seats) > 0 {
			continue
		}
		delete(b.pools, p.ID)
		delete(b.secured, p)
		key := p.backend.serviceKey()
		if b.poolsOf[key] = slices.DeleteFunc(b.poolsOf[key], func(o *sharedPool) bool { return o == p }); len(b.poolsOf[key]) == 0 {
			delete(b.poolsOf, key)
		}
	}
	clear(b.touchedPools)
	return patched(before, gone, came, byID)
}

func byID(a, b *snapshot.Pool) int { return strings.Compare(a.ID, b.ID) }
