// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"net/netip"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// hosts are the hosts that our objects name, each with its owner.
type hosts struct {
	list []host
	// byName has the hosts that are no listener's, by name, and byListener those that are.
	byName     map[string]int32
	byListener map[listenerHost]int32
	// allowed knows which hosts a namespace may have.
	allowed *allowances
	// recorded are the recorded owners, also of hosts that no rule names.
	recorded map[string]string
	// openers are the objects that make the paths of a host open expressions, oldest first, by its name. Nil if there are
	// none.
	openers map[string][]*rules.Object
	// aliases have the indexes of the hosts that aliases stand for, by their own. Nil if there are none.
	aliases map[int32]int32
	// shared lets every namespace have rules for every host.
	shared bool
	// around knows the hosts that are in no list because they are of other islands. Nil if there are none.
	around *Builder
}

type host struct {
	name string
	// owner is the namespace that the host belongs to, or the ID of its listener.
	owner string
	// at is the address of its listener. It is the zero value for a host that is no listener's.
	at netip.AddrPort
	// opened is the object that made its paths open expressions. Nil if none did.
	opened *rules.Object
	// alone is set if an object of the owner's has it alone, and joined if one has it and does not say so.
	alone, joined bool
}

// listenerHost is the name of a host at the address of a listener.
type listenerHost struct {
	at   netip.AddrPort
	name string
}

func newHosts(expected int, recorded map[string]string, shared bool) *hosts {
	return &hosts{list: make([]host, 0, expected), byName: make(map[string]int32, expected), byListener: make(map[listenerHost]int32),
		recorded: recorded, shared: shared}
}

// listen adds the hosts that the names of listeners stand for. They are the listeners', even if no rule names them: no
// less specific listener gets their requests.
func (h *hosts) listen(listeners []*rules.Listener) {
	for _, l := range listeners {
		h.at(l, l.Name)
	}
}

// at returns the index of a host of a listener. The maker of the input has seen to it that it is no other listener's.
func (h *hosts) at(l *rules.Listener, name string) int32 {
	key := listenerHost{l.Address, name}
	i, ok := h.byListener[key]
	if !ok {
		i = int32(len(h.list))
		h.list = append(h.list, host{name: name, owner: l.ID, at: l.Address})
		h.byListener[key] = i
	}
	return i
}

// claim returns the index of a host. The host belongs to the namespace that is recorded for it, or else to the first
// that claims it. So objects must come oldest first.
func (h *hosts) claim(name, namespace string) int32 {
	if i, ok := h.byName[name]; ok {
		return i
	}
	if owner, ok := h.recorded[name]; ok {
		namespace = owner
	}
	i := int32(len(h.list))
	h.list = append(h.list, host{name: name, owner: namespace, opened: h.opener(name, namespace)})
	h.byName[name] = i
	return i
}

// opener returns the oldest object that makes the paths of an owner's host open expressions, nil if there is none.
func (h *hosts) opener(name, owner string) *rules.Object {
	for _, o := range h.openers[name] {
		if (h.shared || o.Namespace == owner) && h.allowed.allows(o.Namespace, name) {
			return o
		}
	}
	return nil
}

// noteOpeners notes which objects make the paths of hosts open expressions. It has to be called before any host is
// claimed.
func (h *hosts) noteOpeners(objects []object) {
	for i := range objects {
		o := &objects[i]
		for e := range o.Hosts {
			if o.Hosts[e].Expressions && o.Canary == nil {
				if h.openers == nil {
					h.openers = make(map[string][]*rules.Object)
				}
				h.openers[o.Hosts[e].Name] = append(h.openers[o.Hosts[e].Name], o.Object)
			}
		}
	}
}

// isAlone returns whether all objects that have the host have it alone.
func (h *host) isAlone() bool { return h.alone && !h.joined }

// note notes whether one of the objects that have a host has it alone.
func (h *host) note(alone bool) {
	h.alone, h.joined = h.alone || alone, h.joined || !alone
}

// keep adds the hosts that their namespaces keep although none of their rules names them.
func (h *hosts) keep(kept map[string]string) {
	if h.shared {
		return
	}
	for name, owner := range kept {
		h.claim(name, owner)
	}
}

// ownerFor returns the owner that the data plane is told for something of a namespace. If hosts are shared, there is
// none.
func (h *hosts) ownerFor(namespace string) string {
	if h.shared {
		return ""
	}
	return namespace
}

// owns returns whether a namespace may have rules, certificates and answers to challenges for a host.
func (h *hosts) owns(namespace string, host int32) bool {
	return h.shared || h.list[host].owner == namespace
}

// ownedElsewhere returns whether another namespace owns the host of a name.
func (h *hosts) ownedElsewhere(namespace, name string) bool {
	if owner, ok := h.recorded[name]; ok {
		return !h.shared && owner != namespace
	}
	owner, routed := h.matching(name)
	return routed && !h.shared && owner != namespace
}

// matching returns the owner of the host whose rules are tried first for a name: the name itself, the wildcard over it,
// or the empty host.
func (h *hosts) matching(name string) (owner string, ok bool) {
	if owner, ok = h.ownerOf(name); ok {
		return owner, true
	}
	if wildcard := wildcardOver(name); wildcard != "" {
		if owner, ok = h.ownerOf(wildcard); ok {
			return owner, true
		}
	}
	return h.ownerOf("")
}

// ownerOf returns the owner of a host that is no listener's, and whether there is such a host.
func (h *hosts) ownerOf(name string) (owner string, ok bool) {
	if i, ok := h.byName[name]; ok {
		return h.list[i].owner, true
	}
	if h.around != nil {
		owner, ok = h.around.owners[name]
	}
	return owner, ok
}

// has returns whether there is a host of a name that belongs to a namespace.
func (h *hosts) has(namespace, name string) bool {
	i, ok := h.byName[name]
	return ok && h.owns(namespace, i)
}

// wildcardOver returns the wildcard one label above an exact host, empty if there is none.
func wildcardOver(host string) string {
	if strings.HasPrefix(host, "*") {
		return ""
	}
	if dot := strings.IndexByte(host, '.'); dot > 0 {
		return "*" + host[dot:]
	}
	return ""
}

// ownedElsewhere returns the problem of a rule whose host another namespace owns. It does not say which namespace:
// whoever may write into one namespace may have no right to know of others.
func ownedElsewhere(entry int, name string) problem {
	who := "host " + rules.Quote(name)
	if name == "" {
		who = "the empty host, which is every host,"
	}
	return problem{entry: entry, rule: wholeHost, unserved: true, reason: v1alpha1.ReasonHostOwnedElsewhere,
		text: who + " belongs to another namespace: choose another host, or ask the cluster's administrator, " +
			"whom kubectl warren hosts tells whose it is"}
}
