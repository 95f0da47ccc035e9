// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"regexp"
	"strconv"
	"strings"
)

// foreignController is another controller. Ingresses that were written for it are given this class.
type foreignController struct {
	name string
	// prefixes are how its annotations begin, in lower case. A prefix with stars is compared with what comes before the
	// slash of an annotation: a star at either end stands for any text.
	prefixes []string
	// names are the annotations that are judged by name, without the prefix and in lower case. A star at the end stands
	// for any text, and so does one star in the middle if there is one at the end too. The first that matches counts.
	names []foreignName
	// all is set if every annotation of this controller may say who gets in.
	all bool
}

// foreignName is what an annotation of another controller is known to be.
type foreignName struct {
	pattern string
	// opens is set if the annotation does not decide who gets in, although its name sounds so.
	opens bool
	// instead is the annotation that does the same here, if there is one.
	instead string
	// off returns whether the annotation has no effect with this value. An empty value never has an effect.
	off func(value string) bool
	// hosts is set if the annotation is about the hosts of the Ingress as a whole, and so also about paths that other
	// Ingresses have of them.
	hosts bool
}

const (
	accessAnnotation     = annotationPrefix + "access-control"
	rateLimitAnnotation  = annotationPrefix + "rate-limit"
	connectionAnnotation = annotationPrefix + "connection-limit"
)

// insteads are the annotations that do the same here, and last the empty one where none does.
var insteads = []string{accessAnnotation, rateLimitAnnotation, connectionAnnotation, authAnnotation, ""}

// closingNames, openNames and those below make names that are all judged alike.
func closingNames(patterns ...string) []foreignName { return foreignNames(foreignName{}, patterns) }
func openNames(patterns ...string) []foreignName {
	return foreignNames(foreignName{opens: true}, patterns)
}
func switches(patterns ...string) []foreignName {
	return foreignNames(foreignName{off: isOff}, patterns)
}

func foreignNames(like foreignName, patterns []string) []foreignName {
	names := make([]foreignName, len(patterns))
	for i, pattern := range patterns {
		names[i] = like
		names[i].pattern = pattern
	}
	return names
}

func addresses(patterns ...string) []foreignName {
	return foreignNames(foreignName{instead: accessAnnotation, off: hasEverybody}, patterns)
}

func denials(patterns ...string) []foreignName {
	return foreignNames(foreignName{instead: accessAnnotation}, patterns)
}

func rates(patterns ...string) []foreignName {
	return foreignNames(foreignName{instead: rateLimitAnnotation, off: isZero}, patterns)
}

func connections(patterns ...string) []foreignName {
	return foreignNames(foreignName{instead: connectionAnnotation, off: isZero}, patterns)
}

func logins(patterns ...string) []foreignName {
	return foreignNames(foreignName{instead: authAnnotation}, patterns)
}

func wholeHosts(patterns ...string) []foreignName {
	return foreignNames(foreignName{hosts: true}, patterns)
}

func joined(lists ...[]foreignName) (all []foreignName) {
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// foreignControllers are the controllers whose annotations are known. The names that decide who gets in are those of
// their documentation. foreignKind judges what is not listed.
var foreignControllers = []foreignController{
	{name: "ingress-nginx", prefixes: []string{"nginx.ingress.kubernetes.io/"}, names: joined(
		addresses("whitelist-source-range", "allowlist-source-range"), denials("denylist-source-range"),
		foreignNames(foreignName{hosts: true, off: isOff}, []string{"auth-tls-*"}), wholeHosts("server-snippet"),
		switches("enable-global-auth", "enable-modsecurity", "enable-owasp-core-rules"),
		logins("auth-*"), closingNames("satisfy", "configuration-snippet", "stream-snippet", "modsecurity-*"),
		connections("limit-connections"), foreignNames(foreignName{off: isZero}, []string{"limit-rate", "limit-rate-after"}),
		rates("limit-*", "global-rate-limit*"),
	)},
	{name: "older ingress-nginx, HAProxy Ingress and Traefik", prefixes: []string{"ingress.kubernetes.io/"}, names: joined(
		addresses("whitelist-source-range", "allowlist-source-range"), denials("denylist-source-range"),
		foreignNames(foreignName{hosts: true, off: isOff}, []string{"auth-tls-*"}), wholeHosts("server-snippet"),
		switches("enable-modsecurity"),
		logins("auth-*"), closingNames("oauth", "oauth-*", "satisfy", "waf", "config-*", "configuration-snippet", "allowed-hosts"),
		connections("limit-connections"), rates("limit-*", "rate-limit"),
	)},
	{name: "NGINX Ingress Controller of F5", prefixes: []string{"nginx.org/", "nginx.com/"}, names: joined(
		logins("basic-auth-*", "jwt-*"), closingNames("location-snippets", "policies", "server-snippets"),
		foreignNames(foreignName{off: isZero}, []string{"max-conns"}), rates("limit-req-*"),
		foreignNames(foreignName{hosts: true, off: isOff}, []string{"mergeable-ingress-type"}), openNames("use-cluster-ip"),
	)},
	{name: "NGINX App Protect", prefixes: []string{"appprotect.f5.com/", "appprotectdos.f5.com/"}, names: switches("*")},
	{name: "HAProxy Kubernetes Ingress Controller", prefixes: []string{"haproxy.org/", "ingress.haproxy.org/"}, names: joined(
		addresses("allow-list", "whitelist"), denials("deny-list", "blacklist"),
		logins("auth-*"), closingNames("client-ca", "client-crt-optional", "backend-config-snippet", "frontend-config-snippet", "route-acl", "cr-backend"),
		rates("rate-limit-*"),
	)},
	{name: "HAProxy Ingress", prefixes: []string{"haproxy-ingress.github.io/"}, names: joined(
		addresses("whitelist-source-range", "allowlist-source-range"), denials("denylist-source-range"),
		foreignNames(foreignName{hosts: true, off: isOff}, []string{"auth-tls-*"}),
		logins("auth-*"), closingNames("allowlist-source-header", "oauth", "oauth-*", "waf", "waf-mode", "config-*", "http-header-match*"),
		connections("limit-connections"), rates("limit-*"),
	)},
	{name: "OpenShift's router", prefixes: []string{"haproxy.router.openshift.io/", "router.openshift.io/", "route.openshift.io/"}, names: joined(
		addresses("ip_whitelist", "ip_allowlist"), rates("rate-limit-*"),
	)},
	{name: "Traefik", prefixes: []string{"traefik.ingress.kubernetes.io/", "traefik."}, names: joined(
		foreignNames(foreignName{off: isWebEntryPoint}, []string{"router.entrypoints", "frontend-entry-points", "frontend.entrypoints"}),
		addresses("whitelist-source-range"), wholeHosts("router.tls.options"),
		closingNames("router.middlewares", "auth-*", "frontend.auth*", "frontend.whitelist*", "rate-limit"),
	)},
	{name: "Kong", prefixes: []string{"konghq.com/", "*.konghq.com/"}, names: closingNames("plugins", "override", "methods", "headers.*", "snis")},
	{name: "AWS Load Balancer Controller", prefixes: []string{"alb.ingress.kubernetes.io/"}, names: joined(
		foreignNames(foreignName{off: isOff}, []string{"auth-type", "mutual-authentication", "shield-advanced-protection"}),
		foreignNames(foreignName{off: func(value string) bool { return value == "internet-facing" }}, []string{"scheme"}),
		addresses("inbound-cidrs"), openNames("manage-backend-security-group-rules", "ssl-policy"),
		closingNames("auth-*", "conditions.*", "jwt-validation", "security-group-prefix-lists", "security-groups", "waf-acl-id", "wafv2-acl-*", "web-acl-id"),
	)},
	{name: "Azure Application Gateway", prefixes: []string{"appgw.ingress.kubernetes.io/"}, names: joined(
		switches("use-private-ip"), closingNames("appgw-ssl-profile", "waf-policy-for-path"),
	)},
	{name: "Google Cloud", prefixes: []string{"networking.gke.io/", "cloud.google.com/", "ingress.gcp.kubernetes.io/", "kubernetes.io/ingress."}, names: joined(
		openNames("allow-http"), closingNames("backend-config", "security-policy"),
	)},
	{name: "Contour", prefixes: []string{"projectcontour.io/", "contour.heptio.com/"}},
	{name: "Emissary", prefixes: []string{"getambassador.io/"}, names: closingNames("config")},
	{name: "APISIX", prefixes: []string{"k8s.apisix.apache.org/"}, names: joined(
		addresses("allowlist-source-range"), denials("blocklist-source-range"), switches("enable-csrf"),
		closingNames("auth-*", "csrf-key", "http-allow-methods", "http-block-methods", "plugin-config-name"),
	)},
	{name: "Higress and MSE", prefixes: []string{"higress.io/", "mse.ingress.kubernetes.io/"}, names: joined(
		addresses("whitelist-source-range", "domain-whitelist-source-range"), denials("blacklist-source-range", "domain-blacklist-source-range"),
		closingNames("auth-*", "match-*"), rates("route-limit-*"),
	)},
	{name: "Cilium", prefixes: []string{"ingress.cilium.io/", "*.cilium.io/"}, names: openNames("insecure-node-port", "secure-node-port", "service-external-traffic-policy")},
	{name: "Istio", prefixes: []string{"istio.io/", "*.istio.io/"}},
	{name: "Easegress", prefixes: []string{"easegress.megaease.com/", "easegress.ingress.kubernetes.io/", "ingress.easegress.io/", "easegress.io/"}},
	{name: "Skipper", prefixes: []string{"zalando.org/"}, names: joined(
		openNames("aws-load-balancer-ssl-policy"),
		foreignNames(foreignName{off: func(value string) bool { return value == "internet-facing" }}, []string{"aws-load-balancer-scheme"}),
		closingNames("skipper-filter", "skipper-predicate", "skipper-routes", "aws-load-balancer-security-group", "aws-waf-web-acl-id"),
		rates("ratelimit"),
	)},
	{name: "Voyager", prefixes: []string{"ingress.appscode.com/", "*.appscode.com/"}, names: joined(
		addresses("whitelist-source-range"), foreignNames(foreignName{hosts: true, off: isOff}, []string{"auth-tls-*"}),
		closingNames("auth-*", "basic-auth*", "backend-rule", "frontend-rule*"), rates("limit-*"),
	)},
	{name: "Tyk", prefixes: []string{"tyk.io/", "*.tyk.io/"}, names: closingNames("template", "use-*")},
	{name: "Caddy", prefixes: []string{"caddy.ingress.kubernetes.io/"}},
	{name: "Pomerium", prefixes: []string{"ingress.pomerium.io/"}, all: true},
	{name: "NetScaler", prefixes: []string{"ingress.citrix.com/"}, names: closingNames("frontend-*profile*")},
	{name: "BIG-IP", prefixes: []string{"virtual-server.f5.com/", "*.f5.com/"}, names: addresses("whitelist-source-range", "allow-source-range")},
	{name: "NSX", prefixes: []string{"ncp/"}, names: addresses("whitelist-source-range")},
	{name: "IBM Cloud", prefixes: []string{"ingress.bluemix.net/"}, names: closingNames("appid-auth", "location-snippets", "mutual-auth", "server-snippets")},
	{name: "Huawei Cloud", prefixes: []string{"kubernetes.io/elb."}, names: joined(closingNames("acl-*", "conditions.*"), openNames("ip"))},
	{name: "ngrok", prefixes: []string{"k8s.ngrok.com/"}, names: closingNames("modules", "traffic-policy")},
	// Any other controller that names its annotations as Kubernetes proposes.
	{name: "others", prefixes: []string{"*.ingress.kubernetes.io/", "ingress.*", "*-ingress.*"}},
}

// foreignOpen are names that several controllers have. They do not decide who gets in, although foreignKind matches
// them.
var foreignOpen = openNames(
	"access-log*", "enable-access-log", "session-cookie-*", "cookie-*", "service.sticky.cookie.*", "cors-*", "enable-cors", "hsts-*", "frame-deny", "browser-xss-filter",
	"content-security-policy", "referrer-policy", "permissions-policy", "secure-backends", "secure-crt-secret", "secure-sni",
	"secure-verify-*", "ssl-policy", "opentelemetry-*", "opentracing-*", "router.observability.*", "load-balancing-policy", "retry-policy",
	"server-tokens", "global-static-ip-name", "regional-static-ip-name", "static-ip*", "ip-address-type",
)

// foreignKind are words in a name that suggest that an annotation decides who gets in, also one that its author
// invented or that a later version of a controller adds. In doubt it closes.
var foreignKind = regexp.MustCompile(`auth|jwt|oidc|saml|ldap|cognito|passw|credential|consumer|token|csrf|captcha|` +
	`white-?list|black-?list|allow|deny|denied|block|forbid|restrict|permit|access|source-range|source-ip|cidr|private|internal|` +
	`waf|modsec|protect|secur|shield|firewall|armor|guard|snippet|limit|thrott|quota|satisfy|mtls|mutual|client-(ca|cert|crt)|verify-client|` +
	`polic|middleware|plugin|filter|predicate|wasm|(^|[^a-z])(acl|iap|ip|lua|geo|geoip|bot|role|roles|user|users|key|methods)([^a-z]|$)`)

// isOff returns whether the value of a switch switches it off.
func isOff(value string) bool {
	switch strings.ToLower(value) {
	case "off", "no", "none", "disabled":
		return true
	}
	on, err := strconv.ParseBool(strings.ToLower(value))
	return err == nil && !on
}

// isZero returns whether a value is no limit.
func isZero(value string) bool {
	n, err := strconv.ParseFloat(value, 64)
	return err == nil && n == 0 || isOff(value)
}

// everybody in an access list is how cert-manager exempts its solvers from a list that applies to all Ingresses.
const everybody = "0.0.0.0/0"

func hasEverybody(value string) bool {
	for _, listed := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' }) {
		if listed == everybody {
			return true
		}
	}
	return false
}

// isWebEntryPoint returns whether an Ingress is only for the entry points that everybody reaches, by their usual names.
func isWebEntryPoint(value string) bool {
	for name := range strings.SplitSeq(value, ",") {
		switch strings.TrimSpace(name) {
		case "web", "websecure", "http", "https":
		default:
			return false
		}
	}
	return true
}
