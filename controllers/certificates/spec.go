// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"slices"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// HostsOf returns the hosts of a spec, sorted.
func HostsOf(spec *v1alpha1.TLSCertificateSpec) []string {
	hosts := make([]string, len(spec.Hosts))
	for i, host := range spec.Hosts {
		hosts[i] = string(host)
	}
	slices.Sort(hosts)
	return hosts
}

// KeyTypeWanted returns the type of key that a spec asks for.
func KeyTypeWanted(spec *v1alpha1.TLSCertificateSpec) v1alpha1.KeyType {
	if spec.KeyType == "" {
		return v1alpha1.KeyTypeECDSAP256
	}
	return spec.KeyType
}
