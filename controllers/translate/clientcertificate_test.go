// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/clientcert"
)

// clientAuthority returns the certificate of an authority, and makes lists of what it has revoked.
func clientAuthority(t *testing.T, name string) (certificate string, revoke func(expires time.Time) []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: day(-1), NotAfter: day(9), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte(name),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), func(expires time.Time) []byte {
		list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: day(-1), NextUpdate: expires}, template, key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list})
	}
}

func TestWhatIsSaidOfRevocations(t *testing.T) {
	one, revokedByOne := clientAuthority(t, "one")
	other, revokedByOther := clientAuthority(t, "other")
	lists := func(text []byte) *translate.Revocations {
		made, expires, fault := clientcert.ReadRevocations(text)
		return &translate.Revocations{Lists: made, Expires: expires, Fault: fault}
	}
	const gone, at = ": no client gets in", "tls.clientCertificate: "
	for name, test := range map[string]struct {
		certificates string
		own, apart   *translate.Revocations
		crl          v1alpha1.SecretName
		without      bool
		// reason and message are those of ResolvedRefs, and revocations says whether the snapshot has lists.
		reason, message string
		revocations     bool
	}{
		"none":                  {certificates: one, reason: "ResolvedRefs", message: "every backend is there"},
		"beside the authority":  {certificates: one, own: lists(revokedByOne(day(1))), reason: "ResolvedRefs", message: "every backend is there", revocations: true},
		"in a Secret":           {certificates: one, apart: lists(revokedByOne(day(1))), crl: "crl", reason: "ResolvedRefs", message: "every backend is there", revocations: true},
		"in one that has none":  {certificates: one, crl: "crl", reason: "CRLInvalid", message: at + "Secret blue/crl has no list of revocations: put one under its key crl.pem, as PEM" + gone},
		"in one that is not":    {certificates: one, crl: "crl", without: true, reason: "CRLInvalid", message: at + "there is no Secret blue/crl" + gone},
		"that cannot be read":   {certificates: one, own: lists([]byte("x")), reason: "CRLInvalid", message: at + "Secret blue/clients: there is no list of revocations: put one there as PEM, which begins with BEGIN X509 CRL" + gone},
		"of somebody else":      {certificates: one, own: lists(revokedByOther(day(1))), reason: "CRLInvalid", message: at + "Secret blue/clients: a list of revocations, of CN=other, is signed by none of the authorities: put the issuer's certificate among them" + gone},
		"of one of two":         {certificates: one + other, own: lists(revokedByOne(day(1))), reason: "ResolvedRefs", revocations: true, message: "every backend is there; served all the same: " + at + "Secret blue/clients has no list of revocations of CN=other: no client whose certificate it has issued gets in"},
		"that has just expired": {certificates: one, own: lists(revokedByOne(day(0))), reason: "CRLExpired", revocations: true, message: at + "Secret blue/clients has a list of revocations that has expired: no client of its issuer gets in until there is a newer one"},
	} {
		t.Run(name, func(t *testing.T) {
			ing := newSite("blue", "shop", 1, "x.io")
			ing.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "s", ClientCertificate: &v1alpha1.ClientCertificate{CASecretName: "clients", CRLSecretName: test.crl}}
			in := translate.Input{Objects: asRules([]*v1alpha1.Ingress{ing}), Tasks: []*v1alpha1.Task{newTask("blue", "web", "web", "10.0.0.1")}, Now: today, Authorities: []*translate.Authority{
				{Name: translate.AuthorityName{NamespacedName: types.NamespacedName{Namespace: "blue", Name: "clients"}}, Certificates: test.certificates, Revocations: test.own},
			}}
			if test.crl != "" && !test.without {
				in.Authorities = append(in.Authorities, &translate.Authority{
					Name:  translate.AuthorityName{NamespacedName: types.NamespacedName{Namespace: "blue", Name: string(test.crl)}},
					Fault: "ca.crt is empty", Revocations: test.apart,
				})
			}
			snapshot, reports := build(in)
			for _, c := range reports[0].Conditions {
				if c.Type == v1alpha1.ConditionResolvedRefs && !strings.HasPrefix(c.Message, test.message) || c.Type == v1alpha1.ConditionResolvedRefs && c.Reason != test.reason {
					t.Errorf("got %s, %q, want %s, %q", c.Reason, c.Message, test.reason, test.message)
				}
			}
			if terms := snapshot.Hosts[0].Clients; (terms != nil && terms.Revocations != "") != test.revocations || (terms != nil) != (test.reason != "CRLInvalid") {
				t.Errorf("the clients of the host are asked for %+v", terms)
			}
		})
	}
}

func TestAuthoritiesOfClientsCountAsOthersDo(t *testing.T) {
	var ingresses []*v1alpha1.Ingress
	for i := range translate.AuthoritiesPerNamespace/2 + 1 {
		ing := newSite("blue", fmt.Sprintf("shop-%02d", i), i, fmt.Sprintf("h%02d.io", i))
		ing.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "s", ClientCertificate: &v1alpha1.ClientCertificate{
			CASecretName: v1alpha1.SecretName(fmt.Sprintf("ca-%02d", i)), CRLSecretName: v1alpha1.SecretName(fmt.Sprintf("crl-%02d", i))}}
		ingresses = append(ingresses, ing)
	}
	in := translate.Input{Objects: asRules(ingresses), Now: today}
	if named := translate.NamedAuthorities(&in); len(named) != translate.AuthoritiesPerNamespace {
		t.Errorf("%d are read, want %d", len(named), translate.AuthoritiesPerNamespace)
	}
	_, reports := build(in)
	last := reports[len(reports)-1]
	for _, c := range last.Conditions {
		if c.Type == v1alpha1.ConditionResolvedRefs && c.Reason != v1alpha1.ReasonTooManyAuthorities {
			t.Errorf("%s: got %s, %q", last.Name, c.Reason, c.Message)
		}
	}
}
