// SPDX-License-Identifier: Apache-2.0

// Package sources has the objects that a snapshot is made from. Each kind comes from a cache that keeps only what is
// read of it: the Services that are named, the certificates and authorities in Secrets and ConfigMaps, the Ingresses of
// networking.k8s.io, and the annotations of Namespaces. The package makes the same input from objects in files. It does
// not know when a snapshot is built.
//
// Read in this order: inputs.go (the list of all that is read), relevance.go (which changes count), object_versions.go
// (how each version of an Ingress is read once), discovery.go (Services and endpoints), standard_ingresses.go
// (Ingresses of networking.k8s.io), namespaces.go (which hosts a namespace may have), secret_store.go (certificates in
// Secrets), served_key_pair.go (how a certificate and its key are parsed), authorities.go (authorities of backends),
// pem_blocks.go (how PEM is read), offline.go (the same from files), bystanders.go (which Ingresses are none of the
// controller's, and why).
package sources
