// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Object is what an object that makes routes says, whatever its kind. It is immutable.
type Object struct {
	// Kind is the kind in reports on the object.
	Kind            string
	Namespace, Name string
	UID             types.UID
	Generation      int64
	Created         time.Time
	// LastNameFirst has the object come before others that say so, were made in the same second, and have a name before
	// its own. Those that do not say so come before all that do.
	LastNameFirst bool
	// ID is "namespace/name", with a prefix where that alone does not tell one object from all others.
	ID string
	// Hosts are in the order of the object. A name may occur several times.
	Hosts []Host
	// Certificates are the certificates that the object asks for.
	Certificates []Wish
	// ClientCertificate is what the object has the clients of hosts show. A fault of the object does not change that. Nil
	// for nothing.
	ClientCertificate *ClientCertificate
	// Fault keeps all rules from being served as they are written. Nil if there is no such fault.
	Fault *Fault
	// ClosesHosts is set if the fault closes all of the object's hosts, including what other objects have of them.
	ClosesHosts bool
	// Canary has the object make no place of its own. It takes a share of the requests to other objects' rules for the
	// same places. Nil for every other object.
	Canary *Canary
	// Unheeded lists the annotations of other controllers that have no effect here and do not decide who gets in. It is
	// empty if there are none.
	Unheeded string
}

// Host is a host that an object names, and the object's rules for it.
type Host struct {
	// Name is the host as its author wrote it, valid or not. Empty stands for every host.
	Name string
	// Where is the place in the object as its author finds it, for instance "rules[0]".
	Where string
	// Index is the place as logs have it.
	Index int
	// Listener is where requests for the host come to. Nil for where those of every Ingress do.
	Listener *Listener
	// Default is set if the rules only get what nothing else of the host matches. Any other object's rule for the same
	// place comes before them.
	Default bool
	// Expressions makes every path of the host an expression, those of other objects too: a rule matches by its
	// Expression, if it has one.
	Expressions bool
	// Alias is set if the name is only another one for a host of the object: for the one without Alias whose name comes
	// first in the alphabet. It has the routes of that host, whichever objects they are of, and Rules is empty. An object
	// that has the name without Alias has it alone.
	Alias bool
	// Yields is set if the object names the host for another one's sake, and not for its own. An object of any namespace
	// that names it without Yields has it alone, however young that is.
	Yields bool
	// Alone keeps less specific hosts out: what no rule of the host matches gets 404, if all objects that have the host
	// say so.
	Alone bool
	// Rules are in the order of the object. The host is the object's even if there are none.
	Rules []Rule
}

// Wish is a certificate that an object asks for.
type Wish struct {
	// Secret is the name of the Secret that holds the certificate, or will hold it. The TLSCertificate that orders it has
	// the same name.
	Secret string
	// Hosts are the hosts that the certificate is for. Empty stands for those of the object's rules.
	Hosts []string
	// Redirect has plain requests for these hosts redirected.
	Redirect bool
	// Ordered has the certificate ordered. Email is the address that the authority writes to.
	Ordered bool
	Email   string
}

// Ordering returns the certificate that the object asks to have ordered, nil if it asks for none. known is false if a
// fault of the object hides what it asks for. Then what was ordered for it is left as it is.
func (o *Object) Ordering() (ordering *Wish, known bool) {
	if len(o.Certificates) == 1 && o.Certificates[0].Ordered {
		return &o.Certificates[0], true
	}
	return nil, o.Fault == nil
}

// RuleID names a place in the object for logs: a rule of one of its Hosts, or with -1 the whole of that.
func (o *Object) RuleID(host, rule int) snapshot.RuleID {
	h := &o.Hosts[host]
	id := snapshot.RuleID{Ingress: o.ID, Rule: h.Index, Path: rule}
	switch {
	case h.Listener == nil:
	case rule < 0:
		id.Where = h.Where
	default:
		id.Where = h.Rules[rule].Where
	}
	return id
}

// Closed returns the object with a fault of the whole: it keeps its places, and no request that comes to one of them
// reaches a backend.
func (o *Object) Closed(text string) *Object {
	closed := *o
	closed.Fault = &Fault{Text: text, Closing: InvalidRule}
	closed.Hosts = slices.Clone(o.Hosts)
	for h := range closed.Hosts {
		closed.Hosts[h].Rules = slices.Clone(closed.Hosts[h].Rules)
		for i := range closed.Hosts[h].Rules {
			rule := &closed.Hosts[h].Rules[i]
			rule.Policies, rule.Auth, rule.Balancing, rule.Mirrors, rule.ErrorPages = nil, nil, nil, nil, nil
			rule.Fallback, rule.Persistence = nil, nil
			if rule.Fault == nil {
				rule.Fault = &Fault{Closing: InvalidRule}
			}
		}
	}
	return &closed
}

// ClosedHosts returns the object with a fault of the whole that closes its hosts, and without any rule.
func (o *Object) ClosedHosts(text string) *Object {
	closed := *o
	closed.Fault, closed.ClosesHosts, closed.Certificates = &Fault{Text: text, Closing: InvalidRule}, true, nil
	closed.Hosts = slices.Clone(o.Hosts)
	for h := range closed.Hosts {
		closed.Hosts[h].Rules = nil
	}
	return &closed
}

// NamespaceOf returns the namespace of a backend of one of the object's rules.
func (o *Object) NamespaceOf(b *Backend) string { return cmp.Or(b.Namespace, o.Namespace) }

// MayGuard returns whether a rule of the object may say who gets in.
func (o *Object) MayGuard() bool {
	return o.Fault != nil || o.ClientCertificate != nil || slices.ContainsFunc(o.Hosts, func(h Host) bool {
		return slices.ContainsFunc(h.Rules, func(r Rule) bool { return r.MayGuard() || r.Fault != nil })
	})
}

// Older orders two objects by their right to what both want: the older one first. Ages have a resolution of a second.
// With the same age, the names decide.
func Older(a, b *Object) int {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	switch {
	case a.LastNameFirst && b.LastNameFirst:
		return LastNameFirst(a.Namespace, a.Name, b.Namespace, b.Name)
	case a.LastNameFirst:
		return 1
	case b.LastNameFirst:
		return -1
	}
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// LastNameFirst orders two objects of the same age by "namespace/name", the last one first.
func LastNameFirst(aNamespace, aName, bNamespace, bName string) int {
	return cmp.Compare(bNamespace+"/"+bName, aNamespace+"/"+aName)
}
