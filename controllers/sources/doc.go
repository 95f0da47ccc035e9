// SPDX-License-Identifier: Apache-2.0

// Package sources has the objects that a snapshot is made of, each kind from a cache that keeps what is read of it: the
// Services that are named, the certificates and authorities in Secrets and ConfigMaps, the Ingresses of
// networking.k8s.io and what Namespaces say. It makes the same input of objects from files. It does not know when a
// snapshot is built.
//
// Read inputs.go first, the list of all that is read, with relevance.go for which changes count and object_versions.go
// for what is read only once; then discovery.go, standard_ingresses.go and namespaces.go for objects as they are;
// secret_store.go and authorities.go for what is parsed, with served_key_pair.go and pem_blocks.go for how; offline.go
// for objects that are in no cluster.
package sources
