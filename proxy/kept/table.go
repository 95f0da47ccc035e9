// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"math/bits"
	"sync/atomic"
	"time"
)

// Key finds a value. Nobody outside the process can say which key a secret has.
type Key [sha256.Size]byte

// Table keeps a value for each key, for a time, and at most as many as it was made for. A new value takes the place
// of the one that was asked for least recently, among the few that may be in that place. Owners have shares of these.
type Table[V any] struct {
	secret  [sha256.Size]byte
	entries int
	// sets has as many sets as a power of two. Nil until there is a value.
	sets atomic.Pointer[[]set[V]]
}

const (
	// ways is how many places a key has.
	ways = 8
	// share is how many of these an owner has before it takes the place of its own values alone.
	share = ways / 4
)

// Owner is whose a value is. Nobody's, which is zero, are of one owner too.
type Owner uint64

// OwnerOf returns the owner that a digest is of.
func OwnerOf(d *Digest) Owner { return Owner(binary.LittleEndian.Uint64(d[:])) }

type set[V any] [ways]atomic.Pointer[entry[V]]

// entry does not change, but for when it was used.
type entry[V any] struct {
	key   Key
	owner Owner
	until time.Time
	// used is when it was last asked for, in seconds. Its cache line is written to once in a second at most.
	used  atomic.Int64
	value V
}

// New returns a table for at least that many values.
func New[V any](entries int) *Table[V] {
	t := &Table[V]{entries: entries}
	_, _ = rand.Read(t.secret[:]) // it ends the program rather than fail
	return t
}

// Key returns the key of what has these digests, in this order.
func (t *Table[V]) Key(parts ...Digest) Key {
	h := hashers.Get().(*hasher)
	h.Reset()
	h.write(t.secret[:])
	for i := range parts {
		h.write(parts[i][:])
	}
	k := h.take()
	hashers.Put(h)
	return k
}

// Get returns the value of a key, if it is there and its time is not over.
func (t *Table[V]) Get(k *Key, now time.Time) (value V, ok bool) {
	sets := t.sets.Load()
	if sets == nil {
		return value, false
	}
	places := t.places(*sets, k)
	for i := range places {
		e := places[i].Load()
		if e == nil || subtle.ConstantTimeCompare(e.key[:], k[:]) == 0 || !now.Before(e.until) {
			continue
		}
		if second := now.Unix(); e.used.Load() != second {
			e.used.Store(second)
		}
		return e.value, true
	}
	return value, false
}

// Put keeps a value of nobody's until its time is over.
func (t *Table[V]) Put(k *Key, value V, now, until time.Time) { t.PutOf(0, k, value, now, until) }

// PutOf keeps a value of an owner until its time is over. An owner that has its share takes no place of others'.
func (t *Table[V]) PutOf(owner Owner, k *Key, value V, now, until time.Time) {
	sets := t.sets.Load()
	if sets == nil {
		made := make([]set[V], 1<<bits.Len(uint(max(1, t.entries/ways)-1)))
		t.sets.CompareAndSwap(nil, &made)
		sets = t.sets.Load()
	}
	e := &entry[V]{key: *k, owner: owner, until: until, value: value}
	e.used.Store(now.Unix())
	// Two that write at once may take the same place. One of the values is not kept then.
	t.places(*sets, k).choose(e, now).Store(e)
}

// choose returns the place for a new value: one without a value that counts; or the place that was asked for least
// recently, of the owner's own if it has its share, of those who have more than theirs, or of all.
func (s *set[V]) choose(e *entry[V], now time.Time) *atomic.Pointer[entry[V]] {
	var there [ways]*entry[V]
	for i := range s {
		there[i] = s[i].Load()
		if old := there[i]; old == nil || old.key == e.key || !now.Before(old.until) {
			return &s[i]
		}
	}
	has := func(owner Owner) (n int) {
		for _, one := range there {
			if one.owner == owner {
				n++
			}
		}
		return n
	}
	greed := func(one *entry[V]) bool { return has(one.owner) > share }
	if has(e.owner) >= share {
		greed = func(one *entry[V]) bool { return one.owner == e.owner }
	}
	chosen, greedy := 0, greed(there[0])
	for i := 1; i < ways; i++ {
		switch is := greed(there[i]); {
		case is && !greedy, is == greedy && there[i].used.Load() < there[chosen].used.Load():
			chosen, greedy = i, is
		}
	}
	return &s[chosen]
}

// places returns where a key's value may be.
func (t *Table[V]) places(sets []set[V], k *Key) *set[V] {
	return &sets[binary.LittleEndian.Uint64(k[:])&uint64(len(sets)-1)]
}
