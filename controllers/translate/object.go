// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"slices"

	"github.com/warren-dev/ingress/controllers/rules"
)

// object is one of our objects that make routes, with what has become of it so far.
type object struct {
	*rules.Object
	// routes counts the rules that are sound and have their own route in the snapshot.
	routes int
	// shadowed are those of its wildcards, and "", that have hosts of other namespaces below them.
	shadowed []string
	// expressed are those of its hosts whose paths another object made open expressions, each with a text that names it.
	expressed []string
	// contested are those of its paths that another object has too, each with a text that names it.
	contested []string
	// closed counts the rules through which no request reaches a backend: they answer 503, or nothing is left for them.
	closed int
	// closedHosts counts the hosts that the object closes as a whole.
	closedHosts int
	// problems keep its rules from being served as they are written.
	problems []problem
	// backends are the pools with a finding, in the order of the rules.
	backends []int32
	// auth is what there is to say of what clients have to prove, in the order of the rules.
	auth []authFinding
	// findings are why its certificates are not all that it asks for.
	findings []finding
	// remarks are about certificates that are all that it asks for.
	remarks []string
	// references are what there is to say of what clientCertificate names. One without a reason is no fault.
	references []finding
	// overruled are the hosts for which it decides what clients show, against other objects, each with a text about that.
	overruled []string
	// certificateHosts are the hosts that a certificate is ordered for.
	certificateHosts []string
}

// size returns how many rules the object has.
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

// where names a place in the object as its author finds it: a rule, a whole host, or the whole object.
func (o *object) where(entry, rule int) string {
	switch {
	case entry == wholeObject:
		return "metadata"
	case rule == wholeHost:
		return o.Hosts[entry].Where
	}
	return o.Hosts[entry].Rules[rule].Where
}

// faultOf returns what is wrong with the rule of a candidate, or with the whole host, which may be what is wrong with
// the whole object.
func (o *object) faultOf(c *candidate) string {
	if c.rule != wholeHost {
		rule := &o.Hosts[c.entry].Rules[c.rule]
		if f := cmp.Or(rule.MatchAs(c.opened).Fault, rule.Fault); f != nil && f.Text != "" {
			return f.Text
		}
	}
	if o.Fault != nil {
		return o.Fault.Text
	}
	return ""
}
