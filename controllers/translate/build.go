// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy"
)

// Input is everything that a snapshot is made of. The lists are in any order, an object is in its list once, and
// nothing in them is modified or kept.
type Input struct {
	Ingresses []*v1alpha1.Ingress
	// Standard are those Ingresses of networking.k8s.io that are ours.
	Standard        []*Standard
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
	// namespace of the oldest Ingress that names it. It is not modified.
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
	// IngressClass is the spec.ingressClassName that is ours; an Ingress without one is ours too.
	IngressClass string
	// AllowSharedHosts lets Ingresses of several namespaces have rules for one host.
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
func Build(in Input) (*proxy.Snapshot, []Report) {
	ingresses := claim(in)
	hosts := newHosts(len(ingresses), newAllowances(&in), in.Owners, in.Options.AllowSharedHosts)
	pools := newPools(len(ingresses))
	candidates := collect(ingresses, hosts, pools)
	hosts.keep(in.Kept)
	noteShadows(ingresses, hosts)

	snapshot := &proxy.Snapshot{Hosts: program(ingresses, hosts, pools, candidates)}
	for i := range ingresses {
		ingresses[i].settleFault()
	}
	snapshot.Unserved = unserved(ingresses)
	tlsCertificates := claimSecrets(in.TLSCertificates)
	snapshot.Certificates, snapshot.Challenges = certify(in, ingresses, tlsCertificates, hosts, snapshot.Hosts)
	pools.resolve(in, ingresses)
	snapshot.Pools = pools.programmed()
	snapshot.Checks = checks(in.Tasks, snapshot.Pools)

	// What is not resolved is named in the order of the rules, which is the order of the candidates.
	for i := range candidates {
		c := &candidates[i]
		if p := &pools.list[c.pool]; p.finding != "" {
			ingresses[c.ingress].noteBackend(c.pool)
		}
	}
	return snapshot, reports(in, ingresses, tlsCertificates, pools)
}

// ingress is an Ingress of ours and what has become of it so far.
type ingress struct {
	object *v1alpha1.Ingress
	// standard is what a standard Ingress has beside the object that it is read as. It is nil for an Ingress of this API.
	standard *Standard
	// name is "namespace/name", with "networking.k8s.io/" before it for a standard Ingress.
	name string
	// tls are the certificates that it asks for.
	tls []*v1alpha1.IngressTLS
	// routes counts the rules that have a route of their own in the snapshot and are sound.
	routes int
	// shadowed are the wildcards among the hosts of its rules, and "", that hosts of other namespaces are below of.
	shadowed []string
	// closed counts the paths that no request gets a backend through: they answer 503, or there is nothing left for
	// them.
	closed int
	// closedHosts counts the rules that close their whole host.
	closedHosts int
	// problems are what keeps rules of it from being served as they are written.
	problems []problem
	// backends are the pools that there is something to say about, in the order of the rules.
	backends []int32
	// findings are what keeps its certificate from being all that its tls asks for.
	findings []finding
	// remarks are what there is to say of its certificates that are all that is asked for.
	remarks []string
	// certificateHosts are those of tls with autoSSL that a certificate is ordered for.
	certificateHosts []string
}

func (i *ingress) noteBackend(pool int32) {
	if !slices.Contains(i.backends, pool) {
		i.backends = append(i.backends, pool)
	}
}

// claim picks the Ingresses of the class and sorts them by age, which is who wins: see Older.
func claim(in Input) []ingress {
	ours := make([]ingress, 0, len(in.Ingresses)+len(in.Standard))
	for _, object := range in.Ingresses {
		if !Claims(object, in.Options.IngressClass) {
			continue
		}
		ing := ingress{object: object, name: object.Namespace + "/" + object.Name}
		if object.Spec.TLS != nil {
			ing.tls = []*v1alpha1.IngressTLS{object.Spec.TLS}
		}
		ours = append(ours, ing)
	}
	for _, s := range in.Standard {
		name := networkingv1.GroupName + "/" + s.object.Namespace + "/" + s.object.Name
		ours = append(ours, ingress{object: s.object, standard: s, name: name, tls: s.tls})
	}
	slices.SortFunc(ours, func(a, b ingress) int { return cmp.Or(Older(a.object, b.object), cmp.Compare(a.name, b.name)) })
	return ours
}

// Older orders two Ingresses by their right to what both want: the oldest first, and the names in their order where
// the age, which has a resolution of a second, is the same.
func Older(a, b *v1alpha1.Ingress) int {
	return cmp.Or(
		a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
	)
}
