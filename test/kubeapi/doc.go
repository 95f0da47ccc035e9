// SPDX-License-Identifier: Apache-2.0

// Package kubeapi runs a real Kubernetes API, etcd and kube-apiserver on loopback, with the resource definitions of
// this checkout. Tests use it if the API server's behaviour matters. The local demonstration uses it, too.
//
// It is an API and no cluster: no pod runs, no endpoint appears by itself, nothing owned is collected, and a deleted
// namespace stays in termination. A test has to delete each object by name.
//
// The programs come from bin/kube of the checkout, which "make kube" builds.
//
// Read in this order: shared.go (one API for the tests of a package), server.go (starting and stopping one),
// namespace.go (a namespace for a test), checkout.go (where the programs and definitions are), ports.go (free ports),
// scratch.go (temporary folders), tail.go (the end of a server's log).
package kubeapi
