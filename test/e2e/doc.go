// SPDX-License-Identifier: Apache-2.0

// Package e2e tests warren-ingress as a cluster runs it: several replicas from an image, with the rights and limits
// that they ship with, real pods behind real Services, and kube-proxy in between. It installs config/default and the
// Helm chart, one after the other, tests them, and takes all of it away again. What can be tested without pods is
// tested elsewhere, and faster.
//
// "make e2e" runs it against any cluster that has no warren-ingress yet, and reads from the environment:
//
//   - KUBECONFIG: the cluster, with the rights of an administrator. Required.
//   - E2E_IMAGE: the controller's image, docker.io/warren-ingress:dev unless set.
//   - E2E_FORMER_CHART: the chart's folder of the version before, which is upgraded from. bin/former/chart unless set, where
//     "make former" puts it.
//   - E2E_FORMER_IMAGE: that version's image, docker.io/warren-ingress:former unless set.
//   - E2E_BACKEND_IMAGE: an image of the program in backend, docker.io/warren-e2e-backend:dev unless set.
//   - E2E_PEBBLE_IMAGE: an image of the program in hack/pebble, docker.io/warren-e2e-pebble:dev unless set.
//   - E2E_KEEP: if it is not empty, a failed run leaves everything in place to look at.
//
// The images must be on the nodes, or in a registry that they pull from. The tests have to reach the data plane: by the
// Service's cluster address, by its load balancer, or by a node's address, whichever answers first.
package e2e
