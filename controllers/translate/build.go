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

// Input is everything that a snapshot is made of. The lists are in any order, an object is in its list once, and
// nothing in them is modified. Of what is in them, the snapshot keeps the policies of rules.
type Input struct {
	// Objects are what makes routes, of all kinds, as far as it is ours.
	Objects         []*rules.Object
	Tasks           []*v1alpha1.Task
	TLSCertificates []*v1alpha1.TLSCertificate
	Services        []*corev1.Service
	EndpointSlices  []*discoveryv1.EndpointSlice
	// Secrets are those that NamedSecrets and Options name. Others do no harm.
	Secrets []*Secret
	// Authorities are those that NamedAuthorities names, as far as they are there.
	Authorities []*Authority
	// Own are where requests come in to the controller, at each of its replicas.
	Own []netip.AddrPort
	// Challenges are what the working Secrets of orders hold ready.
	Challenges []Challenge
	// AllowedHosts are what the Namespaces that are there have as their AllowedHostsAnnotation, nil for those without. A
	// namespace that is not among them has no host. A nil map stands for Namespaces that cannot be read.
	AllowedHosts map[string]*string
	// Owners are the namespaces that hosts belong to, as it is on record. A host that is not there belongs to the
	// namespace of the oldest object that names it. It is not modified.
	Owners map[string]string
	// Kept are those of them that are kept for a namespace while no rule of it names them: their requests go to no other's
	// rules.
	Kept map[string]string
	// Now is what the validity of certificates is compared with. Two inputs that differ in it alone give the same unless a
	// certificate's validity begins or ends in between.
	Now     time.Time
	Options Options
}

// Options are what the controller's flags say about translation.
type Options struct {
	// IngressClass is the class whose objects are ours. Whoever makes an Input goes by it.
	IngressClass string
	// AllowSharedHosts lets objects of several namespaces have rules for one host.
	AllowSharedHosts bool
	// RequireAllowedHosts lets namespaces have those hosts alone that their AllowedHostsAnnotation allows. Without it, a
	// namespace that has none may have every host.
	RequireAllowedHosts bool
	// AllowLocalTasks lets Tasks be at loopback and link-local addresses, which are not the namespace's but those of
	// whatever runs beside the controller.
	AllowLocalTasks bool
	// DefaultCertificate is the Secret whose certificate is served where there is none for a name. Empty for none.
	DefaultCertificate types.NamespacedName
}

// Build returns the snapshot that serves in, and a report for each object that is ours, sorted by kind, namespace and
// name. It does not fail: what cannot be served is reported.
func Build(in Input) (*snapshot.Snapshot, []Report) {
	objects := claim(in)
	hosts := newHosts(len(objects), newAllowances(&in), in.Owners, in.Options.AllowSharedHosts)
	pools := newPools(len(objects))
	candidates := collect(objects, hosts, pools)
	hosts.keep(in.Kept)
	noteShadows(objects, hosts)

	snapshot := &snapshot.Snapshot{Hosts: program(objects, hosts, pools, candidates)}
	for i := range objects {
		objects[i].settleFault()
	}
	snapshot.Unserved = unserved(objects)
	tlsCertificates := claimSecrets(in.TLSCertificates)
	snapshot.Certificates, snapshot.Challenges = certify(in, objects, tlsCertificates, hosts, snapshot.Hosts)
	pools.resolve(in, objects)
	snapshot.Pools = pools.programmed()
	snapshot.Checks = checks(in.Tasks, snapshot.Pools)

	// What is not resolved is named in the order of the rules, which is the order of the candidates.
	for i := range candidates {
		c := &candidates[i]
		if p := &pools.list[c.pool]; p.finding != "" {
			objects[c.object].noteBackend(c.pool)
		}
	}
	return snapshot, reports(in, objects, tlsCertificates, pools)
}

// claim sorts the objects by age, which is who wins: see rules.Older.
func claim(in Input) []object {
	objects := make([]object, len(in.Objects))
	for i, o := range in.Objects {
		objects[i].Object = o
	}
	slices.SortFunc(objects, func(a, b object) int { return cmp.Or(rules.Older(a.Object, b.Object), cmp.Compare(a.ID, b.ID)) })
	return objects
}
