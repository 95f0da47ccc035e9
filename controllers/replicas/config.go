// SPDX-License-Identifier: Apache-2.0

package replicas

import "k8s.io/apimachinery/pkg/types"

// Config is how the other replicas see a process, and how its controller stands among several.
type Config struct {
	// Self is this process, as the other replicas see it. Without a name it keeps no Lease and knows no other replica.
	Self Replica
	// Namespace is the controller's own, where the Leases are. Class is its ingress class.
	Namespace, Class string
	// Pod is the UID of the Pod of the same name, empty outside of a cluster.
	Pod types.UID
	// Elects says that the replicas elect the one that writes. Otherwise the first of those that have a Lease writes.
	Elects bool
	// WatchNamespaces are the namespaces whose objects are read. Empty stands for all.
	WatchNamespaces []string
	// PeerNamespaces are the namespaces of other controllers, besides the own one. EveryNamespace stands for all.
	PeerNamespaces []string
	// Orders says that the controller orders certificates.
	Orders bool
	// Draining is closed when the process begins to end. Nil stands for never.
	Draining <-chan struct{}
	// Ports are those that the process has opened for listeners. May be nil.
	Ports Ports
	// Metrics shows which other controllers there are. May be nil.
	Metrics *Metrics
}
