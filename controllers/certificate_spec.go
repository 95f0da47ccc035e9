// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// hostsOf returns the hosts of a spec, sorted.
func hostsOf(spec *v1alpha1.TLSCertificateSpec) []string {
	hosts := make([]string, len(spec.Hosts))
	for i, host := range spec.Hosts {
		hosts[i] = string(host)
	}
	slices.Sort(hosts)
	return hosts
}

// keyTypeWanted returns the type of key that a spec asks for.
func keyTypeWanted(spec *v1alpha1.TLSCertificateSpec) v1alpha1.KeyType {
	if spec.KeyType == "" {
		return v1alpha1.KeyTypeECDSAP256
	}
	return spec.KeyType
}
