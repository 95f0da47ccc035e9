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
	shadowed := make(map[string]bool)
	for i := range hosts.list {
		h := &hosts.list[i]
		if h.name == "" || h.at.IsValid() {
			continue
		}
		for _, over := range [...]string{wildcardOver(h.name), ""} {
			if index, ok := hosts.byName[over]; ok && hosts.list[index].owner != h.owner {
				shadowed[over] = true
			}
		}
	}
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
