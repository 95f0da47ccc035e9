// SPDX-License-Identifier: Apache-2.0

package kept

import (
	"encoding/binary"
	"testing"
	"time"
)

var begin = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

func numbered(t *Table[int], n int) *Key {
	k := t.Key(DigestOf(binary.AppendVarint(nil, int64(n))))
	return &k
}

func TestAValueIsThereUntilItsTimeIsOver(t *testing.T) {
	table := New[int](64)
	k := numbered(table, 1)
	if _, ok := table.Get(k, begin); ok {
		t.Error("an empty table has a value")
	}
	table.Put(k, 7, begin, begin.Add(time.Minute))
	if v, ok := table.Get(k, begin.Add(time.Minute-1)); !ok || v != 7 {
		t.Errorf("got %d, %t; want the value", v, ok)
	}
	if _, ok := table.Get(k, begin.Add(time.Minute)); ok {
		t.Error("the value is there when its time is over")
	}
	table.Put(k, 8, begin, begin.Add(time.Hour))
	if v, ok := table.Get(k, begin.Add(time.Minute)); !ok || v != 8 {
		t.Errorf("got %d, %t; want the value that took its place", v, ok)
	}
	if _, ok := table.Get(numbered(table, 2), begin); ok {
		t.Error("another key has a value")
	}
}

func TestKeysDifferByEachPartAndByTheTable(t *testing.T) {
	one, other := New[int](8), New[int](8)
	a, b := DigestOf([]byte("a")), DigestOf([]byte("b"))
	seen := make(map[Key]bool)
	for _, k := range []Key{
		one.Key(a), one.Key(b), one.Key(a, b), one.Key(b, a), one.Key(a, a), one.Key(a, b, a, b), one.Key(a, b, a, a), other.Key(a),
	} {
		if seen[k] {
			t.Errorf("key %x occurs twice", k)
		}
		seen[k] = true
	}
	if !seen[one.Key(a, b)] {
		t.Error("the same parts have two keys")
	}
}

func TestATableIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	table := New[int](1024)
	used := numbered(table, -1)
	table.Put(used, -1, begin, begin.Add(time.Hour))
	now := begin
	const many = 20_000
	for i := range many {
		now = begin.Add(time.Duration(i) * 100 * time.Millisecond)
		if _, ok := table.Get(used, now); !ok {
			t.Fatalf("a value that is asked for all the time is gone after %d others", i)
		}
		table.Put(numbered(table, i), i, now, now.Add(time.Hour))
	}
	there := 0
	for i := range many {
		if v, ok := table.Get(numbered(table, i), now); ok {
			there++
			if v != i {
				t.Fatalf("key %d has value %d", i, v)
			}
		}
	}
	if there < 512 || there > 1024 {
		t.Errorf("%d values are there, want most of 1024 and no more", there)
	}
}

func TestManyUseATableAtOnce(t *testing.T) {
	table := New[int](64)
	done := make(chan bool)
	for range 4 {
		go func() {
			right := true
			for i := range 2000 {
				k := numbered(table, i%100)
				table.Put(k, i%100, begin, begin.Add(time.Hour))
				v, ok := table.Get(k, begin)
				right = right && (!ok || v == i%100)
			}
			done <- right
		}()
	}
	for range 4 {
		if !<-done {
			t.Error("a key has another's value")
		}
	}
}

func TestAnOwnerWithItsShareTakesNoPlaceOfOthers(t *testing.T) {
	const most = 1024
	table := New[int](most)
	until := begin.Add(time.Hour)
	put := func(owner Owner, from, to int, now time.Time) {
		for i := from; i < to; i++ {
			table.PutOf(owner, numbered(table, i), i, now, until)
		}
	}
	kept := func(from, to int) (n int) {
		for i := from; i < to; i++ {
			if _, ok := table.Get(numbered(table, i), begin.Add(time.Minute)); ok {
				n++
			}
		}
		return n
	}
	put(1, 0, 20*most, begin)
	if n := kept(0, 20*most); n != most {
		t.Errorf("an owner who is alone has %d values, want all %d", n, most)
	}
	put(2, 20*most, 20*most+most/8, begin)
	if n := kept(20*most, 20*most+most/8); n < most/16 {
		t.Errorf("another owner has %d values of %d", n, most/8) // Some 115: it has two places of eight.
	}
	before := kept(20*most, 20*most+most/8)
	put(1, 21*most, 41*most, begin.Add(30*time.Second)) // all of them later than the other's
	if n := kept(20*most, 20*most+most/8); n != before {
		t.Errorf("the other owner has %d values left, want all %d", n, before)
	}
	put(3, 41*most, 41*most+most/8, begin)
	if n := kept(20*most, 20*most+most/8); n != before {
		t.Errorf("a third one has taken %d of the other's places, in place of the first one's", before-n)
	}
}
