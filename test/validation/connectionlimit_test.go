// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestConnectionLimitThatMakesNoSenseIsRefused(t *testing.T) {
	const field = pathField + ".connectionLimit"
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"nothing", withPolicy("connectionLimit: {}"), []cause{{field + ".connections", "Required value"}}},
		{"none", withPolicy("connectionLimit: {connections: 0}"), []cause{{field + ".connections", "should be greater than or equal to 1"}}},
		{"a name in place of an address", withPolicy("connectionLimit: {connections: 1, exempt: [localhost]}"), []cause{{field + ".exempt[0]", "should match"}}},
		{"too many ranges", withPolicy("connectionLimit: {connections: 1, exempt: [" + repeat("10.0.0.1", 33) + "]}"), []cause{{field + ".exempt", "must have at most 32 items"}}},
		{"a name in a rate limit", withPolicy("rateLimit: {requestsPerSecond: 1, exempt: [localhost]}"), []cause{{pathField + ".rateLimit.exempt[0]", "should match"}}},
	} {
		t.Run(test.name, func(t *testing.T) { requireRefused(t, object(t, v1alpha1.IngressKind, test.spec), test.want) })
	}
}
