// SPDX-License-Identifier: Apache-2.0

package lookup

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// Whatever is changed in whatever order, each table goes on having what it had.
func TestTablesKeepWhatTheyHave(t *testing.T) {
	t.Parallel()
	type version struct {
		table Table[int]
		want  map[string]int
	}
	random := rand.New(rand.NewPCG(1, 2))
	now := version{want: make(map[string]int)}
	var all []version
	for range 300 {
		all = append(all, now)
		edit := now.table.Edit()
		now.want = maps.Clone(now.want)
		growing := random.IntN(3) > 0
		for range random.IntN(100) {
			name, value := fmt.Sprint(random.IntN(2000)), random.Int()
			if growing {
				edit.Set(name, value)
				now.want[name] = value
			} else {
				edit.Delete(name)
				delete(now.want, name)
			}
			if got, ok := edit.Get(name); ok != growing || growing && got != value {
				t.Fatalf("an edit finds %d (%t) for %q", got, ok, name)
			}
		}
		now.table = edit.Done()
	}
	for i, v := range append(all, now) {
		if got := maps.Collect(v.table.All()); !maps.Equal(got, v.want) || v.table.Len() != len(v.want) {
			t.Fatalf("table %d has %d names, want %d: or others", i, len(got), len(v.want))
		}
		for n := range 2000 {
			name := fmt.Sprint(n)
			got, ok := v.table.Find([]byte(name))
			if want, wanted := v.want[name]; ok != wanted || got != want {
				t.Fatalf("table %d has %d (%t) for %q, want %d (%t)", i, got, ok, name, want, wanted)
			}
		}
	}
}

func TestAnEditSharesWhatItDoesNotChange(t *testing.T) {
	t.Parallel()
	before := numbered(10_000)
	edit := before.Edit()
	edit.Set("7", 8)
	after, other := edit.Done(), 0
	for i := range before.buckets {
		if unsafe.SliceData(before.buckets[i]) != unsafe.SliceData(after.buckets[i]) {
			other++
		}
	}
	if other != 1 {
		t.Errorf("%d of %d buckets are other ones, want 1", other, len(before.buckets))
	}
	unchanged := before.Edit().Done()
	if &unchanged.buckets[0] != &before.buckets[0] {
		t.Error("an edit that changes nothing makes something")
	}
}

func TestFindingAllocatesNothing(t *testing.T) {
	for _, n := range []int{0, 3, 10_000} {
		table := numbered(n)
		name := []byte("a name that is longer than what fits on a stack")
		if allocated := testing.AllocsPerRun(100, func() { table.Find(name) }); allocated > 0 {
			t.Errorf("finding among %d names allocates %v times", n, allocated)
		}
	}
}

func numbered(n int) Table[int] {
	var empty Table[int]
	edit := empty.Edit()
	for i := range n {
		edit.Set(fmt.Sprint(i), i)
	}
	return edit.Done()
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{1, 10_000} {
		table, like := numbered(n), make(map[string]int, n)
		names := make([][]byte, 1024)
		for i := range n {
			like[fmt.Sprint(i)] = i
		}
		for i := range names {
			names[i] = fmt.Append(nil, i*7919%n)
		}
		b.Run(fmt.Sprintf("table of %d", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, ok := table.Find(names[i%len(names)]); !ok {
					b.Fatal("a name is not found")
				}
			}
		})
		b.Run(fmt.Sprintf("map of %d", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				if _, ok := like[string(names[i%len(names)])]; !ok {
					b.Fatal("a name is not found")
				}
			}
		})
	}
}
