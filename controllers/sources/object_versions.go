// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/rules"
)

// objectVersions has what objects of a kind were read as. It reads each version once: reading takes longer than the
// rest of a build takes for an object. Only one goroutine at a time uses it: one that builds or that lists hosts.
type objectVersions[T client.Object] struct {
	known map[types.UID]objectVersion
}

type objectVersion struct {
	resourceVersion string
	content         *rules.Object
}

// read returns what the objects are read as, and forgets all others. Objects of manifests have no version, and are
// always read.
func (v *objectVersions[T]) read(objects []T, read func(T) *rules.Object) []*rules.Object {
	known := make(map[types.UID]objectVersion, len(objects))
	all := make([]*rules.Object, 0, len(objects))
	for _, object := range objects {
		version, ok := v.known[object.GetUID()]
		if !ok || version.resourceVersion != object.GetResourceVersion() || version.resourceVersion == "" {
			version = objectVersion{object.GetResourceVersion(), read(object)}
		}
		known[object.GetUID()] = version
		all = append(all, version.content)
	}
	v.known = known
	return all
}
