// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// asking is the spec of an Ingress that has its clients show certificates, as the fields given as YAML in flow style
// say.
func asking(fields string) string {
	return oneHost("api.example.com") + "\ntls: {secretName: api-tls, clientCertificate: {" + fields + "}}"
}

func TestWhatClientsHaveToShowIsRefusedWhereItMakesNoSense(t *testing.T) {
	const field = "spec.tls.clientCertificate"
	for _, test := range []struct {
		name, fields string
		want         []cause
	}{
		{"no authority", "mode: Require", []cause{{field, "needs the authorities"}}},
		{"two authorities", "caSecretName: a, caConfigMapName: b", []cause{{field, "and not both"}}},
		{"a Secret that is no name", "caSecretName: A_b", []cause{{field + ".caSecretName", "must be the name of a Secret"}}},
		{"another mode", "caSecretName: a, mode: Maybe", []cause{{field + ".mode", "Unsupported value"}}},
		{"a depth that is too great", "caSecretName: a, depth: 11", []cause{{field + ".depth", "less than or equal to 10"}}},
		{"a depth below nothing", "caSecretName: a, depth: -1", []cause{{field + ".depth", "greater than or equal to 0"}}},
		{"fields that nobody gets", "caSecretName: a, headers: Nginx", []cause{{field, "write forward: true with it"}}},
		{"other fields", "caSecretName: a, forward: true, headers: XFCC", []cause{{field + ".headers", "Unsupported value"}}},
		{"a subject that is none", "caSecretName: a, subjects: [robot]", []cause{{field + ".subjects[0]", "such as CN=robot,O=Example"}}},
		{"a subject with spaces", "caSecretName: a, subjects: ['CN=robot, O=Example']", []cause{{field + ".subjects[0]", "no spaces between its parts"}}},
		{"a star within a name", "caSecretName: a, sans: ['a.*.io']", []cause{{field + ".sans[0]", "with a star as its first label at most"}}},
	} {
		t.Run(test.name, func(t *testing.T) { requireRefused(t, object(t, v1alpha1.IngressKind, asking(test.fields)), test.want) })
	}
	for _, fields := range []string{
		"caSecretName: a", "caConfigMapName: a, crlSecretName: b, mode: Optional, depth: 0",
		`caSecretName: a, subjects: ['CN=robot,O=Foo\, Inc.', '2.5.4.3=x'], sans: ['*.c.io', 'spiffe://a/b', a@b.io, 192.0.2.1], forward: true, headers: Envoy`,
	} {
		t.Run(fields, func(t *testing.T) { requireAccepted(t, object(t, v1alpha1.IngressKind, asking(fields))) })
	}
}
