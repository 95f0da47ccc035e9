// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// objectVersions has what objects of a kind were read as. It reads each version once: reading takes longer than the
// rest of a build takes for an object. Only one goroutine at a time uses it: one that builds or that lists hosts.
type objectVersions[T client.Object, C any] struct {
	known map[types.UID]objectVersion[C]
}

type objectVersion[C any] struct {
	resourceVersion string
	content         C
}

// read returns what the objects are read as, and forgets all others. Objects of manifests have no version, and are
// always read.
func (v *objectVersions[T, C]) read(objects []T, read func(T) C) []C {
	known := make(map[types.UID]objectVersion[C], len(objects))
	all := make([]C, 0, len(objects))
	for _, object := range objects {
		version, ok := v.known[object.GetUID()]
		if !ok || version.resourceVersion != object.GetResourceVersion() || version.resourceVersion == "" {
			version = objectVersion[C]{object.GetResourceVersion(), read(object)}
		}
		known[object.GetUID()] = version
		all = append(all, version.content)
	}
	v.known = known
	return all
}
