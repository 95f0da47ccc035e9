// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"net/netip"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// A replica's Lease says at which address it is reached and what it serves.
const (
	// replicaLabel holds the ingress class, so that controllers of several classes share a namespace.
	replicaLabel = "ingress.warren.dev/replica"

	addressAnnotation    = "ingress.warren.dev/address"
	machineAnnotation    = "ingress.warren.dev/machine-addresses"
	nodeAnnotation       = "ingress.warren.dev/node"
	httpPortAnnotation   = "ingress.warren.dev/http-port"
	healthPortAnnotation = "ingress.warren.dev/health-port"
	readyAnnotation      = "ingress.warren.dev/ready"
	servesAnnotation     = "ingress.warren.dev/serves"
	closedAnnotation     = "ingress.warren.dev/closed-ports"

	replicaLeasePrefix = "warren-replica-"
)

// Replica is one process of the controller, as the other replicas see it.
type Replica struct {
	// Name is the Pod's name. Outside of a cluster it is a name that no other process has.
	Name string
	// Address is where the other replicas reach it: with plain requests at HTTPPort, with probes at HealthPort.
	Address              netip.Addr
	HTTPPort, HealthPort uint16
	// Machine lists the addresses of the machine, or Pod, that it runs on, with commas between them.
	Machine string
	// Node is the name of the node that it runs on, empty if it is not known.
	Node string
	// HTTPSPort is not in the Lease: it is the same at each replica.
	HTTPSPort uint16

	// ready is true from the first snapshot that is served until the process begins to end.
	ready bool
	// serves is the encoded digest of what it serves: see servedDigest.
	serves string
	// closed says which ports of listeners it could not open: see encodeClosed.
	closed string
}

// leaseName returns the name of the replica's Lease.
func (r *Replica) leaseName() string { return replicaLeasePrefix + r.Name }

// leaseOf returns the Lease of a replica and of its controller's standing. If the replica is a Pod, the Pod owns the
// Lease, so that it goes even if the process is killed.
func leaseOf(r *Replica, of *standing, pod types.UID, renewed time.Time) *coordinationv1.Lease {
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: of.namespace, Name: r.leaseName(),
			Labels: map[string]string{replicaLabel: of.class},
			Annotations: map[string]string{
				addressAnnotation:    r.Address.String(),
				machineAnnotation:    r.Machine,
				httpPortAnnotation:   strconv.Itoa(int(r.HTTPPort)),
				healthPortAnnotation: strconv.Itoa(int(r.HealthPort)),
				readyAnnotation:      strconv.FormatBool(r.ready),
				servesAnnotation:     r.serves,
				standingAnnotation:   of.encode(),
			},
		},
		Spec: coordinationv1.LeaseSpec{
			HolderIdentity:       &r.Name,
			LeaseDurationSeconds: new(int32(replicaExpiry / time.Second)),
			RenewTime:            &metav1.MicroTime{Time: renewed},
		},
	}
	if r.closed != "" {
		lease.Annotations[closedAnnotation] = r.closed
	}
	if r.Node != "" {
		lease.Annotations[nodeAnnotation] = r.Node
	}
	if pod != "" {
		lease.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: corev1.SchemeGroupVersion.String(), Kind: "Pod", Name: r.Name, UID: pod,
		}}
	}
	return lease
}

// readReplica reads a Lease. It returns false if the Lease describes no replica that can be reached.
func readReplica(lease *coordinationv1.Lease) (Replica, bool) {
	if lease.Spec.HolderIdentity == nil || lease.Spec.RenewTime == nil {
		return Replica{}, false
	}
	annotations := lease.Annotations
	address, err := netip.ParseAddr(annotations[addressAnnotation])
	httpPort, httpErr := strconv.ParseUint(annotations[httpPortAnnotation], 10, 16)
	healthPort, healthErr := strconv.ParseUint(annotations[healthPortAnnotation], 10, 16)
	if err != nil || httpErr != nil || healthErr != nil {
		return Replica{}, false
	}
	return Replica{
		Name: *lease.Spec.HolderIdentity, Address: address, HTTPPort: uint16(httpPort), HealthPort: uint16(healthPort),
		Machine: annotations[machineAnnotation], Node: annotations[nodeAnnotation],
		ready: annotations[readyAnnotation] == "true", serves: annotations[servesAnnotation],
		closed: annotations[closedAnnotation],
	}, true
}
