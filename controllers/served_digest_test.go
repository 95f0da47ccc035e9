// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// serving are verdicts of n Ingresses, all of generation 1.
func serving(n int) map[objectKey]*verdict {
	all := map[objectKey]*verdict{}
	for i := range n {
		name := fmt.Sprintf("i%d", i)
		all[objectKey{v1alpha1.IngressKind, types.NamespacedName{Namespace: "blue", Name: name}}] = &verdict{uid: types.UID("uid-" + name), generation: 1}
	}
	return all
}

func TestADigestTellsWhichGenerationOfAnIngressIsServed(t *testing.T) {
	one := objectKey{v1alpha1.IngressKind, types.NamespacedName{Namespace: "blue", Name: "i7"}}
	for _, test := range []struct {
		name   string
		change func(map[objectKey]*verdict)
		alike  bool
	}{
		{"the same is alike", func(map[objectKey]*verdict) {}, true},
		{"another generation is not", func(all map[objectKey]*verdict) { all[one] = &verdict{uid: "uid-i7", generation: 2} }, false},
		{"one that was made again is not", func(all map[objectKey]*verdict) { all[one] = &verdict{uid: "uid-new", generation: 1} }, false},
		{"one that is not there is not", func(all map[objectKey]*verdict) { delete(all, one) }, false},
		{"a Task makes no difference", func(all map[objectKey]*verdict) {
			all[objectKey{v1alpha1.TaskKind, one.NamespacedName}] = &verdict{uid: "uid-i7", generation: 5}
		}, true},
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
	changed[objectKey{v1alpha1.IngressKind, types.NamespacedName{Namespace: "blue", Name: "i7"}}] = &verdict{uid: "uid-i7", generation: 2}
	ours, theirs := digest(serving(count)), digest(changed)
	differ := 0
	for _, v := range serving(count) {
		if !ours.alike(theirs, v.uid) {
			differ++
		}
	}
	// The one and those of its bucket.
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
