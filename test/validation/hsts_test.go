// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestHSTSThatMakesNoSenseIsRefused(t *testing.T) {
	const field = pathField + ".hsts"
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"an age below zero", withPolicy("hsts: {maxAge: -1s}"), []cause{{field + ".maxAge", "should match"}}},
		{"an age without a unit", withPolicy("hsts: {maxAge: '31536000'}"), []cause{{field + ".maxAge", "should match"}}},
	} {
		t.Run(test.name, func(t *testing.T) { requireRefused(t, object(t, v1alpha1.IngressKind, test.spec), test.want) })
	}
}
