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
	b := begin(&in, nil)
	networks := newNetworks(&in)
	b.pools.resolve(in, b.objects, networks)
	b.certify()
	s := b.finish()
	b.certificates.serveNameless(in.Listeners)
	s.Certificates, s.Challenges = b.certificates.list(), b.hosts.answer(in.Challenges)
	placeListeners(in.Listeners, s)
	nameListeners(&in, s)
	s.Pools = b.pools.programmed()
	s.Checks = checks(in.Tasks, s.Pools, s.Hosts)
	return s, b.reports(networks)
}

// building is the making of a snapshot, or of the part of an island in one.
type building struct {
	in *Input
	// around knows what is of other islands. Nil if in is everything.
	around          *Builder
	objects         []object
	tlsCertificates []tlsCertificate
	hosts           *hosts
	pools           *pools
	candidates      []candidate
	shares          shares
	certificates    *certificates
	// dated is set if the result depends on the time beyond what is known of certificates.
	dated bool
}

// begin finds out which hosts the objects have, and which places their rules want.
func begin(in *Input, around *Builder) *building {
	b := &building{in: in, around: around, objects: claim(*in), tlsCertificates: claimSecrets(in.TLSCertificates)}
	b.hosts = newHosts(len(b.objects), in.Owners, in.Options.AllowSharedHosts)
	b.hosts.around, b.hosts.allowed = around, around.allowances(in)
	b.pools = newPools(len(b.objects))
	b.hosts.listen(in.Listeners)
	b.candidates, b.shares = collect(b.objects, b.hosts, b.pools, in.Services)
	b.hosts.keep(in.Kept)
	return b
}

// finish makes the routes, once it is known what is behind the pools and which certificates there are.
func (b *building) finish() *snapshot.Snapshot {
	noteShadows(b.objects, b.hosts)
	s := new(snapshot.Snapshot)
	s.Hosts, s.Listeners = program(b.objects, b.hosts, b.pools, b.candidates, b.shares, newCredentials(b.in, b.objects, b.around))
	for i := range b.objects {
		b.objects[i].settleFault()
	}
	s.Unserved = unserved(b.objects)
	b.certificates.redirect(s.Hosts)
	b.dated = guard(b.in, b.objects, b.hosts, s.Hosts)

	// Unresolved backends are named in the order of the rules, which is the order of the candidates.
	for i := range b.candidates {
		c := &b.candidates[i]
		for _, index := range c.pools {
			if index != noPool && b.pools.list[index].finding != "" {
				b.objects[c.object].noteBackend(index)
			}
		}
	}
	b.shares.noteBackends(b.objects, b.candidates, b.pools)
	return s
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
