// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// annotatedBy returns who answers for a host whose only Ingress has an annotation, and what its report says.
func annotatedBy(t *testing.T, annotations map[string]string) (answer string, report translate.Report) {
	t.Helper()
	object := newStandard("blue", "a", 0, "x.io")
	object.Annotations = annotations
	in := translate.Input{Objects: []*rules.Object{kinds.ReadStandard(object)}}
	_, reports := build(in)
	return asker(t, in)("/"), reports[0]
}

func TestWhatMaySayWhoGetsInForAnotherControllerClosesTheIngress(t *testing.T) {
	for prefix, names := range map[string]string{
		"nginx.ingress.kubernetes.io/": "server-snippet configuration-snippet auth-snippet stream-snippet modsecurity-snippet enable-modsecurity=true enable-owasp-core-rules=true satisfy=any " +
			"auth-tls-secret auth-tls-verify-client=on auth-tls-match-cn auth-type=basic auth-secret auth-url auth-signin auth-realm auth-response-headers enable-global-auth=true " +
			"limit-rps=10 limit-rpm=10 limit-connections=5 limit-rate=10 limit-burst-multiplier=2 limit-whitelist=10.0.0.0/8 global-rate-limit=5 " +
			"whitelist-source-range=10.0.0.0/8 allowlist-source-range=10.0.0.0/8 denylist-source-range=10.0.0.0/8 " +
			"x-jwt-validation oidc-issuer client-ca-secret my-acl ip-allow-list waf-mode secure-by=x some-policy some-plugin some-filter",
		"ingress.kubernetes.io/":                "whitelist-source-range=10.0.0.0/8 auth-type=basic auth-secret auth-tls-secret limit-rps=5 oauth=oauth2_proxy waf=modsecurity config-backend rate-limit allowed-hosts",
		"nginx.org/":                            "basic-auth-secret server-snippets location-snippets policies limit-req-rate=10r/s mergeable-ingress-type=minion",
		"nginx.com/":                            "jwt-key jwt-token",
		"appprotect.f5.com/":                    "app-protect-enable=True app-protect-policy",
		"appprotectdos.f5.com/":                 "app-protect-dos-resource",
		"haproxy.org/":                          "allow-list=10.0.0.0/8 whitelist=10.0.0.0/8 deny-list=10.0.0.0/8 blacklist=10.0.0.0/8 auth-type=basic-auth auth-secret rate-limit-requests=10 backend-config-snippet route-acl client-ca",
		"ingress.haproxy.org/":                  "allow-list=10.0.0.0/8",
		"haproxy-ingress.github.io/":            "allowlist-source-range=10.0.0.0/8 denylist-source-range=10.0.0.0/8 auth-url auth-secret auth-tls-secret oauth waf limit-connections=5 config-backend",
		"haproxy.router.openshift.io/":          "ip_whitelist=10.0.0.1 ip_allowlist=10.0.0.1 rate-limit-connections=true",
		"traefik.ingress.kubernetes.io/":        "router.middlewares router.tls.options router.entrypoints=internal whitelist-source-range=10.0.0.0/8 whiteList-source-range=10.0.0.0/8 auth-type=basic rate-limit",
		"traefik.":                              "frontend.auth.basic frontend.whiteList.sourceRange",
		"konghq.com/":                           "plugins methods=GET headers.x-key override",
		"plugins.konghq.com/":                   "key-auth-plugin",
		"alb.ingress.kubernetes.io/":            "auth-type=oidc auth-idp-oidc inbound-cidrs=10.0.0.0/8 security-groups scheme=internal wafv2-acl-arn waf-acl-id web-acl-id conditions.web mutual-authentication jwt-validation shield-advanced-protection=true",
		"appgw.ingress.kubernetes.io/":          "waf-policy-for-path use-private-ip=true appgw-ssl-profile",
		"cloud.google.com/":                     "backend-config security-policy",
		"networking.gke.io/":                    "v1beta1.iap-policy",
		"projectcontour.io/":                    "auth-server ip-allow-policy client-certificate-secret",
		"contour.heptio.com/":                   "client-certificate",
		"getambassador.io/":                     "config",
		"k8s.apisix.apache.org/":                "auth-type=basicAuth auth-uri allowlist-source-range=10.0.0.0/8 blocklist-source-range=10.0.0.0/8 plugin-config-name http-allow-methods=GET http-block-methods=PUT enable-csrf=true csrf-key",
		"higress.io/":                           "auth-type=basic whitelist-source-range=10.0.0.0/8 route-limit-rpm=5 match-method=GET match-header-exact-x-key wasm-config",
		"mse.ingress.kubernetes.io/":            "blacklist-source-range=10.0.0.0/8 domain-whitelist-source-range=10.0.0.0/8",
		"ingress.cilium.io/":                    "access-policy loadbalancer-source-ranges-allow",
		"networking.istio.io/":                  "authorization-policy",
		"easegress.ingress.kubernetes.io/":      "jwt-validator ip-filter",
		"zalando.org/":                          "skipper-filter skipper-predicate skipper-routes aws-load-balancer-scheme=internal ratelimit",
		"ingress.appscode.com/":                 "auth-type=basic auth-tls-secret whitelist-source-range=10.0.0.0/8 limit-rps=5",
		"tyk.io/":                               "template",
		"bool.service.tyk.io/":                  "use-keyless=false",
		"caddy.ingress.kubernetes.io/":          "basic-auth snippet",
		"ingress.pomerium.io/":                  "policy allowed_users pass_identity_headers=true",
		"virtual-server.f5.com/":                "whitelist-source-range=10.0.0.0/8",
		"ncp/":                                  "whitelist-source-range=10.0.0.0/8",
		"ingress.bluemix.net/":                  "appid-auth",
		"kubernetes.io/elb.":                    "acl-id conditions.web",
		"k8s.ngrok.com/":                        "modules traffic-policy",
		"nobody-knows.ingress.kubernetes.io/":   "auth-url ip-whitelist",
		"ingress.example.com/":                  "basic-auth",
		"my-ingress.example.com/":               "jwt",
		"NGINX.ingress.kubernetes.io/":          "Auth-URL",
		"kubernetes.io/ingress.":                "access-policy",
		"route.openshift.io/":                   "allowed-cidr",
		"haproxy-ingress.github.io/auth-secret": "",
	} {
		for _, name := range strings.Fields(names) {
			name, value, valued := strings.Cut(name, "=")
			if !valued {
				value = "blue/something"
			}
			answer, report := annotatedBy(t, map[string]string{prefix + name: value})
			message := report.Conditions[0].Message
			if answer != "RuleClosed" || !strings.HasPrefix(message, "metadata: annotation "+prefix+name+" may say who gets in, and ") ||
				!strings.Contains(message, "every path answers 503") || report.Unheeded != "" {
				t.Errorf("%s%s: %s: the answer is %s, and it is said: %s%s", prefix, name, value, answer, message, report.Unheeded)
			}
		}
	}
}

func TestWhatSaysNothingOfWhoGetsInIsNamedAndServed(t *testing.T) {
	annotations := map[string]string{}
	want := []string{}
	for prefix, names := range map[string]string{
		"nginx.ingress.kubernetes.io/": "proxy-body-size ssl-redirect force-ssl-redirect rewrite-target use-regex enable-cors cors-allow-origin cors-allow-methods session-cookie-secure " +
			"affinity proxy-read-timeout enable-access-log upstream-vhost server-alias permanent-redirect proxy-ssl-secret secure-backends backend-protocol",
		"ingress.kubernetes.io/":         "ssl-redirect frame-deny browser-xss-filter content-security-policy backends secure-verify-ca-secret",
		"nginx.org/":                     "client-max-body-size websocket-services rewrites lb-method use-cluster-ip",
		"haproxy.org/":                   "ssl-redirect path-rewrite timeout-server",
		"traefik.ingress.kubernetes.io/": "router.tls router.priority service.sticky.cookie.secure",
		"konghq.com/":                    "strip-path preserve-host",
		"alb.ingress.kubernetes.io/":     "target-type listen-ports ssl-policy certificate-arn group.name healthcheck-path",
		"appgw.ingress.kubernetes.io/":   "ssl-redirect backend-path-prefix",
		"networking.gke.io/":             "managed-certificates v1beta1.FrontendConfig",
		"kubernetes.io/ingress.":         "global-static-ip-name allow-http",
		"projectcontour.io/":             "websocket-routes tls-minimum-protocol-version",
		"ingress.cilium.io/":             "loadbalancer-mode force-https insecure-node-port service-external-traffic-policy",
		"zalando.org/":                   "skipper-loadbalancer backend-weights",
	} {
		for _, name := range strings.Fields(names) {
			annotations[prefix+name] = "x"
			answer, report := annotatedBy(t, map[string]string{prefix + name: "x"})
			if answer != "blue/web" || report.Conditions[0].Status != "True" || report.Unheeded != "annotations of other controllers that nothing is done about here: "+prefix+name {
				t.Errorf("%s%s: the answer is %s, and it is said: %s; %s", prefix, name, answer, report.Conditions[0].Message, report.Unheeded)
			}
			want = append(want, prefix+name)
		}
	}
	_, report := annotatedBy(t, annotations)
	slices.Sort(want)
	beginning, more, _ := strings.Cut(report.Unheeded, ", and ")
	_, list, _ := strings.Cut(beginning, ": ")
	named := strings.Split(list, ", ")
	if diff := cmp.Diff(want[:len(named)], named); diff != "" || len(named) < 15 || more != fmt.Sprint(len(want)-len(named), " more") || len(report.Unheeded) > 900 {
		t.Errorf("of %d it is said: %s", len(want), report.Unheeded)
	}
	for _, none := range []string{"cert-manager.io/cluster-issuer", "external-dns.alpha.kubernetes.io/hostname", "kubectl.kubernetes.io/last-applied-configuration",
		"meta.helm.sh/release-name", "example.com/auth", "kubernetes.io/tls-acme", "argocd.argoproj.io/sync-wave"} {
		if answer, report := annotatedBy(t, map[string]string{none: "x"}); answer != "blue/web" || report.Unheeded != "" {
			t.Errorf("%s, which is of no other controller: the answer is %s, and it is said: %s", none, answer, report.Unheeded)
		}
	}
}

func TestAForeignAnnotationThatIsOffClosesNothing(t *testing.T) {
	for _, annotation := range []string{
		"nginx.ingress.kubernetes.io/enable-modsecurity=false", "nginx.ingress.kubernetes.io/enable-modsecurity=False", "nginx.ingress.kubernetes.io/enable-global-auth=false",
		"nginx.ingress.kubernetes.io/auth-type=", "nginx.ingress.kubernetes.io/auth-url=  ", "nginx.ingress.kubernetes.io/auth-tls-verify-client=off",
		"nginx.ingress.kubernetes.io/limit-rps=0", "nginx.ingress.kubernetes.io/limit-connections=0", "nginx.ingress.kubernetes.io/server-snippet=",
		"nginx.ingress.kubernetes.io/whitelist-source-range=0.0.0.0/0,::/0", "alb.ingress.kubernetes.io/inbound-cidrs=0.0.0.0/0, ::/0",
		"alb.ingress.kubernetes.io/scheme=internet-facing", "alb.ingress.kubernetes.io/auth-type=none", "appgw.ingress.kubernetes.io/use-private-ip=false",
		"traefik.ingress.kubernetes.io/router.entrypoints=web, websecure", "appprotect.f5.com/app-protect-enable=False", "k8s.apisix.apache.org/enable-csrf=false",
		"nginx.org/max-conns=0", "haproxy.org/rate-limit-requests=0", "nginx.ingress.kubernetes.io/x-auth=",
	} {
		name, value, _ := strings.Cut(annotation, "=")
		if answer, report := annotatedBy(t, map[string]string{name: value}); answer != "blue/web" || report.Conditions[0].Status != "True" {
			t.Errorf("%s: the answer is %s, and it is said: %s", annotation, answer, report.Conditions[0].Message)
		}
	}
	// Of an annotation that is only judged by its words it is not known which value switches it off.
	for _, annotation := range []string{"nginx.ingress.kubernetes.io/allow-everybody=false", "nginx.ingress.kubernetes.io/x-auth=false", "nginx.ingress.kubernetes.io/satisfy=false"} {
		name, value, _ := strings.Cut(annotation, "=")
		if answer, _ := annotatedBy(t, map[string]string{name: value}); answer != "RuleClosed" {
			t.Errorf("%s: the answer is %s", annotation, answer)
		}
	}
}

func TestAnIngressIsServedWithoutTheAnnotationsThatItListsToBeIgnored(t *testing.T) {
	const nginx, ours = "nginx.ingress.kubernetes.io/", "ingress.warren.dev/"
	for name, test := range map[string]struct {
		annotations  map[string]string
		answer, says string
	}{
		"each of them": {map[string]string{nginx + "limit-connections": "5", nginx + "auth-url": "u", nginx + "proxy-body-size": "1m",
			ours + "ignore-annotations": nginx + "auth-url, " + nginx + "limit-connections"}, "blue/web", ""},
		"but not one that it does not list": {map[string]string{nginx + "limit-connections": "5", nginx + "auth-url": "u", ours + "ignore-annotations": nginx + "auth-url"},
			"RuleClosed", "annotation " + nginx + "limit-connections may say who gets in"},
		"each in full":                     {map[string]string{nginx + "auth-url": "u", ours + "ignore-annotations": nginx + "*"}, "NoHealthyTask", "is no annotation of another controller: write each in full"},
		"not one of ours":                  {map[string]string{ours + "ignore-annotations": ours + "access-control"}, "NoHealthyTask", "is no annotation of another controller"},
		"not an empty list":                {map[string]string{ours + "ignore-annotations": " "}, "NoHealthyTask", "it is empty: list names"},
		"what does the same counts, too":   {map[string]string{nginx + "limit-rps": "5", ours + "rate-limit": "{requestsPerSecond: 5}"}, "blue/web", ""},
		"but not what does something else": {map[string]string{nginx + "auth-url": "u", ours + "rate-limit": "{requestsPerSecond: 5}"}, "RuleClosed", "write " + ours + "auth beside it or in its place"},
		"what asks the same counts, too":   {map[string]string{nginx + "auth-type": "basic", nginx + "auth-secret": "users", ours + "auth": "{basic: {secretName: users}}"}, "AuthUnavailable", ""},
		"all that close are named": {map[string]string{nginx + "auth-url": "u", nginx + "satisfy": "any", nginx + "limit-rps": "5", nginx + "denylist-source-range": "10.0.0.0/8"}, "RuleClosed",
			"metadata: annotation " + nginx + "denylist-source-range may say who gets in, and is not acted on here: write " + ours + "access-control beside it or in its place; annotation " +
				nginx + "limit-rps may say who gets in, and is not acted on here: write " + ours + "rate-limit beside it or in its place; annotation " + nginx + "auth-url may say who gets in, and is not acted on here: write " +
				ours + "auth beside it or in its place; annotation " + nginx + "satisfy may say who gets in, and there is nothing like it here: to serve the Ingress without it, take it off, or list it in " + ours + "ignore-annotations; every path answers 503"},
	} {
		t.Run(name, func(t *testing.T) {
			answer, report := annotatedBy(t, test.annotations)
			if answer != test.answer || !strings.Contains(report.Conditions[0].Message, test.says) {
				t.Errorf("the answer is %s, and it is said: %s", answer, report.Conditions[0].Message)
			}
			if strings.Contains(report.Unheeded, "auth-url") {
				t.Errorf("what the author has decided about is told again: %s", report.Unheeded)
			}
		})
	}
}

// What another controller does for a whole host, it did for the paths of other Ingresses too.
func TestAForeignAnnotationAboutAHostClosesItForAllIngressesOfIt(t *testing.T) {
	for name, closes := range map[string]bool{
		"nginx.ingress.kubernetes.io/server-snippet": true, "nginx.ingress.kubernetes.io/auth-tls-secret": true, "haproxy-ingress.github.io/auth-tls-secret": true,
		"traefik.ingress.kubernetes.io/router.tls.options": true, "nginx.ingress.kubernetes.io/auth-url": false, "nginx.ingress.kubernetes.io/configuration-snippet": false,
	} {
		object := newStandard("blue", "a", 9, "x.io")
		object.Spec.Rules[0].HTTP.Paths[0].Path = "/a"
		object.Annotations = map[string]string{name: "deny all;"}
		older := newIngress("blue", "older", 1, newRule("x.io", prefix("/", "web")))
		in := translate.Input{Objects: []*rules.Object{kinds.ReadStandard(object), kinds.ReadWarren(older)}}
		want := map[bool]string{true: "RuleClosed", false: "blue/web"}[closes]
		if got := asker(t, in)("/b"); got != want {
			t.Errorf("%s: /b gets %s, want %s", name, got, want)
		}
		_, reports := build(in)
		accepted := conditionOf(t, reports, v1alpha1.IngressKind, "blue/older", v1alpha1.ConditionAccepted)
		if closes != strings.HasPrefix(accepted.Message, "rules[0].paths[0]: Prefix / of host x.io answers 503, because an annotation of the Ingress networking.k8s.io/blue/a may say who gets in on the whole host") {
			t.Errorf("%s: Accepted of the other Ingress is %q", name, accepted.Message)
		}
	}
}

func TestOnlyWhatMakesADifferenceOfAForeignAnnotationIsKept(t *testing.T) {
	for _, test := range []struct {
		name, value, kept string
		ok                bool
	}{
		{"nginx.ingress.kubernetes.io/proxy-body-size", "8m", "", true},
		{"nginx.ingress.kubernetes.io/auth-url", "https://x", "https://x", true},
		{"nginx.ingress.kubernetes.io/canary", "true", "true", true},
		{"nginx.ingress.kubernetes.io/use-regex", "true", "true", true},
		{"nginx.ingress.kubernetes.io/server-snippet", strings.Repeat("x", 100<<10), strings.Repeat("x", 8<<10), true},
		{"kubectl.kubernetes.io/last-applied-configuration", "{}", "", false},
		{"kubernetes.io/ingress.class", "warren", "warren", true},
	} {
		kept, ok := kinds.RelevantAnnotation(test.name, test.value)
		if diff := cmp.Diff([]any{test.kept, test.ok}, []any{kept, ok}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestCanariesAreKnownHoweverTheyAreWritten(t *testing.T) {
	for value, canary := range map[string]bool{"true": true, "True": true, "1": true, "t": true, "false": false, "": false, "0": false, "yes": false} {
		answer, _ := annotatedBy(t, map[string]string{"nginx.ingress.kubernetes.io/canary": value})
		if want := map[bool]string{true: "RouteNotFound", false: "blue/web"}[canary]; answer != want {
			t.Errorf("%q: the answer is %s, want %s", value, answer, want)
		}
	}
}
