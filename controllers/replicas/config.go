// SPDX-License-Identifier: Apache-2.0

package replicas

import "k8s.io/apimachinery/pkg/types"

// Config is what a process is to the other replicas of its controller, and how that stands among several.
type Config struct {
	// Self is this process as the other replicas are to know it. One without a name keeps no Lease and knows of no other.
	Self Replica
	// Namespace is the controller's own, where the Leases are, and Class its ingress class.
	Namespace, Class string
	// Pod is the UID of the Pod of the same name, empty outside of a cluster.
	Pod types.UID
	// Elects says that the replicas elect the one that writes. Where they do not, the first of those that have a Lease
	// does.
	Elects bool
	// WatchNamespaces are those whose objects are read, all if there are none.
	WatchNamespaces []string
	// PeerNamespaces are those in which other controllers are, besides the own one; EveryNamespace stands for all.
	PeerNamespaces []string
	// Orders says that the controller orders certificates.
	Orders bool
	// Draining is closed when the process begins to end. Nil stands for never.
	Draining <-chan struct{}
	// Metrics says which other controllers there are. Nil says nothing.
	Metrics *Metrics
}
