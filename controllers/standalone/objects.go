// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/manifests"
)

// objects are those that are served. As an API server does, it gives each a UID, and each version of one a number.
type objects struct {
	known map[manifests.Key]client.Object
	// versions is how many there have been, of all objects together.
	versions int64
	list     []client.Object
}

// update takes what was read. What cannot be read stays as it was: while a document is broken, every object that was
// there and is not among those that were read may be in it, under its own name or moved there from another file. So
// nothing goes until all can be read.
func (o *objects) update(read *manifests.Set) {
	next := make(map[manifests.Key]client.Object, len(read.Objects))
	if len(read.Faults) > 0 {
		maps.Copy(next, o.known)
	}
	for _, object := range read.Objects {
		key := manifests.KeyOf(object)
		next[key] = o.version(o.known[key], object)
	}
	o.known = next
	o.list = slices.Collect(maps.Values(next))
	slices.SortFunc(o.list, func(a, b client.Object) int { return cmp.Compare(a.GetUID(), b.GetUID()) })
}

// version returns an object as the next version of the one before, or that one if nothing differs.
func (o *objects) version(before, object client.Object) client.Object {
	uid := types.UID(reflect.TypeOf(object).String() + "/" + object.GetNamespace() + "/" + object.GetName())
	object.SetUID(uid)
	if before != nil {
		object.SetGeneration(before.GetGeneration())
		object.SetResourceVersion(before.GetResourceVersion())
		if reflect.DeepEqual(before, object) {
			return before
		}
	}
	o.versions++
	object.SetGeneration(o.versions)
	object.SetResourceVersion(strconv.FormatInt(o.versions, 10))
	return object
}
