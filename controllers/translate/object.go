// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// object is an object of ours that makes routes, and what has become of it so far.
type object struct {
	*rules.Object
	// routes counts the rules that have a route of their own in the snapshot and are sound.
	routes int
	// shadowed are the wildcards among the hosts of its rules, and "", that hosts of other namespaces are below of.
	shadowed []string
	// closed counts the rules that no request gets a backend through: they answer 503, or there is nothing left for
	// them.
	closed int
	// closedHosts counts the hosts that it closes as a whole.
	closedHosts int
	// problems are what keeps rules of it from being served as they are written.
	problems []problem
	// backends are the pools that there is something to say about, in the order of the rules.
	backends []int32
	// findings are what keeps its certificates from being all that it asks for.
	findings []finding
	// remarks are what there is to say of its certificates that are all that is asked for.
	remarks []string
	// certificateHosts are those that a certificate is ordered for.
	certificateHosts []string
}

// size is how many rules the object has.
func (o *object) size() (n int) {
	for e := range o.Hosts {
		n += len(o.Hosts[e].Rules)
	}
	return n
}

func (o *object) noteBackend(pool int32) {
	if !slices.Contains(o.backends, pool) {
		o.backends = append(o.backends, pool)
	}
}

// where names a place of the object as its author finds it: that of a rule, of a whole host, or what all of them are
// of.
func (o *object) where(entry, rule int) string {
	switch {
	case entry == wholeObject:
		return "metadata"
	case rule == wholeHost:
		return o.Hosts[entry].Where
	}
	return o.Hosts[entry].Rules[rule].Where
}

// ruleID names a place of the object for logs.
func (o *object) ruleID(entry, rule int) snapshot.RuleID {
	return snapshot.RuleID{Ingress: o.ID, Rule: o.Hosts[entry].Index, Path: rule}
}
