// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// readSessionPersistence reads how a path keeps sessions. An annotation meets no schema, so all is checked here.
func readSessionPersistence(p *v1alpha1.IngressPath) (read *snapshot.Persistence, fault string) {
	s := p.SessionPersistence
	read = &snapshot.Persistence{Name: s.CookieName}
	override(&read.Absolute, s.AbsoluteTimeout)
	switch {
	case s.CookieName == "" || strings.ContainsFunc(s.CookieName, notInToken):
		return nil, "sessionPersistence.cookieName is no name of a cookie: write one such as session"
	case s.AbsoluteTimeout != nil && read.Absolute <= 0:
		return nil, "sessionPersistence.absoluteTimeout is not above zero: leave it out for sessions without an end"
	case p.LoadBalancing != nil && p.LoadBalancing.Policy == v1alpha1.LoadBalancingHash:
		return nil, "sessionPersistence and loadBalancing.policy Hash both keep clients with a task: leave one of them out"
	}
	return read, ""
}
