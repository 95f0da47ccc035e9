// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"k8s.io/apimachinery/pkg/types"
)

// AuthorityName names a Secret or ConfigMap with the certificates of authorities that may have issued somebody's
// certificate.
type AuthorityName struct {
	ConfigMap bool
	types.NamespacedName
}

func (n AuthorityName) String() string {
	if n.ConfigMap {
		return "ConfigMap " + Clip(n.NamespacedName.String())
	}
	return "Secret " + Clip(n.NamespacedName.String())
}
