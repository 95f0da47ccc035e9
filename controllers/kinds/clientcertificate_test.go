// SPDX-License-Identifier: Apache-2.0

package kinds_test

import (
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/clientcert"
)

func TestWhatClientsHaveToShow(t *testing.T) {
	t.Parallel()
	named := func(name string) rules.AuthorityName {
		return rules.AuthorityName{NamespacedName: types.NamespacedName{Namespace: "blue", Name: name}}
	}
	inMap := named("ca")
	inMap.ConfigMap = true
	const instead = `such as CN=robot,O=Example`
	for value, test := range map[string]struct {
		want  *rules.ClientCertificate
		fault string
	}{
		"{caSecretName: ca}":    {want: &rules.ClientCertificate{Authorities: named("ca"), Depth: 1}},
		"{caConfigMapName: ca}": {want: &rules.ClientCertificate{Authorities: inMap, Depth: 1}},
		"{caSecretName: ca, crlSecretName: crl, mode: Optional, depth: 0, subjects: ['CN=b,O=x', 'CN=a\\, Ltd.'], sans: ['*.c.io', 'spiffe://x/y'], forward: true}": {
			want: &rules.ClientCertificate{Authorities: named("ca"), Revocations: named("crl"), Optional: true, Subjects: []string{`CN=a\, Ltd.`, "CN=b,O=x"},
				AltNames: []string{"*.c.io", "spiffe://x/y"}, Forward: clientcert.RFC9440}},
		"{caSecretName: ca, mode: Require, forward: true, headers: Nginx}": {want: &rules.ClientCertificate{Authorities: named("ca"), Depth: 1, Forward: clientcert.NginxCertificate}},
		"{caSecretName: ca, forward: true, headers: Envoy}":                {want: &rules.ClientCertificate{Authorities: named("ca"), Depth: 1, Forward: clientcert.Envoy}},

		"{mode: Require}":                                 {fault: "it names no authorities that certificates of clients may come from: write caSecretName, the name of a Secret with the key ca.crt"},
		"{caSecretName: a, caConfigMapName: b}":           {fault: "it has caSecretName and caConfigMapName: write one of the two"},
		"{caSecretName: A}":                               {fault: "it names an object that cannot be there: write the name of a Secret or ConfigMap, such as clients-ca"},
		"{caSecretName: a, crlSecretName: other/b}":       {fault: "it names an object that cannot be there: write the name of a Secret or ConfigMap, such as clients-ca"},
		"{caSecretName: a, mode: Demand}":                 {fault: `mode "Demand" is unknown: write Require or Optional`},
		"{caSecretName: a, depth: 11}":                    {fault: "depth is not from 0 to 10: write how many certificates may stand between the client's and the authority's"},
		"{caSecretName: a, depth: -1}":                    {fault: "depth is not from 0 to 10: write how many certificates may stand between the client's and the authority's"},
		"{caSecretName: a, headers: Nginx}":               {fault: "headers says how a certificate is forwarded: write forward: true with it, or leave it out"},
		"{caSecretName: a, forward: true, headers: XFCC}": {fault: `headers "XFCC" is unknown: write RFC9440, Nginx or Envoy`},
		"{caSecretName: a, subjects: [robot]}":            {fault: `subject "robot" is no distinguished name: write it as openssl x509 -noout -subject -nameopt RFC2253 prints it, ` + instead},
		"{caSecretName: a, subjects: ['CN=robot, O=x']}":  {fault: `subject "CN=robot, O=x" is no distinguished name: write it as openssl x509 -noout -subject -nameopt RFC2253 prints it, ` + instead},
		"{caSecretName: a, sans: ['a.*.io']}":             {fault: `subject alternative name "a.*.io" is none: write robot.example.com, *.clients.example.com, spiffe://example.com/robot, robot@example.com or 192.0.2.1`},
		"{caSecret: a}":                                   {fault: `unknown field "caSecret"`},
		"":                                                {fault: "it is empty"},
		"{caSecretName: a, subjects: [" + strings.Repeat("CN=a, ", 65) + "]}": {fault: "it has more than 64 subjects or sans: write fewer"},
	} {
		object := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "blue", Name: "shop", Annotations: map[string]string{"ingress.warren.dev/client-certificate": value}},
			Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{Host: "a"}}}}
		read := kinds.ReadStandard(object)
		if diff := cmp.Diff(test.want, read.ClientCertificate); diff != "" {
			t.Errorf("%s (-want +got):\n%s", value, diff)
		}
		said := ""
		if read.Fault != nil {
			said = read.Fault.Text
		}
		if (test.fault == "") != (said == "") || !strings.Contains(said, test.fault) || read.ClosesHosts != (test.fault != "") {
			t.Errorf("%s: it says %q, and closes its hosts: %t, want %q", value, said, read.ClosesHosts, test.fault)
		}
	}
}
