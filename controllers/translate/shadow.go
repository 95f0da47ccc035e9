// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/controllers/rules"
)

// noteShadows notes on objects with rules for a wildcard, or for every host, that these rules also stand for hosts of
// other namespaces, whose requests do not come to them. It does not say which hosts, or whose: that would tell one
// namespace about others.
func noteShadows(objects []object, hosts *hosts) {
	if hosts.shared {
		return
	}
	shadowed := hosts.shadowed()
	if len(shadowed) == 0 {
		return
	}
	for i := range objects {
		o := &objects[i]
		for e := range o.Hosts {
			name := o.Hosts[e].Name
			if o.Hosts[e].Listener != nil || !shadowed[name] || slices.Contains(o.shadowed, name) {
				continue
			}
			if hosts.owns(o.Namespace, hosts.byName[name]) && hosts.allowed.allows(o.Namespace, name) {
				o.shadowed = append(o.shadowed, name)
			}
		}
	}
}

// shadowed returns the hosts that have hosts of other namespaces below them, nil if there are none.
func (h *hosts) shadowed() map[string]bool {
	var shadowed map[string]bool
	note := func(name string) {
		if shadowed == nil {
			shadowed = make(map[string]bool)
		}
		shadowed[name] = true
	}
	for i := range h.list {
		of := &h.list[i]
		switch {
		case of.at.IsValid():
		case h.around != nil:
			if h.around.shadows(of.name, of.owner) {
				note(of.name)
			}
		case of.name != "":
			for _, over := range over(of.name) {
				if index, ok := h.byName[over]; ok && h.list[index].owner != of.owner {
					note(over)
				}
			}
		}
	}
	return shadowed
}

// over returns the less specific hosts that could stand for a host too.
func over(name string) [2]string { return [...]string{wildcardOver(name), ""} }

// shadows returns a text that says which of an object's hosts have hosts of other namespaces below them.
func (o *object) shadows() string {
	if len(o.shadowed) == 0 {
		return ""
	}
	texts := make([]string, len(o.shadowed))
	for n, name := range o.shadowed {
		texts[n] = "every host"
		if name != "" {
			texts[n] = rules.Clip(name)
		}
	}
	return "; some of the hosts that its rules for " + strings.Join(rules.Bounded(texts), ", ") +
		" stand for belong to other namespaces, whose rules alone are asked for those"
}
