// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
)

func TestNoTwoOrdersHaveOneSecret(t *testing.T) {
	seen := map[string]string{}
	for _, class := range []string{"warren", "a", "b"} {
		for _, certificate := range []types.NamespacedName{{Namespace: "a", Name: "b"}, {Namespace: "b", Name: "a"}, {Namespace: "a", Name: "a"}, {Namespace: "a", Name: "b.a"}} {
			name, of := orderSecretName(class, certificate), class+" "+certificate.String()
			if other, ok := seen[name]; ok {
				t.Errorf("the Secret of %s is that of %s too", of, other)
			}
			seen[name] = of
		}
	}
}
