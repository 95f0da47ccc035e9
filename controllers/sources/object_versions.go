// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// objectVersions has what objects of a kind were read as. It reads each version once: reading takes longer than the
// rest of a build takes for an object. Only one goroutine at a time uses it: one that builds or that lists hosts.
type objectVersions[T versioned, C any] struct {
	known map[types.UID]objectVersion[C]
	// objects are those that were read last, and all is what they were read as, in the same order.
	objects []T
	all     []C
}

// versioned is a pointer to an object.
type versioned interface {
	comparable
	client.Object
}

type objectVersion[C any] struct {
	resourceVersion string
	content         C
}

// read returns what the objects are read as, and forgets all others. Objects of manifests have no version, and are
// always read. An object that is the same one at the same place as before, counted from the beginning or from the end,
// costs a comparison of pointers.
func (v *objectVersions[T, C]) read(objects []T, read func(T) C) []C {
	first, last := 0, 0 // how many are the same at the beginning, and at the end
	same := func(before, now T) bool { return before == now && now.GetResourceVersion() != "" }
	for first < min(len(objects), len(v.objects)) && same(v.objects[first], objects[first]) {
		first++
	}
	for last < min(len(objects), len(v.objects))-first && same(v.objects[len(v.objects)-1-last], objects[len(objects)-1-last]) {
		last++
	}
	before, now := v.objects[first:len(v.objects)-last], objects[first:len(objects)-last]
	if len(before) == 0 && len(now) == 0 && v.known != nil {
		return v.all
	}
	if v.known == nil {
		v.known = make(map[types.UID]objectVersion[C], len(objects))
	}
	made := make([]C, first, len(objects))
	copy(made, v.all)
	stays := make(map[types.UID]bool, len(now))
	for n, object := range now {
		stays[object.GetUID()] = true
		if len(before) == len(now) && same(before[n], object) {
			made = append(made, v.all[first+n])
			continue
		}
		version, ok := v.known[object.GetUID()]
		if !ok || version.resourceVersion != object.GetResourceVersion() || version.resourceVersion == "" {
			version = objectVersion[C]{object.GetResourceVersion(), read(object)}
			v.known[object.GetUID()] = version
		}
		made = append(made, version.content)
	}
	for _, object := range before {
		if !stays[object.GetUID()] {
			delete(v.known, object.GetUID())
		}
	}
	v.all = append(made, v.all[len(v.all)-last:]...)
	v.objects = objects
	return v.all
}
