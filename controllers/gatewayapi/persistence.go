// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// sessionName is the name of the cookie or of the header field, if a route does not say it. A cookie is for the paths
// of its rule alone, so that rules may have the same name.
const sessionName = "warren-session"

// readPersistence reads how sessions are kept with their endpoints. It returns nil if none are.
func readPersistence(from *gatewayv1.SessionPersistence) (p *snapshot.Persistence, fault string) {
	if from == nil {
		return nil, ""
	}
	p = &snapshot.Persistence{Name: or(from.SessionName, sessionName)}
	if p.Name == "" {
		p.Name = sessionName
	}
	if from.AbsoluteTimeout != nil {
		if p.Absolute, fault = readDuration("sessionPersistence.absoluteTimeout", from.AbsoluteTimeout); fault != "" {
			return nil, fault
		}
	}
	lifetime := gatewayv1.SessionCookieLifetimeType
	if from.CookieConfig != nil {
		lifetime = or(from.CookieConfig.LifetimeType, lifetime)
	}
	switch kind := or(from.Type, gatewayv1.CookieBasedSessionPersistence); {
	case !kinds.IsToken(p.Name):
		return nil, "sessionPersistence.sessionName " + rules.Quote(p.Name) + " is no name of a cookie or header: write letters, digits and hyphens"
	case kind == gatewayv1.HeaderBasedSessionPersistence:
		p.Type, p.Name = snapshot.SessionByHeader, strings.ToLower(p.Name)
		if ownHeader(p.Name) {
			return nil, "sessionPersistence.sessionName " + rules.Quote(p.Name) + " is a header of the proxy's own: write another one"
		}
	case kind != gatewayv1.CookieBasedSessionPersistence:
		return nil, "sessionPersistence.type " + rules.Quote(string(kind)) + " is not supported: write Cookie or Header"
	case lifetime == gatewayv1.PermanentCookieLifetimeType:
		if p.Permanent = true; p.Absolute == 0 {
			return nil, "sessionPersistence keeps a permanent cookie: write an absoluteTimeout after which it ends"
		}
	case lifetime != gatewayv1.SessionCookieLifetimeType:
		return nil, "sessionPersistence.cookieConfig.lifetimeType " + rules.Quote(string(lifetime)) + " is not supported: write Session or Permanent"
	}
	return p, ""
}
