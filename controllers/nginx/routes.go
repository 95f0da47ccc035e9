// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"cmp"
	"fmt"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
)

// sharedRoute is a path of a host whose services may be asked who gets in.
type sharedRoute struct {
	path  string
	exact bool
	to    networkingv1.IngressBackend
	// by is the name of its Ingress. https is set if its service speaks HTTPS.
	by    string
	https bool
	// why says why its service cannot be asked in its place. Empty if it can.
	why string
}

// AddRoutes adds the paths of those hosts that questions go to. All Ingresses have been added, and the older ones come
// first here too.
func (s Shared) AddRoutes(ingresses []*networkingv1.Ingress, settings *Settings) {
	asked := make(map[hostKey]bool)
	for _, object := range ingresses {
		keys, _ := settings.asksRoutes(object)
		for _, key := range keys {
			asked[key] = true
		}
	}
	if len(asked) == 0 {
		return
	}
	for _, object := range ingresses {
		if isCanary(object) {
			continue
		}
		for i := range object.Spec.Rules {
			rule := &object.Spec.Rules[i]
			key := hostKey{object.Namespace, rule.Host}
			if !asked[key] || rule.HTTP == nil {
				continue
			}
			host := s[key]
			for j := range rule.HTTP.Paths {
				host.routes = append(host.routes, settings.routeOf(object, &rule.HTTP.Paths[j]))
			}
			s[key] = host
		}
	}
}

// asksRoutes returns the hosts that have a path which an Ingress asks who gets in, and that path.
func (s *Settings) asksRoutes(object *networkingv1.Ingress) (keys []hostKey, path string) {
	to := s.terms.auth.asksAll.to
	if text := strings.TrimSpace(object.Annotations[Prefix+"auth-url"]); text != "" && len(text) <= ValueLimit {
		to, _ = parseAskedURL(text)
	}
	path, _, _ = strings.Cut(to.target, "?")
	if to.written == "" || to.service != "" || isCanary(object) {
		return nil, ""
	}
	if to.name != "" {
		return []hostKey{{object.Namespace, to.name}}, path
	}
	for i := range object.Spec.Rules {
		keys = append(keys, hostKey{object.Namespace, object.Spec.Rules[i].Host})
	}
	return keys, path
}

// routeOf returns what a path of an Ingress is to those who ask.
func (s *Settings) routeOf(object *networkingv1.Ingress, p *networkingv1.HTTPIngressPath) sharedRoute {
	r := sharedRoute{path: cmp.Or(p.Path, "/"), to: p.Backend, by: object.Name, exact: p.PathType != nil && *p.PathType == networkingv1.PathTypeExact}
	protocol := strings.ToUpper(strings.TrimSpace(object.Annotations[Prefix+"backend-protocol"]))
	r.https = protocol == "HTTPS"
	switch {
	case p.Backend.Service == nil:
		r.why = "names no Service there"
	case object.Annotations[Prefix+"auth-url"] != "" || object.Annotations[Prefix+"auth-type"] != "",
		s.terms.auth.asksAll.to.written != "" && !isOff(object.Annotations[Prefix+"enable-global-auth"]):
		r.why = "asks who gets in itself" // and its service may answer 200 to everybody
	case object.Annotations[Prefix+"rewrite-target"] != "":
		r.why = "has rewrite-target"
	case protocol != "" && protocol != "HTTP" && protocol != "HTTPS":
		r.why = "has backend-protocol"
	}
	return r
}

// route returns the route that takes requests for a path, nil if there is none: the one whose text is the longest, as
// in ingress-nginx. One that is an expression counts by its beginning, and cannot be asked where it may be the one.
func (h sharedHost) route(path string) (best *sharedRoute) {
	for i := range h.routes {
		r := &h.routes[i]
		expression := strings.ContainsAny(r.path, `*()[]{}^$|\?+`)
		switch {
		case r.exact && !expression && r.path == path:
			return r
		case best != nil && len(best.path) >= len(r.path):
		case expression && strings.HasPrefix(strings.ToLower(path), strings.ToLower(kinds.ClosedText(r.path, true))):
			unsure := *r
			unsure.why = cmp.Or(r.why, "has an expression that may match it")
			best = &unsure
		case !expression && !r.exact && (path == r.path || strings.HasPrefix(path, strings.TrimSuffix(r.path, "/")+"/")):
			best = r
		}
	}
	return best
}

// asked tells which routes an Ingress asks.
func (s Shared) asked(object *networkingv1.Ingress, settings *Settings) string {
	var told strings.Builder
	keys, path := settings.asksRoutes(object)
	for _, key := range keys {
		if r := s[key].route(path); r != nil && r.to.Service != nil {
			port := r.to.Service.Port
			fmt.Fprintf(&told, "%s %s %s %d %s %t %s\n", key.host, r.to.Service.Name, port.Name, port.Number, r.by, r.https, r.why)
		}
	}
	return told.String()
}
