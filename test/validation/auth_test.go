// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"strconv"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestAuthThatMakesSenseIsTaken(t *testing.T) {
	for _, policy := range []string{
		"auth: {basic: {secretName: users}}",
		"auth: {satisfy: Any, basic: {secretName: users, realm: Beyond here}, external: {serviceName: a, port: 80}}",
		"auth: {jwt: {issuer: 'https://id.io', audiences: [shop], jwksURL: 'https://id.io:8443/keys?v=1', leeway: 1m30s, forwardClaims: [{claim: sub, header: X-User}]}}",
		"auth: {external: {serviceName: opa, port: 9191, protocol: GRPC, maxBodyBytes: 64Ki}}",
		"auth: {external: {serviceName: a, port: 80, path: /oauth2/auth, forwardHeaders: [Cookie], responseHeaders: [X-A], signInURL: 'https://id.io/start?a=b', timeout: 500ms, cacheKey: $http_cookie, cacheFor: 10s}}",
	} {
		requireAccepted(t, object(t, v1alpha1.IngressKind, withPolicy(policy)))
	}
}

func TestAuthThatMakesNoSenseIsRefused(t *testing.T) {
	const field = pathField + ".auth"
	var names []string
	for i := range 17 {
		names = append(names, "a"+strconv.Itoa(i))
	}
	external := func(rest string) string {
		return withPolicy("auth: {external: {serviceName: a, port: 80, " + rest + "}}")
	}
	jwt := func(rest string) string { return withPolicy("auth: {jwt: {issuer: me, " + rest + "}}") }
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"nothing", withPolicy("auth: {}"), []cause{{field, "should have at least 1 properties"}}},
		{"an unknown word", withPolicy("auth: {satisfy: Some, basic: {secretName: users}}"), []cause{{field + ".satisfy", "Unsupported value"}}},
		{"no Secret", withPolicy("auth: {basic: {}}"), []cause{{field + ".basic.secretName", "Required value"}}},
		{"a Secret of another namespace", withPolicy("auth: {basic: {secretName: other/users}}"), []cause{{field + ".basic.secretName", "should match"}}},
		{"a realm with a quote", withPolicy(`auth: {basic: {secretName: users, realm: 'a"b'}}`), []cause{{field + ".basic.realm", "should match"}}},
		{"no issuer", withPolicy("auth: {jwt: {secretName: keys}}"), []cause{{field + ".jwt.issuer", "Required value"}}},
		{"a URL that is none", jwt("jwksURL: 'file:///etc/passwd'"), []cause{{field + ".jwt.jwksURL", "should match"}}},
		{"a URL with a password", jwt("jwksURL: 'https://u:p@id.io/'"), []cause{{field + ".jwt.jwksURL", "should match"}}},
		{"a leeway without a unit", jwt("secretName: keys, leeway: '30'"), []cause{{field + ".jwt.leeway", "should match"}}},
		{"many audiences", jwt("secretName: keys, audiences: [" + strings.Join(names, ", ") + "]"), []cause{{field + ".jwt.audiences", "must have at most 16 items"}}},
		{"a claim without a field", jwt("secretName: keys, forwardClaims: [{claim: sub}]"), []cause{{field + ".jwt.forwardClaims[0].header", "Required value"}}},
		{"no service", withPolicy("auth: {external: {port: 80}}"), []cause{{field + ".external.serviceName", "Required value"}}},
		{"another protocol", external("protocol: SOAP"), []cause{{field + ".external.protocol", "Unsupported value"}}},
		{"a path with a query", external("path: '/a?b'"), []cause{{field + ".external.path", "should match"}}},
		{"no name of a field", external("responseHeaders: ['a b']"), []cause{{field + ".external.responseHeaders[0]", "should match"}}},
		{"a sign-in of nowhere", external("signInURL: //evil.io"), []cause{{field + ".external.signInURL", "should match"}}},
		{"a line break", external(`cacheKey: "a\n"`), []cause{{field + ".external.cacheKey", "should match"}}},
		{"an endless content", external("maxBodyBytes: 1Gi"), []cause{{field + ".external.maxBodyBytes", "should match"}, {"<nil>", "must validate all the schemas"}}},
	} {
		t.Run(test.name, func(t *testing.T) { requireRefused(t, object(t, v1alpha1.IngressKind, test.spec), test.want) })
	}
}
