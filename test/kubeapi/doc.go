// SPDX-License-Identifier: Apache-2.0

// Package kubeapi runs a real Kubernetes API, etcd and kube-apiserver on loopback, with the resource definitions of
// this checkout installed. Tests use it where the API server's behaviour matters, and the local demonstration stands on
// it.
//
// It is an API and no cluster: no pod runs, no endpoint appears by itself, nothing owned is collected, and a deleted
// namespace stays in termination. What a test deletes it deletes by name.
//
// The programs come from bin/kube of the checkout, which "make kube" builds.
package kubeapi
