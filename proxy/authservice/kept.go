// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"bytes"
	"hash/maphash"
	"runtime"
	"sync/atomic"
	"time"
)

// Verdicts are the verdicts of one service that are kept for one route. A look at them takes no lock. Each has its
// place among a few by its key. If all of these are taken, the one goes that would have gone first.
type Verdicts struct {
	seed  maphash.Seed
	table atomic.Pointer[[rows][ways]atomic.Pointer[keptVerdict]]
	// taken is what the verdicts of the route take of memory, in bytes.
	taken *taken
}

const (
	// rows and ways make up a table for a thousand verdicts.
	rows, ways = 256, 4
	// tableBytes is what a table takes.
	tableBytes = rows * ways * 8
	// keptBytes is what a verdict takes besides its key and its fields.
	keptBytes = 128
)

// keptVerdict is a verdict that is kept. Nobody changes it.
type keptVerdict struct {
	hash    uint64
	key     []byte
	until   time.Duration
	verdict *verdict
	size    int64
}

// taken counts what verdicts take, for the route and for all together.
type taken struct {
	own atomic.Int64
	all *atomic.Int64
}

func (t *taken) add(n int64) {
	t.own.Add(n)
	t.all.Add(n)
}

// NewVerdicts returns verdicts that are kept for a route, none so far.
func (c *Client) NewVerdicts() *Verdicts {
	d := &Verdicts{seed: maphash.MakeSeed(), taken: &taken{all: &c.kept}}
	runtime.AddCleanup(d, func(t *taken) { t.all.Add(-t.own.Load()) }, d.taken)
	return d
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
	k := &keptVerdict{hash: maphash.Bytes(d.seed, key), until: now + fresh, verdict: v, size: int64(keptBytes+len(key)) + v.size()}
	table, need := d.table.Load(), k.size
	if table == nil {
		need += tableBytes
	}
	if fresh <= 0 || c.kept.Load()+need > c.Kept {
		return
	}
	if table == nil {
		if d.table.CompareAndSwap(nil, new([rows][ways]atomic.Pointer[keptVerdict])) {
			d.taken.add(tableBytes)
		}
		table = d.table.Load()
	}
	k.key = bytes.Clone(key)
	row := &table[k.hash%rows]
	place := &row[0]
	for i := range row {
		old := row[i].Load()
		if old == nil || old.hash == k.hash && bytes.Equal(old.key, key) {
			place = &row[i]
			break
		}
		if first := place.Load(); first != nil && old.until < first.until {
			place = &row[i]
		}
	}
	before := place.Swap(k)
	if before != nil {
		d.taken.add(-before.size)
	}
	d.taken.add(k.size)
}

// size is about what a verdict takes of memory, in bytes.
func (d *verdict) size() (n int64) {
	const perChange = 80
	lists := [...][]change{d.changes, nil}
	if d.given != nil {
		lists[1] = d.given.changes
	}
	for _, list := range lists {
		for i := range list {
			n += int64(perChange + len(list[i].field.Name) + len(list[i].field.Value))
		}
	}
	return n
}
