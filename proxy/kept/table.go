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

// Digest is what is hashed into a key: the SHA-256 of a text.
type Digest = [sha256.Size]byte

// DigestOf returns the digest of a text.
func DigestOf(text []byte) Digest { return sha256.Sum256(text) }

// Key finds a value. Nobody outside the process can say which key a secret has.
type Key [sha256.Size]byte

// Table keeps a value for each key, for a time, and at most as many as it was made for. A new value takes the place
// of the one that was asked for least recently, among the few that may be in that place.
type Table[V any] struct {
	secret  [sha256.Size]byte
	entries int
	// sets has as many sets as a power of two. Nil until there is a value.
	sets atomic.Pointer[[]set[V]]
}

// ways is how many places a key has.
const ways = 8

type set[V any] [ways]atomic.Pointer[entry[V]]

// entry does not change, but for when it was used.
type entry[V any] struct {
	key   Key
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

// maxParts is how many digests go into a key.
const maxParts = 4

// Key returns the key of what has these digests, in this order, of which there are at most four.
func (t *Table[V]) Key(parts ...Digest) Key {
	var text [(1 + maxParts) * sha256.Size]byte
	n := copy(text[:], t.secret[:])
	for i := range parts {
		n += copy(text[n:n+sha256.Size], parts[i][:])
	}
	return sha256.Sum256(text[:n])
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

// Put keeps a value until its time is over.
func (t *Table[V]) Put(k *Key, value V, now, until time.Time) {
	sets := t.sets.Load()
	if sets == nil {
		made := make([]set[V], 1<<bits.Len(uint(max(1, t.entries/ways)-1)))
		t.sets.CompareAndSwap(nil, &made)
		sets = t.sets.Load()
	}
	places := t.places(*sets, k)
	e := &entry[V]{key: *k, until: until, value: value}
	e.used.Store(now.Unix())
	// Two that write at once may take the same place. One of the values is not kept then.
	chosen := &places[0]
	for i := range places {
		old := places[i].Load()
		if old == nil || old.key == *k || !now.Before(old.until) {
			chosen = &places[i]
			break
		}
		if last := chosen.Load(); last != nil && old.used.Load() < last.used.Load() {
			chosen = &places[i]
		}
	}
	chosen.Store(e)
}

// places returns where a key's value may be.
func (t *Table[V]) places(sets []set[V], k *Key) *set[V] {
	return &sets[binary.LittleEndian.Uint64(k[:])&uint64(len(sets)-1)]
}
