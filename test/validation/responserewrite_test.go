// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestRewritesOfResponsesThatMakeNoSenseAreRefused(t *testing.T) {
	const location, cookie = pathField + ".locationRewrite", pathField + ".cookieRewrite"
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"no prefixes", withPolicy("locationRewrite: {prefixes: []}"), []cause{{location + ".prefixes", "should have at least 1 items"}}},
		{"a prefix for nothing", withPolicy("locationRewrite: {prefixes: [{from: '', to: /}]}"), []cause{{location + ".prefixes[0].from", "should be at least 1 chars long"}}},
		{"a prefix with a line break", withPolicy(`locationRewrite: {prefixes: [{from: /, to: "/\r\nA: b"}]}`), []cause{{location + ".prefixes[0].to", "should match"}}},
		{"cookies as they are", withPolicy("cookieRewrite: {}"), []cause{{cookie, "should have at least 1 properties"}}},
		{"a domain with another attribute", withPolicy("cookieRewrite: {domains: [{from: a, to: 'b; Secure'}]}"), []cause{{cookie + ".domains[0].to", "should match"}}},
		{"a path with another attribute", withPolicy("cookieRewrite: {paths: [{from: /, to: '/; Secure'}]}"), []cause{{cookie + ".paths[0].to", "should match"}}},
		{"a path without a slash", withPolicy("cookieRewrite: {paths: [{from: a, to: /}]}"), []cause{{cookie + ".paths[0].from", "should match"}}},
	} {
		t.Run(test.name, func(t *testing.T) { requireRefused(t, object(t, v1alpha1.IngressKind, test.spec), test.want) })
	}
}
