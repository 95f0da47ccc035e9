// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// alias is another name for a host of an object: the indexes of the object and of one of its Hosts.
type alias struct{ object, entry int32 }

// name gives hosts their other names, as far as no object has these as its hosts. Aliases come oldest first, and all
// other hosts have been claimed.
func (h *hosts) name(objects []object, aliases []alias) {
	if len(aliases) > 0 {
		h.aliases = make(map[int32]int32)
	}
	for _, a := range aliases {
		o := &objects[a.object]
		real, ok := h.realHost(o)
		if !ok {
			continue // What keeps the object from its hosts has been noted.
		}
		name := o.Hosts[a.entry].Name
		index := h.claim(name, o.Namespace)
		if !h.owns(o.Namespace, index) {
			o.problems = append(o.problems, ownedElsewhere(int(a.entry), name))
			continue
		}
		switch of, isAlias := h.aliases[index]; {
		case h.list[index].alone || h.list[index].joined:
			o.problems = append(o.problems, aliasTaken(a, name, "an Ingress has it as its host, and has it alone"))
		case !isAlias:
			h.aliases[index] = real
		case of != real:
			o.problems = append(o.problems, aliasTaken(a, name, "an older Ingress has it as another name for "+hostText(h.list[of].name)))
		}
	}
}

// realHost returns the index of the host that the aliases of an object stand for.
func (h *hosts) realHost(o *object) (index int32, ok bool) {
	first := ""
	for e := range o.Hosts {
		host := &o.Hosts[e]
		if host.Alias || host.Yields || host.Listener != nil || ok && host.Name >= first {
			continue
		}
		if i, claimed := h.byName[host.Name]; claimed && h.owns(o.Namespace, i) && h.allowed.allows(o.Namespace, host.Name) {
			index, ok, first = i, true, host.Name
		}
	}
	return index, ok
}

func aliasTaken(a alias, name, why string) problem {
	return problem{entry: int(a.entry), rule: wholeHost, unserved: true, reason: v1alpha1.ReasonPathConflict,
		text: "host " + rules.Clip(name) + " is no other name for a host of this Ingress: " + why}
}

// copyAliases gives aliases the routes of the hosts that they stand for. indexes are those of the hosts that are
// programmed, in the same order.
func (h *hosts) copyAliases(indexes []int32, programmed []snapshot.Host) {
	if len(h.aliases) == 0 {
		return
	}
	at := make(map[int32]int, len(indexes))
	for n, index := range indexes {
		at[index] = n
	}
	for index, of := range h.aliases {
		n, served := at[of]
		if !served {
			continue
		}
		like := programmed[n]
		to := &programmed[at[index]]
		to.Routes, to.Alone, to.Opened = like.Routes, like.Alone, like.Opened
	}
}
