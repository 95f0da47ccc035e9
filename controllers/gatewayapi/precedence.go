// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// older orders Gateways, or ListenerSets, by age: the older one first.
func older(a, b *metav1.ObjectMeta) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// byRight returns all Gateways and ListenerSets by their right to what several want, such as a port. A Gateway goes
// before its ListenerSets, and an older ListenerSet before a younger one of the same Gateway, as the API says. Between
// Gateways, each counts from when it was made, and a ListenerSet not from before its Gateway. So the age of a Gateway
// gives nothing to those who add listeners to it later.
func (a *Attached) byRight() []*holder {
	list := make([]*holder, 0, len(a.gateways)+len(a.sets))
	since := make(map[*holder]time.Time, cap(list))
	sets := a.sets
	for i := range a.gateways {
		g := &a.gateways[i]
		list, since[&g.holder] = append(list, &g.holder), g.CreationTimestamp.Time
		for ; len(sets) > 0 && sets[0].gateway == g; sets = sets[1:] {
			s := &sets[0]
			list, since[&s.holder] = append(list, &s.holder), s.CreationTimestamp.Time
			if since[&s.holder].Before(g.CreationTimestamp.Time) {
				since[&s.holder] = g.CreationTimestamp.Time
			}
		}
	}
	slices.SortStableFunc(list, func(x, y *holder) int { return since[x].Compare(since[y]) })
	return list
}
