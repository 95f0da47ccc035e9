// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/rules"
)

// AuthoritiesPerNamespace is how many Secrets and ConfigMaps of a namespace may be named for their authorities. Each is
// watched and held, whether it exists or not.
const AuthoritiesPerNamespace = 16

// NamedAuthorities returns the authorities that listeners, hosts and backends in an input name: at most
// AuthoritiesPerNamespace of each namespace, those of listeners first, and then those of the oldest objects.
func NamedAuthorities(in *Input) map[AuthorityName]struct{} {
	names := slices.ContainsFunc(in.Listeners, func(l *rules.Listener) bool { return l.Clients != nil })
	if !names && !slices.ContainsFunc(in.Objects, namesAuthority) {
		return nil // without sorting anything
	}
	return namedAuthorities(in.Listeners, claim(*in))
}

func namesAuthority(object *rules.Object) bool {
	named := false
	eachAuthority(object, func(AuthorityName) { named = true })
	return named
}

// eachAuthority calls f with each authority that an object names: first for its clients, and then for its backends.
func eachAuthority(object *rules.Object, f func(AuthorityName)) {
	if c := object.ClientCertificate; c != nil && c.Fault == "" {
		f(c.Authorities)
		if c.Revocations.Name != "" {
			f(c.Revocations)
		}
	}
	ofPolicy := func(p *rules.TLSPolicy) {
		if p != nil {
			for _, name := range p.Authorities {
				f(name)
			}
		}
	}
	for h := range object.Hosts {
		for r := range object.Hosts[h].Rules {
			for b := range object.Hosts[h].Rules[r].EachBackend() {
				if name, ok := backendTLSOf(b).authorityName(object.NamespaceOf(b)); ok {
					f(name)
				}
				if b.ServiceTLS == nil {
					continue
				}
				ofPolicy(b.ServiceTLS.All)
				for _, port := range slices.Sorted(maps.Keys(b.ServiceTLS.Ports)) { // in the same order on all replicas
					ofPolicy(b.ServiceTLS.Ports[port])
				}
			}
		}
	}
}

// namedAuthorities is NamedAuthorities for objects that are sorted by age.
func namedAuthorities(listeners []*rules.Listener, objects []object) map[AuthorityName]struct{} {
	names := make(map[AuthorityName]struct{})
	count := make(map[string]int) // by namespace
	add := func(name AuthorityName) {
		if _, known := names[name]; !known && count[name.Namespace] < AuthoritiesPerNamespace {
			names[name] = struct{}{}
			count[name.Namespace]++
		}
	}
	for _, l := range listeners {
		if l.Clients != nil {
			for _, name := range l.Clients.Authorities {
				add(name)
			}
		}
	}
	for i := range objects {
		eachAuthority(objects[i].Object, add)
	}
	return names
}

// authorities are what backends can be verified by, and what they can be shown.
type authorities struct {
	known KnownAuthorities
	// named returns whether an authority may be used.
	named func(AuthorityName) bool
	// shown are the Secrets with the certificates that backends are shown.
	shown map[types.NamespacedName]*Secret
}

func newAuthorities(in Input, objects []object, pools []pool) (a authorities) {
	named := false
	for i := range pools {
		tls := &pools[i].backend.tls
		named = named || tls.CASecret != "" || tls.CAConfigMap != "" || tls.Policy != nil
	}
	if named {
		a.known, a.named = NewKnownAuthorities(in.Authorities), among(namedAuthorities(in.Listeners, objects))
	}
	if len(in.ClientCertificates) > 0 {
		a.shown = make(map[types.NamespacedName]*Secret, len(in.Secrets))
		for _, s := range in.Secrets {
			a.shown[types.NamespacedName{Namespace: s.Namespace, Name: s.Name}] = s
		}
	}
	return a
}

// among returns a function that returns whether an authority is one of these.
func among(names map[AuthorityName]struct{}) func(AuthorityName) bool {
	return func(name AuthorityName) bool {
		_, ok := names[name]
		return ok
	}
}

// KnownAuthorities are what Secrets and ConfigMaps with authorities were found to hold.
type KnownAuthorities map[AuthorityName]*Authority

// NewKnownAuthorities returns the authorities by their names.
func NewKnownAuthorities(list []*Authority) KnownAuthorities {
	known := make(KnownAuthorities, len(list))
	for _, authority := range list {
		known[authority.Name] = authority
	}
	return known
}

// Fault says why an object of the Gateway API cannot be served by an authority that it names, empty for nothing. It may
// not be served by what was there before: the API wants that connections fail then.
func (k KnownAuthorities) Fault(name AuthorityName) string {
	switch authority := k[name]; {
	case authority == nil:
		return name.String() + " is not read: at most 16 Secrets and ConfigMaps of a namespace are read for the authorities in them, and others are named " +
			"before this one: put the certificates together into fewer"
	case authority.Missing != "":
		return name.String() + " " + authority.Missing
	case authority.Fault != "":
		return name.String() + ": " + authority.Fault
	}
	return ""
}

// join returns the certificates of authorities that have no fault, and the faults of the others.
func (k KnownAuthorities) join(names []AuthorityName) (certificates string, faults []string) {
	var texts []string
	for _, name := range names {
		if fault := k.Fault(name); fault != "" {
			faults = append(faults, fault)
		} else {
			texts = append(texts, k[name].Certificates)
		}
	}
	if len(texts) == 1 {
		return texts[0], faults // the same text in memory: the data plane parses it once
	}
	return strings.Join(texts, ""), faults
}
