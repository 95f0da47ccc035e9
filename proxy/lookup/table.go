// SPDX-License-Identifier: Apache-2.0

package lookup

import (
	"hash/maphash"
	"iter"
	"slices"
	"unsafe"
)

// Table finds values by names. It is immutable, and the zero value is empty. A table that is made of it by an [Edit]
// shares its memory, except for the buckets in which the two differ. Finding allocates nothing.
type Table[V any] struct {
	// buckets have the entries by the last bits of their hashes. Their number is 0 or a power of two.
	buckets []bucket[V]
	count   int
}

type bucket[V any] []entry[V]

type entry[V any] struct {
	hash  uint64
	name  string
	value V
}

// perBucket is how many entries a bucket has on average, at most.
const perBucket = 8

// seed is chosen anew by each process, so that nobody can choose names that share a bucket.
var seed = maphash.MakeSeed()

// Find returns the value of a name.
func (t *Table[V]) Find(name []byte) (value V, ok bool) {
	if e := t.find(name); e != nil {
		return e.value, true
	}
	return value, false
}

// Get returns the value of a name.
func (t *Table[V]) Get(name string) (value V, ok bool) {
	return t.Find(unsafe.Slice(unsafe.StringData(name), len(name)))
}

func (t *Table[V]) find(name []byte) *entry[V] {
	if len(t.buckets) <= 1 { // Comparing a few names costs less than a hash.
		if len(t.buckets) == 0 {
			return nil
		}
		for i := range t.buckets[0] {
			if e := &t.buckets[0][i]; e.name == string(name) {
				return e
			}
		}
		return nil
	}
	hash := maphash.Bytes(seed, name)
	b := t.buckets[hash&uint64(len(t.buckets)-1)]
	for i := range b {
		if e := &b[i]; e.hash == hash && e.name == string(name) {
			return e
		}
	}
	return nil
}

// Len returns how many names there are.
func (t *Table[V]) Len() int { return t.count }

// All has the names with their values, in no order.
func (t *Table[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, b := range t.buckets {
			for i := range b {
				if !yield(b[i].name, b[i].value) {
					return
				}
			}
		}
	}
}

// Edit returns what makes another table of this one.
func (t *Table[V]) Edit() *Edit[V] { return &Edit[V]{Table: *t} }

// Edit makes a table of another one. It costs what differs, and a copy of the list of buckets. It finds what the new
// table is going to have. Only one goroutine may use it.
type Edit[V any] struct {
	Table[V]
	// own has a bit for each bucket that no other table has. It is nil if that is none.
	own []uint64
}

// Set sets the value of a name.
func (e *Edit[V]) Set(name string, value V) {
	if e.count >= perBucket*len(e.buckets) {
		e.rebuild(max(1, 2*len(e.buckets)))
	}
	hash := maphash.String(seed, name)
	b := e.bucket(hash)
	if i := b.index(name); i >= 0 {
		(*b)[i].value = value
		return
	}
	*b = append(*b, entry[V]{hash, name, value})
	e.count++
}

// Delete deletes a name, if it is there.
func (e *Edit[V]) Delete(name string) {
	if _, ok := e.Get(name); !ok {
		return
	}
	b := e.bucket(maphash.String(seed, name))
	i := b.index(name)
	*b = slices.Delete(*b, i, i+1)
	e.count--
	if len(e.buckets) > 1 && e.count < len(e.buckets) {
		e.rebuild(len(e.buckets) / 4)
	}
}

// Done returns the table. The edit must not be used any more.
func (e *Edit[V]) Done() Table[V] { return e.Table }

// bucket returns the bucket of a hash, which is the edit's own.
func (e *Edit[V]) bucket(hash uint64) *bucket[V] {
	if e.own == nil {
		e.own, e.buckets = make([]uint64, (len(e.buckets)+63)/64), slices.Clone(e.buckets)
	}
	i := hash & uint64(len(e.buckets)-1)
	if word, bit := &e.own[i/64], uint64(1)<<(i%64); *word&bit == 0 {
		*word |= bit
		e.buckets[i] = append(make(bucket[V], 0, len(e.buckets[i])+1), e.buckets[i]...)
	}
	return &e.buckets[i]
}

func (b bucket[V]) index(name string) int {
	return slices.IndexFunc(b, func(e entry[V]) bool { return e.name == name })
}

// rebuild spreads the entries over n buckets.
func (e *Edit[V]) rebuild(n int) {
	n = max(1, n)
	before := e.buckets
	e.buckets, e.own = make([]bucket[V], n), make([]uint64, (n+63)/64)
	for i := range e.own {
		e.own[i] = ^uint64(0)
	}
	for _, b := range before {
		for i := range b {
			to := &e.buckets[b[i].hash&uint64(n-1)]
			*to = append(*to, b[i])
		}
	}
}
