// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestTLSCertificateWithWrongFieldIsRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"nothing", "{}", []cause{{"spec.hosts", "Required value"}, {"spec.secretName", "Required value"}}},
		{"no hosts", "{hosts: [], secretName: tls}", []cause{{"spec.hosts", "should have at least 1 items"}}},
		{"an empty host", `{hosts: [""], secretName: tls}`, []cause{
			{"spec.hosts[0]", "should be at least 1 chars long"},
			{"spec.hosts[0]", "host must be a DNS name such as api.example.com, or *.example.com for exactly one label"}}},
		{"two wildcards", `{hosts: ["*.*.example.com"], secretName: tls, autoRenew: false}`, []cause{
			{"spec.hosts[0]", "host must be a DNS name such as api.example.com, or *.example.com for exactly one label"}}},
		{"an address", "{hosts: [192.168.1.10], secretName: tls}", []cause{
			{"spec.hosts[0]", "host must be a DNS name, not an address"}}},
		{"a host twice", "{hosts: [a.example.com, a.example.com], secretName: tls}", []cause{
			{"spec.hosts[1]", `Duplicate value: "a.example.com"`}}},
		{"a wildcard to order", `{hosts: ["*.example.com"], secretName: tls}`, []cause{
			{"spec", "a wildcard host cannot be ordered, since HTTP-01 cannot prove it: list exact hosts, or write autoRenew: false and keep the certificate in the Secret yourself"}}},
		{"a Secret name that is none", "{hosts: [a.example.com], secretName: tls/a}", []cause{
			{"spec.secretName", "secretName must be the name of a Secret, in lower-case letters, digits, hyphens and dots, such as api-tls"}}},
		{"an email address without domain", "{hosts: [a.example.com], secretName: tls, email: admin@}", []cause{
			{"spec.email", "email must be one address such as admin@example.com, without a name or mailto:"}}},
		{"a profile with a space", "{hosts: [a.example.com], secretName: tls, profile: short lived}", []cause{
			{"spec.profile", "profile must be a name that the certificate authority's directory lists, such as classic or shortlived"}}},
		{"a challenge type twice", "{hosts: [a.example.com], secretName: tls, challengeTypes: [HTTP01, HTTP01]}", []cause{
			{"spec.challengeTypes", "challengeTypes names each type once: write [HTTP01], [TLSALPN01] or both"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requireRefused(t, object(t, v1alpha1.TLSCertificateKind, test.spec), test.want)
		})
	}
}
