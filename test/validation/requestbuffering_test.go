// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestRequestBufferingThatMakesNoSenseIsRefused(t *testing.T) {
	const field = pathField + ".requestBuffering"
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"nothing", withPolicy("requestBuffering: {}"), []cause{{field + ".maxBytes", "Required value"}}},
		{"none", withPolicy("requestBuffering: {maxBytes: '0'}"), []cause{{field + ".maxBytes", "should match"}, {"<nil>", "must validate all the schemas"}}},
		{"a fraction", withPolicy("requestBuffering: {maxBytes: '0.5'}"), []cause{{field + ".maxBytes", "should match"}, {"<nil>", "must validate all the schemas"}}},
		{"another spelling of a path", withPolicy("pathSpelling: Merged"), []cause{{pathField + ".pathSpelling", `Unsupported value: "Merged": supported values: "AsSent", "Canonical"`}}},
	} {
		t.Run(test.name, func(t *testing.T) { requireRefused(t, object(t, v1alpha1.IngressKind, test.spec), test.want) })
	}
}
