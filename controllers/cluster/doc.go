// SPDX-License-Identifier: Apache-2.0

// Package cluster is what every controller needs of a cluster: caches that keep no more of an object than is read, the
// owner of the controller's own objects, and the names that it writes into objects. It knows no controller, and does
// not know what others do with what it caches. It asks package kinds only whose an Ingress is and which services it
// leads to.
//
// Read in this order: cache.go (what the manager's cache keeps), annotations.go (the names that are written),
// certificate_index.go (how TLSCertificates are found), scheme.go (the kinds), add_cache.go (one more cache),
// optional_cache.go (a cache that may not be readable), named_objects.go (what is read because something names it),
// fair_queue.go (in which order it is read), metadata_cache.go (which such objects there are), belonging.go (who owns
// the controller's objects), new_controller.go (what a controller logs), and then text.go, mendable.go and pointers.go,
// which are small.
package cluster
