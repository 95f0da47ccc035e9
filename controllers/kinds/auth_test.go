// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/auth"
)

// asAuth reads the annotation, which has the form of the field.
func asAuth(t *testing.T, text string) (*rules.Auth, string) {
	t.Helper()
	var a asked
	if fault := a.read("auth", text); fault != "" {
		return nil, fault
	}
	read, fault := new(ruleReader).readPolicies(&a.policies)
	if fault != "" {
		t.Fatalf("%s: the annotation is taken, and the path has the fault %q", text, fault)
	}
	return read.auth, ""
}

func TestReadAuth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*rules.Auth{
		"{basic: {secretName: users, realm: admin}}": {Basic: &rules.BasicAuth{Realm: "admin", Users: secretNamed("users", rules.Users)}},
		"{satisfy: Any, basic: {secretName: users}}": {Any: true, Basic: &rules.BasicAuth{Users: secretNamed("users", rules.Users)}},
		"{jwt: {issuer: https://id.io, audiences: [shop, api, shop], jwksURL: 'https://id.io/keys?v=1', leeway: 0s, forwardClaims: [{claim: sub, header: X-User}]}}": {
			JWT: &rules.JWTAuth{Issuer: "https://id.io", Audiences: []string{"api", "shop"}, KeysURL: "https://id.io/keys?v=1",
				Claims: []auth.ForwardedClaim{{Claim: "sub", Header: "X-User"}}}},
		"{jwt: {issuer: me, secretName: keys}}": {JWT: &rules.JWTAuth{Issuer: "me", Keys: secretNamed("keys", rules.KeySet), Leeway: 30 * time.Second}},
		"{external: {serviceName: oauth2-proxy, port: 4180, path: /oauth2/auth, responseHeaders: [X-B, x-a], signInURL: 'https://id.io/start?a=b', " +
			"timeout: 1s, cacheKey: $http_cookie, cacheFor: 10s, maxBodyBytes: 64Ki}}": {External: &rules.ExternalAuth{
			Backend: rules.Backend{Service: "oauth2-proxy", Port: 4180}, Asks: auth.External{Path: "/oauth2/auth", ResponseHeaders: []string{"x-a", "x-b"},
				SignInURL: "https://id.io/start?a=b", Timeout: time.Second, CacheKey: "$http_cookie", CacheFor: 10 * time.Second, MaxBody: 64 << 10}}},
		"{external: {serviceName: opa, port: 9191, protocol: GRPC, forwardHeaders: [Cookie]}}": {External: &rules.ExternalAuth{
			Backend: rules.Backend{Service: "opa", Port: 9191, Protocol: rules.GRPC},
			Asks:    auth.External{Protocol: auth.GRPC, ForwardHeaders: []string{"cookie"}, Timeout: v1alpha1.DefaultAuthTimeout}}},
		"{external: {serviceName: opa, port: 80, signInURL: /oauth2/start, forwardHeaders: ['*']}}": {External: &rules.ExternalAuth{
			Backend: rules.Backend{Service: "opa", Port: 80},
			Asks:    auth.External{Path: "/", SignInURL: "/oauth2/start", ForwardHeaders: []string{auth.AllFields}, Timeout: v1alpha1.DefaultAuthTimeout}}},
		"{external: {serviceName: opa, port: 80}}": {External: &rules.ExternalAuth{
			Backend: rules.Backend{Service: "opa", Port: 80}, Asks: auth.External{Path: "/", Timeout: v1alpha1.DefaultAuthTimeout}}},
	} {
		got, fault := asAuth(t, text)
		if diff := cmp.Diff(want, got); diff != "" || fault != "" {
			t.Errorf("%s: %s (-want +got):\n%s", text, fault, diff)
		}
	}
}

// What is wrong with an auth is told with what to write, and closes: see TestWhichPoliciesMayKeepClientsOut.
func TestAuthThatMakesNoSenseIsAFault(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 1100)
	for text, want := range map[string]string{
		"{satisfy: Some, basic: {secretName: users}}": `auth.satisfy "Some" is unknown: write All or Any`,
		"{satisfy: All}": "auth asks for nothing: write basic, jwt or external",
		"{basic: {secretName: a}, jwt: {issuer: a, secretName: b}}": "auth has basic and jwt, and a request has one field Authorization",
		"{}":                                 "it says nothing",
		"{basik: {}}":                        "it is not what the field of an Ingress",
		"{basic: {}}":                        `auth.basic.secretName "" is no name of a Secret`,
		"{basic: {secretName: other/users}}": `auth.basic.secretName "other/users" is no name of a Secret`,
		`{basic: {secretName: users, realm: 'a"b'}}`:       `auth.basic.realm "a\"b" cannot be told to a browser`,
		`{basic: {secretName: users, realm: "a\r\nX: y"}}`: `auth.basic.realm "a\r\nX: y" cannot be told to a browser`,
		"{jwt: {}}":          `auth.jwt.issuer "" is no issuer`,
		"{jwt: {issuer: a}}": "auth.jwt has to have the issuer's keys from one place: write jwksURL or secretName",
		"{jwt: {issuer: a, jwksURL: 'https://a/', secretName: b}}":                                                              "auth.jwt has to have the issuer's keys from one place",
		"{jwt: {issuer: a, jwksURL: 'file:///etc/passwd'}}":                                                                     `auth.jwt.jwksURL "file:///etc/passwd" is no URL of keys`,
		"{jwt: {issuer: a, jwksURL: 'https://u:p@a/'}}":                                                                         `auth.jwt.jwksURL "https://u:p@a/" is no URL of keys`,
		"{jwt: {issuer: a, jwksURL: 'https://a:b/'}}":                                                                           `auth.jwt.jwksURL "https://a:b/" is no URL of keys`,
		"{jwt: {issuer: a, jwksURL: 'https://a/" + long + "'}}":                                                                 "auth.jwt.jwksURL ",
		"{jwt: {issuer: a, secretName: A}}":                                                                                     `auth.jwt.secretName "A" is no name of a Secret`,
		"{jwt: {issuer: a, secretName: b, forwardClaims: [{claim: a, header: Cookie}]}}":                                        `auth.jwt.forwardClaims: the claim "a" goes to the field Cookie, which has another meaning`,
		"{jwt: {issuer: a, secretName: b, leeway: 6m}}":                                                                         "auth.jwt.leeway is 6m0s: write 0s to 5m",
		"{jwt: {issuer: a, secretName: b, leeway: -1s}}":                                                                        "auth.jwt.leeway is -1s",
		"{jwt: {issuer: a, secretName: b, audiences: ['']}}":                                                                    "auth.jwt.audiences has more than 16, or one that is empty",
		"{jwt: {issuer: a, secretName: b, forwardClaims: [{claim: '', header: X}]}}":                                            "auth.jwt.forwardClaims[0].claim is empty",
		"{jwt: {issuer: a, secretName: b, forwardClaims: [{claim: a, header: Host}]}}":                                          `auth.jwt.forwardClaims[0].header "Host" is a field that the proxy writes itself`,
		"{jwt: {issuer: a, secretName: b, forwardClaims: [{claim: a, header: 'X: y'}]}}":                                        `auth.jwt.forwardClaims[0].header "X: y" is no name of a header field`,
		"{jwt: {issuer: a, secretName: b, forwardClaims: [{claim: a, header: X-A}, {claim: b, header: x-a}]}}":                  "auth.jwt.forwardClaims[1].header is x-a, which another claim is told in",
		"{external: {port: 80}}":                                                                                                `auth.external.serviceName "" is no name of a service`,
		"{external: {serviceName: a}}":                                                                                          "auth.external.port is 0",
		"{external: {serviceName: a, port: 80, protocol: SOAP}}":                                                                `auth.external.protocol "SOAP" is unknown: write HTTP or GRPC`,
		"{external: {serviceName: a, port: 80, path: /a/../b}}":                                                                 `auth.external.path "/a/../b" is no canonical path`,
		"{external: {serviceName: a, port: 80, path: 'a'}}":                                                                     `auth.external.path "a" is no canonical path`,
		"{external: {serviceName: a, port: 80, path: '/a?b'}}":                                                                  `auth.external.path "/a?b" is no canonical path`,
		"{external: {serviceName: a, port: 80, protocol: GRPC, path: /}}":                                                       "auth.external.path is for protocol HTTP",
		"{external: {serviceName: a, port: 80, protocol: GRPC, signInURL: 'https://a/'}}":                                       "auth.external.signInURL is for protocol HTTP",
		"{external: {serviceName: a, port: 80, signInURL: //evil.io}}":                                                          `auth.external.signInURL "//evil.io" is no URL to send clients to`,
		`{external: {serviceName: a, port: 80, signInURL: '/\evil.io'}}`:                                                        `auth.external.signInURL "/\\evil.io" is no URL to send clients to`,
		"{external: {serviceName: a, port: 80, signInURL: 'javascript:alert(1)'}}":                                              `auth.external.signInURL "javascript:alert(1)" is no URL`,
		"{external: {serviceName: a, port: 80, responseHeaders: [Connection]}}":                                                 `auth.external.responseHeaders has "Connection" is a field that`,
		"{external: {serviceName: a, port: 80, responseHeaders: [X-A, '*']}}":                                                   `auth.external.responseHeaders has "*", and no client can be kept from setting`,
		"{external: {serviceName: a, port: 80, responseHeaders: [Expect]}}":                                                     `auth.external: the field "expect" is for one connection alone`,
		"{external: {serviceName: a, port: 80, forwardHeaders: ['a b']}}":                                                       `auth.external.forwardHeaders has "a b" is no name`,
		"{external: {serviceName: a, port: 80, timeout: 2m}}":                                                                   "auth.external.timeout is 2m0s: write a time above zero, and at most 1m0s",
		"{external: {serviceName: a, port: 80, timeout: 0s}}":                                                                   "auth.external.timeout is 0s",
		"{external: {serviceName: a, port: 80, cacheKey: $http_cookie}}":                                                        "auth.external has one of cacheKey and cacheFor",
		"{external: {serviceName: a, port: 80, cacheFor: 1s}}":                                                                  "auth.external has one of cacheKey and cacheFor",
		"{external: {serviceName: a, port: 80, cacheKey: all, cacheFor: 1s}}":                                                   `auth.external.cacheKey "all" has no variable`,
		"{external: {serviceName: a, port: 80, cacheKey: $http_cookie, cacheFor: 2h}}":                                          "auth.external.cacheFor is 2h0m0s",
		"{external: {serviceName: a, port: 80, maxBodyBytes: 2Mi}}":                                                             "auth.external.maxBodyBytes is 2Mi: write 1 to 1Mi",
		"{external: {serviceName: a, port: 80, forwardHeaders: [" + strings.TrimSuffix(strings.Repeat("a, ", 33), ", ") + "]}}": "auth.external.forwardHeaders has more than 32",
	} {
		if _, fault := asAuth(t, text); !strings.HasPrefix(fault, want) {
			t.Errorf("%s: got %q, want %q", rules.Clip(text), fault, want)
		}
	}
}

func TestTheServiceOfAnAuthIsOneThatTheIngressNames(t *testing.T) {
	t.Parallel()
	path := v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{Auth: &v1alpha1.Auth{External: &v1alpha1.ExternalAuth{ServiceName: "opa", Port: 80}}}}
	var own, standard []string
	EachService(&v1alpha1.Ingress{Spec: v1alpha1.IngressSpec{Rules: []v1alpha1.IngressRule{{Paths: []v1alpha1.IngressPath{path}}}}},
		func(name string) { own = append(own, name) })
	object := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{authAnnotation: "{external: {serviceName: opa, port: 80}}"}}}
	EachStandardService(object, func(name string) { standard = append(standard, name) })
	if !slices.Equal(own, []string{"opa"}) || !slices.Equal(standard, []string{"opa"}) {
		t.Errorf("an Ingress names %q, and a standard one %q", own, standard)
	}
}

func TestAPathIsGuardedByItsAuthAndASecondOneOfARouteIsAFault(t *testing.T) {
	t.Parallel()
	from := &v1alpha1.PathPolicies{Auth: &v1alpha1.Auth{Basic: &v1alpha1.BasicAuth{SecretName: "users"}}}
	rule := rules.Rule{Match: rules.Match{Path: "/"}}
	if fault := AddPolicies(&rule, from); fault != "" || rule.Auth == nil || !rule.MayGuard() {
		t.Fatalf("%+v: %s", rule, fault)
	}
	before := rule.Auth
	if fault := AddPolicies(&rule, from); !strings.HasPrefix(fault, "auth is what a filter of the rule says too") || rule.Auth != before {
		t.Errorf("a second one: %q", fault)
	}
}
