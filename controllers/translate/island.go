// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// island is a part of an input that has everything which decides who has a place, a host or a Secret that several want.
// So it is built by itself. What else it depends on, it only reads: see [topic].
type island struct {
	members []member
	bonds   []bond
	topics  []topic
	// readsAt has where its seats among the readers of the topics are.
	readsAt []int

	// building is the making of the result below. It is nil once that is made.
	building *building
	// hosts are the names of the hosts that are no listener's. programmed are those of them with a place in the snapshot.
	hosts, programmed []string
	// listeners are those with hosts of their own.
	listeners []snapshot.Listener
	// shadowed are those of its hosts that have hosts of other namespaces below them. Nil if there are none.
	shadowed map[string]bool
	// redirects are what is wanted for hosts below its wildcards.
	redirects map[string]redirect
	// pools are those that its rules refer to. Routes send to the first few of them.
	pools []*sharedPool
	used  int
	// refersAt has where its seats at the pools are.
	refersAt []int
	// served are the certificates that are served for its hosts.
	served   []servedFor
	unserved []snapshot.Unserved
	reports  []*Report
	// dated is set if the result depends on the time beyond what is known of certificates.
	dated bool
}

// servedFor is a Secret and the hosts that its certificate is served for. A host may be there several times.
type servedFor struct {
	secret *Secret
	hosts  []string
}

// member is one of the things that make up islands: an object, a TLSCertificate, a host that its namespace keeps, or
// the listeners, which are together one.
type member struct {
	object      *rules.Object
	certificate *v1alpha1.TLSCertificate
	kept        string
	listeners   bool
}

// bond is something that several members may want. All that want it are in one island.
type bond struct {
	kind            bondKind
	namespace, name string
}

type bondKind uint8

const (
	// ofHost binds all that name a host that is no listener's, and ofSecret the TLSCertificates of one Secret.
	ofHost bondKind = iota
	ofSecret
	// ofListeners binds all that has to do with listeners.
	ofListeners
	// ofCrowd and what follows bind all that are in a crowd for which there is no room.
	ofCrowd
)

// topic is something that islands read. When it changes they are built anew.
type topic struct {
	of              about
	namespace, name string
}

type about uint8

const (
	// aboutSecret is what a Secret with a certificate holds, and which TLSCertificates have its name or order it.
	aboutSecret about = iota
	aboutService
	aboutCredential
	aboutAuthority
	// aboutHost is who owns a host of another island, and whether plain requests for hosts below it are redirected.
	aboutHost
)

// eachBond calls f with what a member wants.
func (b *Builder) eachBond(m *member, f func(bond)) {
	host := func(name string) { f(bond{kind: ofHost, name: name}) }
	full := func(of crowded, _ int) {
		if b.crowds.full[of.crowd] {
			f(bond{kind: ofCrowd + bondKind(of.of), namespace: of.namespace})
		}
	}
	switch {
	case m.listeners:
		f(bond{kind: ofListeners})
		for _, l := range b.in.Listeners {
			eachListenersCrowded(l, full)
		}
	case m.certificate != nil:
		secret := secretOf(m.certificate)
		f(bond{ofSecret, secret.Namespace, secret.Name})
		for _, name := range m.certificate.Spec.Hosts {
			host(string(name))
		}
	case m.object == nil:
		host(m.kept)
	default:
		o := m.object
		for e := range o.Hosts {
			if o.Hosts[e].Listener != nil {
				f(bond{kind: ofListeners})
			} else {
				host(o.Hosts[e].Name)
			}
		}
		for n := range o.Certificates {
			for _, name := range o.Certificates[n].Hosts {
				host(name)
			}
		}
		if o.ClientCertificate != nil {
			for _, name := range o.ClientCertificate.Hosts {
				host(name)
			}
		}
		if len(b.crowds.full) > 0 {
			eachCrowded(o, full)
		}
	}
}

// eachTopic calls f with what a member reads. It may call it with one several times.
func eachTopic(m *member, f func(topic)) {
	over := func(name string, certified bool) {
		if wildcard := wildcardOver(name); wildcard != "" {
			f(topic{of: aboutHost, name: wildcard})
		}
		if certified {
			f(topic{of: aboutHost})
		}
	}
	switch {
	case m.certificate != nil:
		secret := secretOf(m.certificate)
		f(topic{aboutSecret, secret.Namespace, secret.Name})
		for _, name := range m.certificate.Spec.Hosts {
			over(string(name), true)
		}
	case m.object != nil:
		eachObjectTopic(m.object, f, over)
	default:
		over(m.kept, false)
	}
}

func eachObjectTopic(o *rules.Object, f func(topic), over func(name string, certified bool)) {
	for h := range o.Hosts {
		if o.Hosts[h].Listener == nil {
			over(o.Hosts[h].Name, len(o.Certificates) > 0)
		}
	}
	eachService(o, func(name types.NamespacedName) { f(topic{aboutService, name.Namespace, name.Name}) })
	for n := range o.Certificates {
		wish := &o.Certificates[n]
		f(topic{aboutSecret, o.Namespace, wish.Secret})
		for _, name := range wish.Hosts {
			over(name, true)
		}
	}
	if c := o.ClientCertificate; c != nil {
		f(topic{aboutAuthority, c.Authorities.Namespace, c.Authorities.Name})
		f(topic{aboutAuthority, c.Revocations.Namespace, c.Revocations.Name})
	}
	o.EachCredential(func(name rules.CredentialName) { f(topic{aboutCredential, name.Namespace, name.Name}) })
}

// loosen takes an island apart. Its members are put together anew before the build ends.
func (b *Builder) loosen(i *island) {
	if i == nil || i.members == nil {
		return
	}
	for _, m := range i.members {
		if m.object != nil {
			delete(b.islandOf, m.object)
		} else if m.certificate != nil {
			delete(b.islandOfCertificate, m.certificate)
		}
	}
	for _, of := range i.bonds {
		delete(b.bound, of)
	}
	for n, of := range i.topics {
		left := b.readers[of].without(i.readsAt[n], func(i *island) []int { return i.readsAt })
		if len(left) == 0 {
			delete(b.readers, of)
		} else {
			b.readers[of] = left
		}
	}
	b.loose = append(b.loose, i.members...)
	b.taken = append(b.taken, i)
	i.members = nil
	b.forget(i)
}

// tell takes apart the islands that read something which has changed, but for those that are being built.
func (b *Builder) tell(of topic) {
	for i := range b.readers[of].islands() {
		if i.building == nil {
			b.loosen(i)
		}
	}
}

// bind puts loose members together to islands.
func (b *Builder) bind() (bound []*island) {
	loose := b.loose
	b.loose = nil
	for n := range loose { // What comes may want what an island has.
		b.eachBond(&loose[n], func(of bond) { b.loosen(b.bound[of]) })
	}
	loose = append(loose, b.loose...)
	b.loose = nil

	// Members with a bond in common find one another: next leads from each to one that was there before it.
	next, first := make([]int, len(loose)), make(map[bond]int)
	root := func(n int) int {
		for next[n] != n {
			next[n] = next[next[n]]
			n = next[n]
		}
		return n
	}
	for n := range loose {
		next[n] = n
		b.eachBond(&loose[n], func(of bond) {
			if other, ok := first[of]; ok {
				next[root(n)] = root(other)
			} else {
				first[of] = n
			}
		})
	}
	at := make(map[int]*island)
	for n := range loose {
		r := root(n)
		i := at[r]
		if i == nil {
			i = &island{}
			at[r], bound = i, append(bound, i)
		}
		i.members = append(i.members, loose[n])
		if o := loose[n].object; o != nil {
			b.islandOf[o] = i
		} else if c := loose[n].certificate; c != nil {
			b.islandOfCertificate[c] = i
		}
	}
	for of, n := range first {
		i := at[root(n)]
		i.bonds, b.bound[of] = append(i.bonds, of), i
	}
	read := make(map[topic]bool)
	for _, i := range bound {
		clear(read)
		for n := range i.members {
			eachTopic(&i.members[n], func(of topic) {
				if !read[of] {
					read[of] = true
					i.readsAt, b.readers[of] = append(i.readsAt, len(b.readers[of])), append(b.readers[of], seat{i, len(i.topics)})
					i.topics = append(i.topics, of)
				}
			})
		}
	}
	return bound
}

// input returns the part of the input that an island is built from.
func (b *Builder) input(i *island) *Input {
	in := b.in
	in.Objects, in.TLSCertificates, in.Listeners, in.Kept, in.Services = nil, nil, nil, nil, nil
	in.Secrets, in.Tasks, in.EndpointSlices, in.Credentials, in.Challenges = nil, nil, nil, nil, nil
	for n := range i.members {
		switch m := &i.members[n]; {
		case m.object != nil:
			in.Objects = append(in.Objects, m.object)
		case m.certificate != nil:
			in.TLSCertificates = append(in.TLSCertificates, m.certificate)
		case m.listeners:
			in.Listeners = b.in.Listeners
		default:
			if in.Kept == nil {
				in.Kept = make(map[string]string)
			}
			in.Kept[m.kept] = b.in.Kept[m.kept]
		}
	}
	for _, of := range i.topics {
		if of.of == aboutService {
			if s := b.services[serviceKey{of.namespace, of.name}]; s != nil && s.object != nil {
				in.Services = append(in.Services, s.object)
			}
		}
	}
	return &in
}

// result takes from the building of an island what is kept of it.
func (b *Builder) result(i *island) {
	made := i.building
	s := made.finish()
	if i.programmed = i.hosts; len(s.Hosts) < len(i.hosts) {
		i.programmed = make([]string, len(s.Hosts))
		for n := range s.Hosts {
			i.programmed[n] = s.Hosts[n].Name
		}
	}
	b.made = append(b.made, s.Hosts...)
	i.shadowed = made.hosts.shadowed()
	i.listeners, i.unserved, i.dated = s.Listeners, s.Unserved, made.dated
	for secret, hosts := range made.certificates.served {
		if len(hosts) > 0 {
			i.served = append(i.served, servedFor{secret, hosts})
		}
	}
	made.eachReport(func(of Report, latest ...metav1.Condition) {
		of.Conditions = slices.Clone(latest)
		for n := range of.Conditions {
			of.Conditions[n].ObservedGeneration = of.Generation
		}
		i.reports = append(i.reports, &of)
	})
	b.usePools(i)
	i.building = nil
}

// isWildcard returns whether a host stands for several names.
func isWildcard(host string) bool { return host == "" || strings.HasPrefix(host, "*") }
