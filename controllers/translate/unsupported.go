// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"github.com/warren-dev/ingress/api/v1alpha1"
)

// This file is the one list of fields that the API has and nothing acts on yet. A field leaves it when something
// does. A backend's protocol is not in it: such a backend is not resolved, because to speak plain HTTP to it instead would be
// wrong, not merely less.

// unsupportedInIngress names the fields of an Ingress that are set and nothing acts on.
func unsupportedInIngress(spec *v1alpha1.IngressSpec) []string {
	var fields []string
	if tls := spec.TLS; tls != nil && tls.AutoSSL {
		fields = append(fields, "tls.autoSSL")
	}
	if tls := spec.TLS; tls != nil && tls.Email != "" {
		fields = append(fields, "tls.email")
	}
	return fields
}

// unsupportedInTLSCertificate names the fields of a TLSCertificate that nothing acts on.
func unsupportedInTLSCertificate(*v1alpha1.TLSCertificateSpec) []string {
	return []string{"spec"}
}
