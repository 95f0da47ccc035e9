// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Input is everything that a snapshot is made from. The lists are in any order, and an object is in its list once.
// Nothing in them is modified. The snapshot keeps only the policies of rules of what is in them.
type Input struct {
	// Objects are our objects of all kinds that make routes.
	Objects []*rules.Object
	// Listeners are those that hosts of objects name, and others that are to be served without a host.
	Listeners       []*rules.Listener
	Tasks           []*v1alpha1.Task
	TLSCertificates []*v1alpha1.TLSCertificate
	Services        []*corev1.Service
	EndpointSlices  []*discoveryv1.EndpointSlice
	// ClientCertificates are the Secrets with the certificates that are shown to backends.
	ClientCertificates []types.NamespacedName
	// Secrets are the Secrets that NamedSecrets and Options name. Others do no harm.
	Secrets []*Secret
	// Authorities are those of NamedAuthorities that exist.
	Authorities []*Authority
	// Credentials are those of NamedCredentials of which something is known.
	Credentials []*Credential
	// Own are the addresses at which the controller's replicas take requests.
	Own []netip.AddrPort
	// Reserved are addresses that no Task may be at.
	Reserved Reserved
	// Challenges are the answers that orders have ready in their working Secrets.
	Challenges []Challenge
	// AllowedHosts has the AllowedHostsAnnotation of each Namespace, nil for one without. A namespace that is not in the
	// map has no host. A nil map stands for Namespaces that cannot be read.
	AllowedHosts map[string]*string
	// Owners are the recorded namespaces of hosts. A host that is not in the map belongs to the namespace of the oldest
	// object that names it. Build does not modify it.
	Owners map[string]string
	// Kept are those of Owners that keep their host although none of their rules names it. Requests for such a host go to
	// no other namespace's rules.
	Kept map[string]string
	// Now is what the validity of certificates is compared with. Two inputs that differ only in it give the same result,
	// unless a certificate's validity begins or ends in between.
	Now     time.Time
	Options Options
}

// Options are what the controller's flags say about translation.
type Options struct {
	// IngressClass is the class whose objects are ours. The maker of an Input selects objects by it.
	IngressClass string
	// AllowSharedHosts lets objects of several namespaces have rules for one host.
	AllowSharedHosts bool
	// RequireAllowedHosts lets namespaces have only the hosts that their AllowedHostsAnnotation allows. Otherwise a
	// namespace without the annotation may have every host.
	RequireAllowedHosts bool
	// AllowLocalTasks lets Tasks be at loopback, link-local and the controller's own addresses. Those do not belong to the
	// namespace, but to whatever runs beside the controller.
	AllowLocalTasks bool
	// TaskNetworks are the networks that Tasks may be in. Empty stands for all.
	TaskNetworks []netip.Prefix
	// DefaultCertificate is the Secret whose certificate is served for names without one. Empty for none.
	DefaultCertificate types.NamespacedName
}

// Build returns the snapshot that serves in, and a report for each object that is ours, sorted by kind, namespace and
// name. It does not fail: it reports what cannot be served.
func Build(in Input) (*snapshot.Snapshot, []Report) {
	objects := claim(in)
	hosts := newHosts(len(objects), newAllowances(&in), in.Owners, in.Options.AllowSharedHosts)
	pools := newPools(len(objects))
	hosts.listen(in.Listeners)
	candidates, shares := collect(objects, hosts, pools, in.Services)
	hosts.keep(in.Kept)
	noteShadows(objects, hosts)

	networks := newNetworks(&in)
	pools.resolve(in, objects, networks)
	snapshot := new(snapshot.Snapshot)
	snapshot.Hosts, snapshot.Listeners = program(objects, hosts, pools, candidates, shares, newCredentials(&in, objects))
	for i := range objects {
		objects[i].settleFault()
	}
	snapshot.Unserved = unserved(objects)
	tlsCertificates := claimSecrets(in.TLSCertificates)
	snapshot.Certificates, snapshot.Challenges = certify(in, objects, tlsCertificates, hosts, snapshot.Hosts)
	guard(&in, objects, hosts, snapshot.Hosts)
	placeListeners(in.Listeners, snapshot)
	nameListeners(&in, snapshot)
	snapshot.Pools = pools.programmed()
	snapshot.Checks = checks(in.Tasks, snapshot.Pools, snapshot.Hosts)

	// Unresolved backends are named in the order of the rules, which is the order of the candidates.
	for i := range candidates {
		c := &candidates[i]
		for _, index := range c.pools {
			if index != noPool && pools.list[index].finding != "" {
				objects[c.object].noteBackend(index)
			}
		}
	}
	shares.noteBackends(objects, candidates, pools)
	return snapshot, reports(in, objects, tlsCertificates, pools, networks)
}

// claim sorts the objects by age. The oldest wins: see rules.Older.
func claim(in Input) []object {
	objects := make([]object, len(in.Objects))
	for i, o := range in.Objects {
		objects[i].Object = o
	}
	slices.SortFunc(objects, func(a, b object) int { return cmp.Or(rules.Older(a.Object, b.Object), cmp.Compare(a.ID, b.ID)) })
	return objects
}
