// SPDX-License-Identifier: Apache-2.0

// Package cluster is what every controller needs of a cluster: caches that hold no more of an object than is read, whom
// the controller's own objects belong to, and the names that it writes into objects. It knows no controller, and not
// what becomes of what it holds: it asks package kinds only whose an Ingress is and which services it leads to.
//
// Read cache.go first, then add_cache.go and optional_cache.go for the caches beside the manager's own one, then
// metadata_cache.go and named_objects.go for what is read because it is named, with fair_queue.go, then belonging.go;
// certificate_index.go, annotations.go, text.go, scheme.go, mendable.go and pointers.go explain themselves.
package cluster
