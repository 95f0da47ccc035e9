// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// pathWith is the spec of an Ingress with one path that has these fields besides its path, given as YAML in flow style.
func pathWith(fields string) string { return "rules: [{paths: [{path: /, " + fields + "}]}]" }

func TestRoutesAreAccepted(t *testing.T) {
	for name, spec := range map[string]string{
		"backends": pathWith("backends: [{serviceName: a, port: 80, weight: 90}, {serviceName: b, port: 443, weight: 0, protocol: HTTPS, " +
			"tls: {caSecretName: ca, serverName: '::1'}, headers: {set: {X-A: b}, remove: [Server], response: {add: {X-B: c}}}}]"),
		"sixteen backends": pathWith("backends: [" + repeat("{serviceName: a, port: 80}", 16) + "]"),
		"a match": withPolicy("methods: [GET, M-SEARCH], match: {headers: [{name: X-Canary, value: always, type: Exact}], " +
			"query: [{name: v, value: '[0-9]+', type: RegularExpression}]}"),
		"CORS": withPolicy("cors: {allowOrigins: ['https://*.example.com', 'http://localhost:3000', 'https://*', '*'], allowMethods: ['*'], " +
			"allowHeaders: [Authorization], exposeHeaders: [X-A], allowCredentials: true, maxAge: 10m}"),
		"a bound on content":       withPolicy("maxRequestBytes: 8Mi"),
		"a bound by a number":      withPolicy("maxRequestBytes: 1048576"),
		"a redirect":               pathWith("redirect: {scheme: https, host: example.com, port: 8443, path: /a, statusCode: 301}"),
		"a redirect of a prefix":   pathWith("redirect: {replacePrefix: /b}"),
		"a fixed response":         pathWith("fixedResponse: {statusCode: 503, contentType: text/html; charset=utf-8, body: '<p>soon</p>'}"),
		"a response with a policy": pathWith("fixedResponse: {statusCode: 204}, accessControl: {deniedIPs: [10.0.0.1]}, headers: {response: {set: {A: b}}}"),
		"an expression":            `rules: [{paths: [{path: '^/v\d+/(a|b)?$', pathType: RegularExpression, backend: {serviceName: a, port: 80}}]}]`,
		"rewrites":                 withPolicy("rewrite: {replacePrefix: /b, host: 'internal.example.com:8080'}"),
		"a rewrite of the host":    withPolicy("rewrite: {host: a}"),
		"retries after statuses":   withPolicy("retries: {attempts: 3, codes: [500, 503], backoff: 100ms}"),
		"retries after a while":    withPolicy("retries: {backoff: 1m30s}"),
		"sessions":                 withPolicy("sessionPersistence: {cookieName: s, absoluteTimeout: 1h30m}"),
		"sessions and a policy":    withPolicy("sessionPersistence: {cookieName: s}, loadBalancing: {policy: LeastRequest}"),
		"a mirror":                 withPolicy("mirror: {serviceName: shadow, port: 8080, percent: 1}"),
		"a mirror of all":          withPolicy("mirror: {serviceName: shadow, port: 8080}"),
		"error pages": withPolicy("errorPages: [{statusCodes: [502, 503], serviceName: pages, port: 80, path: '/{status}.html'}, " +
			"{statusCodes: [404], serviceName: pages, port: 443, protocol: HTTPS, tls: {caSecretName: ca}}]"),
		"eight error pages":     withPolicy("errorPages: [" + repeat("{statusCodes: [503], serviceName: a, port: 80}", 8) + "]"),
		"an answer with a page": pathWith("fixedResponse: {statusCode: 503}, errorPages: [{statusCodes: [503], serviceName: pages, port: 80}]"),
		"a substitution":        withPolicy("rewrite: {regex: {pattern: '^/api/(.*)$', substitution: '/$1'}}"),
	} {
		t.Run(name, func(t *testing.T) { requireDecodes(t, requireAccepted(t, object(t, v1alpha1.IngressKind, spec))) })
	}
}

func TestRoutesThatMakeNoSenseAreRefused(t *testing.T) {
	const (
		one     = "a path needs exactly one of backend, backends, redirect and fixedResponse"
		rewrite = "rewrite needs one of stripPrefix, replacePath, replacePrefix and regex, or host, and not two of the first four"
	)
	for _, test := range []struct {
		name, spec string
		want       []cause
	}{
		{"nothing", "rules: [{paths: [{path: /}]}]", []cause{{pathField, one}}},
		{"two that answer", pathWith("redirect: {scheme: https}, fixedResponse: {statusCode: 200}"), []cause{{pathField, one}}},
		{"a backend and backends", withPolicy("backends: [{serviceName: a, port: 80}]"), []cause{{pathField, one}}},
		{"an answer with what only a backend has", pathWith("redirect: {scheme: https}, retries: {attempts: 2}"), []cause{{pathField, "redirect and fixedResponse ask no backend"}}},
		{"seventeen backends", pathWith("backends: [" + repeat("{serviceName: a, port: 80}", 17) + "]"), []cause{{pathField + ".backends", "must have at most 16 items"}}},
		{"a weight below zero", pathWith("backends: [{serviceName: a, port: 80, weight: -1}]"), []cause{{pathField + ".backends[0].weight", "should be greater than or equal to 0"}}},
		{"a service that is no name", pathWith("backends: [{serviceName: A.b, port: 80}]"), []cause{{pathField + ".backends[0].serviceName", "should match"}}},
		{"a match of nothing", withPolicy("match: {}"), []cause{{pathField + ".match", "should have at least 1 properties"}}},
		{"a header without a value", withPolicy("match: {headers: [{name: a}]}"), []cause{{pathField + ".match.headers[0].value", "Required value"}}},
		{"a method in lower case", withPolicy("methods: [get]"), []cause{{pathField + ".methods[0]", "should match"}}},
		{"a redirect to nowhere", pathWith("redirect: {}"), []cause{{pathField + ".redirect", "should have at least 1 properties"}}},
		{"a redirect to a script", pathWith("redirect: {scheme: javascript}"), []cause{{pathField + ".redirect.scheme", "Unsupported value"}}},
		{"a redirect to two paths", pathWith("redirect: {path: /a, replacePrefix: /b}"), []cause{{pathField + ".redirect", "write path or replacePrefix, not both"}}},
		{"a redirect with a status", pathWith("redirect: {scheme: https, statusCode: 300}"), []cause{{pathField + ".redirect.statusCode", "Unsupported value"}}},
		{"a response without a status", pathWith("fixedResponse: {body: a}"), []cause{{pathField + ".fixedResponse.statusCode", "Required value"}}},
		{"a long response", pathWith("fixedResponse: {statusCode: 200, body: " + strings.Repeat("a", 16385) + "}"), []cause{{pathField + ".fixedResponse.body", "may not be more than 16384"}}},
		{"a rewrite in two ways", withPolicy("rewrite: {stripPrefix: /a, replacePrefix: /b}"), []cause{{pathField + ".rewrite", rewrite}}},
		{"a rewrite of nothing", withPolicy("rewrite: {}"), []cause{{pathField + ".rewrite", rewrite}}},
		{"a rewrite to a URL", withPolicy("rewrite: {host: 'https://a'}"), []cause{{pathField + ".rewrite.host", "should match"}}},
		{"no error pages", withPolicy("errorPages: []"), []cause{{pathField + ".errorPages", "should have at least 1 items"}}},
		{"nine error pages", withPolicy("errorPages: [" + repeat("{statusCodes: [503], serviceName: a, port: 80}", 9) + "]"), []cause{{pathField + ".errorPages", "must have at most 8 items"}}},
		{"an error page for no status", withPolicy("errorPages: [{statusCodes: [], serviceName: a, port: 80}]"), []cause{{pathField + ".errorPages[0].statusCodes", "should have at least 1 items"}}},
		{"an error page for a success", withPolicy("errorPages: [{statusCodes: [200], serviceName: a, port: 80}]"), []cause{{pathField + ".errorPages[0].statusCodes[0]", "should be greater than or equal to 400"}}},
		{"an error page twice for a status", withPolicy("errorPages: [{statusCodes: [503, 503], serviceName: a, port: 80}]"), []cause{{pathField + ".errorPages[0].statusCodes[1]", "Duplicate value"}}},
		{"an error page of nobody", withPolicy("errorPages: [{statusCodes: [503], port: 80}]"), []cause{{pathField + ".errorPages[0].serviceName", "Required value"}}},
		{"an error page at a query", withPolicy("errorPages: [{statusCodes: [503], serviceName: a, port: 80, path: '/?a'}]"), []cause{{pathField + ".errorPages[0].path", "should match"}}},
		{"CORS for nobody", withPolicy("cors: {allowOrigins: []}"), []cause{{pathField + ".cors.allowOrigins", "should have at least 1 items"}}},
		{"CORS for a host", withPolicy("cors: {allowOrigins: [example.com]}"), []cause{{pathField + ".cors.allowOrigins[0]", "should match"}}},
		{"CORS with a field that splits", withPolicy(`cors: {allowOrigins: ['*'], allowHeaders: ["A\r\nB: c"]}`), []cause{{pathField + ".cors.allowHeaders[0]", "should match"}}},
		{"CORS for fractions of a second", withPolicy("cors: {allowOrigins: ['*'], maxAge: 1.5s}"), []cause{{pathField + ".cors.maxAge", "should match"}}},
		{"retries after success", withPolicy("retries: {codes: [200]}"), []cause{{pathField + ".retries.codes[0]", "should be greater than or equal to 400"}}},
		{"retries after nothing", withPolicy("retries: {codes: []}"), []cause{{pathField + ".retries.codes", "should have at least 1 items"}}},
		{"retries in the past", withPolicy("retries: {backoff: -1s}"), []cause{{pathField + ".retries.backoff", "should match"}}},
		{"sessions without a cookie", withPolicy("sessionPersistence: {absoluteTimeout: 1h}"), []cause{{pathField + ".sessionPersistence.cookieName", "Required value"}}},
		{"sessions by two cookies", withPolicy("sessionPersistence: {cookieName: 'a; b'}"), []cause{{pathField + ".sessionPersistence.cookieName", "should match"}}},
		{"sessions beside a hash", withPolicy("sessionPersistence: {cookieName: s}, loadBalancing: {policy: Hash, hashOn: ClientIP}"),
			[]cause{{pathField, "sessionPersistence and loadBalancing.policy Hash both keep clients"}}},
		{"a mirror of nothing", withPolicy("mirror: {serviceName: shadow, port: 80, percent: 0}"), []cause{{pathField + ".mirror.percent", "should be greater than or equal to 1"}}},
		{"a mirror of too much", withPolicy("mirror: {serviceName: shadow, port: 80, percent: 101}"), []cause{{pathField + ".mirror.percent", "should be less than or equal to 100"}}},
		{"a mirror without a port", withPolicy("mirror: {serviceName: shadow}"), []cause{{pathField + ".mirror.port", "Required value"}}},
		{"a mirror of what asks no backend", pathWith("fixedResponse: {statusCode: 200}, mirror: {serviceName: shadow, port: 80}"),
			[]cause{{pathField, "redirect and fixedResponse ask no backend"}}},
		{"no content at all", withPolicy("maxRequestBytes: '0'"), []cause{{pathField + ".maxRequestBytes", "should match"}, {"<nil>", "must validate all the schemas"}}},
		{"a pattern that is meant as an expression", onePath(`'/a/(.*)\.php'`), []cause{{pathField + ".path", "path may hold printable ASCII"}}},
	} {
		t.Run(test.name, func(t *testing.T) { requireRefused(t, object(t, v1alpha1.IngressKind, test.spec), test.want) })
	}
}
