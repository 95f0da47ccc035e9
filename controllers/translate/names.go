// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// Names know what the objects of one input after the other name. They look only at what has changed, which they find as
// a [Builder] does. A set stays the same map until something comes into it or leaves it. The zero value knows nothing.
type Names struct {
	objects        []*rules.Object
	listeners      []*rules.Listener
	certificates   []*v1alpha1.TLSCertificate
	services       counted[types.NamespacedName]
	secrets, shown counted[types.NamespacedName]
	credentials    counted[rules.CredentialName]
	authorities    counted[AuthorityName]
	crowds         crowds
	// others are the Secrets that no object or listener names by itself, as they were read last.
	others []types.NamespacedName
	// shownSorted is the latest list of shown.
	shownSorted []types.NamespacedName
}

// counted is a set of things, with how many name each.
type counted[K comparable] struct {
	by  map[K]int
	set map[K]struct{}
}

func (c *counted[K]) add(k K) {
	if c.by == nil {
		c.by = make(map[K]int)
	}
	if c.by[k]++; c.by[k] == 1 {
		c.set = nil
	}
}

func (c *counted[K]) remove(k K) {
	if c.by[k]--; c.by[k] == 0 {
		delete(c.by, k)
		c.set = nil
	}
}

// get returns the set. Nobody modifies it.
func (c *counted[K]) get() map[K]struct{} {
	if c.set == nil {
		c.set = make(map[K]struct{}, len(c.by))
		for k := range c.by {
			c.set[k] = struct{}{}
		}
	}
	return c.set
}

// Read reads the objects and listeners of an input.
func (n *Names) Read(in *Input) {
	if n.crowds.things == nil {
		n.crowds = newCrowds()
		n.services.add(apiServerService)
	}
	gone, came := difference(n.objects, in.Objects)
	// What stays named is not out of the set for a moment.
	for _, o := range came {
		n.each(o, n.services.add, n.secrets.add, n.shown.add, n.credentials.add, n.authorities.add, n.crowds.add)
	}
	for _, o := range gone {
		n.each(o, n.services.remove, n.secrets.remove, n.shown.remove, n.credentials.remove, n.authorities.remove, n.crowds.remove)
	}
	goneListeners, cameListeners := difference(n.listeners, in.Listeners)
	for _, l := range cameListeners {
		n.eachOfListener(l, n.secrets.add, n.authorities.add, n.crowds.add)
	}
	for _, l := range goneListeners {
		n.eachOfListener(l, n.secrets.remove, n.authorities.remove, n.crowds.remove)
	}
	n.crowds.turn()
	n.objects, n.listeners = in.Objects, in.Listeners
}

func (n *Names) each(o *rules.Object, service, secret, shown func(types.NamespacedName), credential func(rules.CredentialName),
	authority func(AuthorityName), thing func(crowded, int)) {
	eachService(o, service)
	for i := range o.Certificates {
		secret(types.NamespacedName{Namespace: o.Namespace, Name: o.Certificates[i].Secret})
	}
	for h := range o.Hosts {
		for r := range o.Hosts[h].Rules {
			for b := range o.Hosts[h].Rules[r].EachBackend() {
				if b.TLS != nil && b.TLS.ClientCertificate.Name != "" {
					shown(b.TLS.ClientCertificate)
				}
			}
		}
	}
	o.EachCredential(credential)
	eachAuthority(o, authority)
	eachCrowded(o, thing)
}

func (n *Names) eachOfListener(l *rules.Listener, secret func(types.NamespacedName), authority func(AuthorityName), thing func(crowded, int)) {
	for _, at := range l.Certificates {
		secret(at)
	}
	if l.Clients != nil {
		for _, name := range l.Clients.Authorities {
			authority(name)
		}
	}
	eachListenersCrowded(l, thing)
}

// Services is [NamedServices] of the input that was read.
func (n *Names) Services() map[types.NamespacedName]struct{} { return n.services.get() }

// ShownCertificates returns the Secrets with the certificates that the backends of objects are shown, each once.
func (n *Names) ShownCertificates() []types.NamespacedName {
	if n.shown.set == nil {
		n.shownSorted = slices.SortedFunc(maps.Keys(n.shown.get()), func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) })
	}
	return n.shownSorted
}

// Secrets is [NamedSecrets] of the input that was read, whose TLSCertificates and ClientCertificates are known by now,
// with the default certificate.
func (n *Names) Secrets(in *Input) map[types.NamespacedName]struct{} {
	gone, came := difference(n.certificates, in.TLSCertificates)
	for _, o := range came {
		n.secrets.add(secretOf(o))
	}
	for _, o := range gone {
		n.secrets.remove(secretOf(o))
	}
	n.certificates = in.TLSCertificates
	others := slices.Clip(in.ClientCertificates)
	if in.Options.DefaultCertificate.Name != "" {
		others = append(others, in.Options.DefaultCertificate)
	}
	if !slices.Equal(others, n.others) {
		for _, at := range others {
			n.secrets.add(at)
		}
		for _, at := range n.others {
			n.secrets.remove(at)
		}
		n.others = others
	}
	return n.secrets.get()
}

// Credentials is [NamedCredentials] of the input that was read.
func (n *Names) Credentials(in *Input) map[rules.CredentialName]struct{} {
	if n.isFull(ofCredentials) {
		return NamedCredentials(in)
	}
	return n.credentials.get()
}

// Authorities is [NamedAuthorities] of the input that was read.
func (n *Names) Authorities(in *Input) map[AuthorityName]struct{} {
	if n.isFull(ofAuthorities) {
		return NamedAuthorities(in)
	}
	return n.authorities.get()
}

// isFull returns whether some namespace has no room for all that its objects name.
func (n *Names) isFull(of limited) bool {
	for crowd := range n.crowds.full {
		if crowd.of == of {
			return true
		}
	}
	return false
}
