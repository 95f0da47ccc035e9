// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestCompressionThatMakesNoSenseIsRefused(t *testing.T) {
	const field = pathField + ".compression"
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"no media type", withPolicy("compression: {types: [html]}"), []cause{{field + ".types[0]", "should match"}}},
		{"a type in capitals", withPolicy("compression: {types: [Text/HTML]}"), []cause{{field + ".types[0]", "should match"}}},
		{"a type twice", withPolicy("compression: {types: [a/b, a/b]}"), []cause{{field + ".types[1]", "Duplicate value"}}},
		{"less than nothing", withPolicy("compression: {minBytes: '-1'}"), []cause{{field + ".minBytes", "should match"}, {"<nil>", "must validate all the schemas"}}},
	} {
		t.Run(test.name, func(t *testing.T) { requireRefused(t, object(t, v1alpha1.IngressKind, test.spec), test.want) })
	}
}
