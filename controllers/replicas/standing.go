// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
)

// standingAnnotation on a replica's Lease is the standing of its controller.
const standingAnnotation = "ingress.warren.dev/standing"

// standing is what the controllers of a cluster tell each other: which objects each serves, and what decides who writes
// the statuses of objects that several serve. All controllers come to the same decision, because each takes its own
// standing too from its Leases.
type standing struct {
	namespace, class string
	// since is when the controller was installed, in Unix seconds, 0 if that is not known.
	since int64
	// watches are the namespaces whose objects the controller serves, sorted and joined by commas. Empty stands for all.
	watches string
	// named is set if there is an IngressClass of its class, byDefault if that is the cluster's default.
	named, byDefault bool
	// nginx are the classes whose Ingresses it serves as ingress-nginx served them, sorted and joined by commas.
	nginx string
	// orders is set if it orders certificates, and writes the statuses of TLSCertificates.
	orders bool
	// blind is set if it may not read the Leases of other namespaces. It then gives way to no controller there.
	blind bool
}

// standingText is a standing as the annotation has it.
type standingText struct {
	Since        time.Time `json:"since,omitzero"`
	Namespaces   []string  `json:"namespaces,omitempty"`
	IngressClass string    `json:"ingressClass,omitempty"` // classNamed or classDefault
	Nginx        []string  `json:"nginx,omitempty"`
	Orders       bool      `json:"orders,omitempty"`
	Blind        bool      `json:"blind,omitempty"`
}

const (
	classNamed   = "named"
	classDefault = "default"
)

// controller returns the name by which controllers know each other.
func (s *standing) controller() string { return s.namespace + "/" + s.class }

// watching returns whether the controller serves objects of a namespace.
func (s *standing) watching(namespace string) bool {
	return s.watches == "" || slices.Contains(splitNames(s.watches), namespace)
}

// overlaps returns whether there is a namespace that both controllers watch.
func (s *standing) overlaps(other *standing) bool {
	return s.watches == "" || other.watches == "" || slices.ContainsFunc(splitNames(s.watches), other.watching)
}

// encode returns the annotation.
func (s *standing) encode() string {
	text := standingText{Namespaces: splitNames(s.watches), Nginx: splitNames(s.nginx), Orders: s.orders, Blind: s.blind}
	if s.since != 0 {
		text.Since = time.Unix(s.since, 0).UTC()
	}
	switch {
	case s.byDefault:
		text.IngressClass = classDefault
	case s.named:
		text.IngressClass = classNamed
	}
	encoded, err := json.Marshal(text)
	if err != nil {
		return "" // It holds nothing that cannot be encoded.
	}
	return string(encoded)
}

// readStanding returns the standing in a replica's Lease. It returns false for a version that writes none: such a
// controller gives way to nobody, and may serve anything.
func readStanding(lease *coordinationv1.Lease) (standing, bool) {
	var text standingText
	class := lease.Labels[replicaLabel]
	if class == "" || lease.Spec.RenewTime == nil {
		return standing{}, false
	}
	if err := json.Unmarshal([]byte(lease.Annotations[standingAnnotation]), &text); err != nil {
		return standing{}, false
	}
	s := standing{namespace: lease.Namespace, class: class, watches: joinNames(text.Namespaces), nginx: joinNames(text.Nginx),
		named: text.IngressClass != "", byDefault: text.IngressClass == classDefault, orders: text.Orders, blind: text.Blind}
	if !text.Since.IsZero() {
		s.since = text.Since.Unix()
	}
	return s, true
}

// merge adds what another replica of the same controller says. Replicas differ during a rollout.
func (s *standing) merge(other *standing) {
	if s.since == 0 || other.since != 0 && other.since < s.since {
		s.since = other.since
	}
	s.named, s.byDefault = s.named || other.named, s.byDefault || other.byDefault
	s.orders, s.blind = s.orders || other.orders, s.blind || other.blind
	s.nginx = joinNames(append(splitNames(s.nginx), splitNames(other.nginx)...))
	if s.watches == "" || other.watches == "" {
		s.watches = ""
		return
	}
	s.watches = joinNames(append(splitNames(s.watches), splitNames(other.watches)...))
}

// precedes compares who writes first: a controller that cannot know the others, then that of the cluster's default
// class, then the one that was installed first.
func (s *standing) precedes(other *standing) int {
	yes := func(a, b bool) int {
		switch {
		case a == b:
			return 0
		case a:
			return -1
		}
		return 1
	}
	return cmp.Or(yes(s.blind, other.blind), yes(s.byDefault, other.byDefault),
		yes(s.since != 0, other.since != 0), cmp.Compare(s.since, other.since),
		cmp.Compare(s.namespace, other.namespace), cmp.Compare(s.class, other.class))
}
