// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"fmt"
	"maps"
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

// serving are n Ingresses, all of generation 1.
func serving(n int) map[types.UID]int64 {
	all := map[types.UID]int64{}
	for i := range n {
		all[types.UID(fmt.Sprintf("uid-i%d", i))] = 1
	}
	return all
}

func TestADigestTellsWhichGenerationOfAnIngressIsServed(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(map[types.UID]int64)
		alike  bool
	}{
		{"the same is alike", func(map[types.UID]int64) {}, true},
		{"another generation is not", func(all map[types.UID]int64) { all["uid-i7"] = 2 }, false},
		{"one that was made again is not", func(all map[types.UID]int64) { delete(all, "uid-i7"); all["uid-new"] = 1 }, false},
		{"one that is not there is not", func(all map[types.UID]int64) { delete(all, "uid-i7") }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			other := serving(500)
			test.change(other)
			theirs, ok := decodeServed(digest(other).encode())
			if !ok {
				t.Fatal("what was encoded is not decoded")
			}
			if got := digest(serving(500)).alike(&theirs, "uid-i7"); got != test.alike {
				t.Errorf("alike is %t, want %t", got, test.alike)
			}
		})
	}
}

func TestAChangeOfOneIngressLeavesAlmostAllOthersAlike(t *testing.T) {
	const count = 5000
	changed := serving(count)
	changed["uid-i7"] = 2
	ours, theirs := digest(serving(count)), digest(changed)
	differ := 0
	for uid := range serving(count) {
		if !ours.alike(theirs, uid) {
			differ++
		}
	}
	// That is the one that changed, and those in its bucket.
	if differ < 1 || differ > 2*count/servedBuckets {
		t.Errorf("%d of %d Ingresses differ after a change of one, want at most %d", differ, count, 2*count/servedBuckets)
	}
}

func TestADigestOfAnotherFormIsNotRead(t *testing.T) {
	for _, text := range []string{"", "AAAA", "not base64"} {
		if _, ok := decodeServed(text); ok {
			t.Errorf("%q is decoded", text)
		}
	}
}

func digest(served map[types.UID]int64) *servedDigest {
	return (*servedDigest)(nil).changed(maps.All(map[types.UID]int64{}), maps.All(served))
}

func TestADigestFollowsChanges(t *testing.T) {
	d := digest(map[types.UID]int64{"a": 1, "b": 2, "c": 3})
	d = d.changed(maps.All(map[types.UID]int64{"b": 2, "c": 3}), maps.All(map[types.UID]int64{"b": 4, "d": 5}))
	if want := digest(map[types.UID]int64{"a": 1, "b": 4, "d": 5}); *d != *want {
		t.Error("it is not that of what is served now")
	}
}
