// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"bytes"
	"hash/maphash"
	"math"
	"runtime"
	"sync/atomic"
	"time"
)

// Verdicts are the verdicts of one service that are kept for one route. A look at them takes no lock. Each has its
// place among a few by its key. It takes that of one by the same key, or of one whose time is over, or a free one. If
// there is none of these, the one goes that would have gone first.
type Verdicts struct {
	seed maphash.Seed
	*store
}

// store is where the verdicts of a route are.
type store struct {
	table atomic.Pointer[[rows][ways]atomic.Pointer[keptVerdict]]
	// own is what they take of memory, in bytes. all is what those of all routes do.
	own atomic.Int64
	all *atomic.Int64
}

const (
	// rows and ways make up a table for a thousand verdicts.
	rows, ways = 256, 4
	// tableBytes is what a table takes.
	tableBytes = rows * ways * 8
	// keptBytes is what a verdict takes besides its key and its fields.
	keptBytes = 128
	// shares is how many routes it takes to fill the memory that there is for the verdicts of all.
	shares = 8
)

// keptVerdict is a verdict that is kept. Nobody changes it.
type keptVerdict struct {
	hash    uint64
	key     []byte
	until   time.Duration
	verdict *verdict
	size    int64
}

func (s *store) add(n int64) {
	s.own.Add(n)
	s.all.Add(n)
}

// sweep forgets the verdicts whose time is over.
func (s *store) sweep(now time.Duration) {
	table := s.table.Load()
	if table == nil {
		return
	}
	for i := range table {
		for j := range table[i] {
			place := &table[i][j]
			if k := place.Load(); k != nil && now >= k.until && place.CompareAndSwap(k, nil) {
				s.add(-k.size)
			}
		}
	}
}

// NewVerdicts returns verdicts that are kept for a route, none so far.
func (c *Client) NewVerdicts() *Verdicts {
	d := &Verdicts{seed: maphash.MakeSeed(), store: &store{all: &c.kept}}
	c.storing.Lock()
	defer c.storing.Unlock()
	if c.stores == nil {
		c.stores = make(map[*store]struct{})
	}
	c.stores[d.store] = struct{}{}
	runtime.AddCleanup(d, c.forget, d.store)
	return d
}

// forget gives back what the verdicts of a route take that is no more.
func (c *Client) forget(s *store) {
	c.storing.Lock()
	defer c.storing.Unlock()
	delete(c.stores, s)
	s.all.Add(-s.own.Load())
}

// sweep has all routes forget the verdicts whose time is over, at most once in a while.
func (c *Client) sweep(now time.Duration) {
	const pause = time.Second
	if last := c.swept.Load(); last != 0 && now < time.Duration(last)+pause || !c.storing.TryLock() {
		return
	}
	defer c.storing.Unlock()
	c.swept.Store(int64(now))
	for s := range c.stores {
		s.sweep(now)
	}
}

// find returns the verdict that is kept by a key, or nil.
func (d *Verdicts) find(key []byte, now time.Duration) *verdict {
	table := d.table.Load()
	if table == nil {
		return nil
	}
	hash := maphash.Bytes(d.seed, key)
	row := &table[hash%rows]
	for i := range row {
		if k := row[i].Load(); k != nil && k.hash == hash && bytes.Equal(k.key, key) && now < k.until {
			return k.verdict
		}
	}
	return nil
}

// keep keeps a verdict by a key for some time, unless there is no memory for it.
func (d *Verdicts) keep(c *Client, key []byte, v *verdict, now, fresh time.Duration) {
	if fresh <= 0 {
		return
	}
	k := &keptVerdict{hash: maphash.Bytes(d.seed, key), until: now + fresh, verdict: v, size: int64(keptBytes+len(key)) + v.size()}
	if d.table.Load() == nil {
		if !d.hasRoom(c, tableBytes+k.size, now) {
			return
		}
		if d.table.CompareAndSwap(nil, new([rows][ways]atomic.Pointer[keptVerdict])) {
			d.add(tableBytes)
		}
	}
	row := &d.table.Load()[k.hash%rows]
	place := placeIn(row, k.hash, key, now)
	if !d.hasRoom(c, k.size-sizeOf(place.Load()), now) {
		if place.Load() != nil { // what is there may be by the same key, and of one there is no other
			return
		}
		if place = firstToGo(row); !d.hasRoom(c, k.size-sizeOf(place.Load()), now) {
			return
		}
	}
	k.key = bytes.Clone(key)
	d.add(k.size - sizeOf(place.Swap(k)))
}

// hasRoom says whether there is memory for n bytes more. If there is none, what nobody can use goes before.
func (d *Verdicts) hasRoom(c *Client, n int64, now time.Duration) bool {
	if n <= 0 {
		return true
	}
	if share := c.Kept / shares; d.own.Load()+n > share {
		if d.sweep(now); d.own.Load()+n > share {
			return false
		}
	}
	if c.kept.Load()+n > c.Kept {
		c.sweep(now)
	}
	return c.kept.Load()+n <= c.Kept
}

// placeIn returns where in a row a verdict by a key goes.
func placeIn(row *[ways]atomic.Pointer[keptVerdict], hash uint64, key []byte, now time.Duration) *atomic.Pointer[keptVerdict] {
	var free *atomic.Pointer[keptVerdict]
	for i := range row {
		switch old := row[i].Load(); {
		case old == nil, now >= old.until:
			if free == nil || free.Load() == nil { // rather one that takes memory
				free = &row[i]
			}
		case old.hash == hash && bytes.Equal(old.key, key):
			return &row[i]
		}
	}
	if free != nil {
		return free
	}
	return firstToGo(row)
}

// firstToGo returns where the verdict of a row is whose time is over first.
func firstToGo(row *[ways]atomic.Pointer[keptVerdict]) *atomic.Pointer[keptVerdict] {
	place, until := &row[0], time.Duration(math.MaxInt64)
	for i := range row {
		if old := row[i].Load(); old != nil && old.until < until {
			place, until = &row[i], old.until
		}
	}
	return place
}

// sizeOf is what a verdict takes that is kept. There may be none.
func sizeOf(k *keptVerdict) int64 {
	if k == nil {
		return 0
	}
	return k.size
}

// size is about what a verdict takes of memory, in bytes.
func (d *verdict) size() (n int64) {
	const perChange, perName = 80, 16
	lists := [...][]change{d.changes, nil}
	if d.given != nil {
		lists[1] = d.given.changes
	}
	for _, list := range lists {
		for i := range list {
			n += int64(perChange + len(list[i].field.Name) + len(list[i].lower) + len(list[i].field.Value))
		}
	}
	for _, name := range d.removed {
		n += int64(perName + len(name))
	}
	return n
}
