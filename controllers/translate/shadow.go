// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/controllers/rules"
)

// noteShadows notes on Ingresses with rules for a wildcard, or for every host, that there are hosts of other namespaces
// which those stand for too, and whose requests do not come to them. It is not said which hosts, or whose: that would
// tell one namespace of others.
func noteShadows(ingresses []ingress, hosts *hosts) {
	if hosts.shared {
		return
	}
	shadowed := make(map[string]bool)
	for i := range hosts.list {
		h := &hosts.list[i]
		if h.name == "" {
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
	for i := range ingresses {
		ing := &ingresses[i]
		for r := range ing.object.Spec.Rules {
			name := string(ing.object.Spec.Rules[r].Host)
			if !shadowed[name] || slices.Contains(ing.shadowed, name) {
				continue
			}
			if hosts.owns(ing.object.Namespace, hosts.byName[name]) && hosts.allowed.allows(ing.object.Namespace, name) {
				ing.shadowed = append(ing.shadowed, name)
			}
		}
	}
}

// shadows says which of an Ingress's hosts have hosts of other namespaces below them.
func (i *ingress) shadows() string {
	if len(i.shadowed) == 0 {
		return ""
	}
	texts := make([]string, len(i.shadowed))
	for n, name := range i.shadowed {
		texts[n] = "every host"
		if name != "" {
			texts[n] = rules.Clip(name)
		}
	}
	return "; some of the hosts that its rules for " + strings.Join(rules.Bounded(texts), ", ") +
		" stand for belong to other namespaces, whose rules alone are asked for those"
}
