// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
)

func TestAPredecessorIsNamedOnlyToTheAccountThatOrderedItForOneOfTheNames(t *testing.T) {
	leaf := &x509.Certificate{SerialNumber: big.NewInt(5), DNSNames: []string{"A.io", "b.io"}, AuthorityKeyId: []byte{1, 2}}
	from := Origin{Directory: "d", Account: "me"}
	tests := map[string]struct {
		leaf      *x509.Certificate
		from      Origin
		hosts     []string
		directory string
		account   string
		want      string
	}{
		"the same names":                  {leaf, from, []string{"a.io", "b.io"}, "d", "me", "AQI.BQ"},
		"one of the names":                {leaf, from, []string{"a.io", "c.io"}, "d", "me", "AQI.BQ"},
		"other names":                     {leaf, from, []string{"c.io"}, "d", "me", ""},
		"another account":                 {leaf, from, []string{"a.io"}, "d", "other", ""},
		"another authority":               {leaf, from, []string{"a.io"}, "e", "me", ""},
		"an account that nobody knows of": {leaf, Origin{Directory: "d"}, []string{"a.io"}, "d", "me", ""},
		"no certificate":                  {nil, Origin{}, []string{"a.io"}, "d", "me", ""},
		"a certificate without an id":     {&x509.Certificate{SerialNumber: big.NewInt(5), DNSNames: []string{"a.io"}}, from, []string{"a.io"}, "d", "me", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Predecessor(test.leaf, test.from, test.directory, test.account, test.hosts); got != test.want {
				t.Errorf("the predecessor is %q, want %q", got, test.want)
			}
		})
	}
}

func TestASecretSaysWhereItsOwnCertificateIsFrom(t *testing.T) {
	leaf, other := &x509.Certificate{SerialNumber: big.NewInt(5)}, &x509.Certificate{SerialNumber: big.NewInt(6)}
	secret := &corev1.Secret{}
	origin := Origin{Directory: "d", Account: "a", IssuedAt: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
	origin.annotate(secret, leaf)
	if got := OriginOf(secret, leaf); got != origin {
		t.Errorf("it is from %+v, want %+v", got, origin)
	}
	if got := OriginOf(secret, other); got != (Origin{}) {
		t.Errorf("one that somebody put there is from %+v", got)
	}
	former := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{cluster.DirectoryAnnotation: "d"}}}
	if got := OriginOf(former, leaf); got != (Origin{Directory: "d"}) {
		t.Errorf("one that an earlier version ordered is from %+v", got)
	}
}

func TestASecretIsATLSCertificatesByItsAnnotationOrItsOwner(t *testing.T) {
	mine := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Name: "mine", UID: "1"}}
	owned := []metav1.OwnerReference{ownedBy(mine)}
	others := []metav1.OwnerReference{ownedBy(&v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Name: "other", UID: "2"}})}
	tests := map[string]struct {
		kind       corev1.SecretType
		annotation string
		owners     []metav1.OwnerReference
		ours       bool
	}{
		"made here":                         {corev1.SecretTypeTLS, "mine", owned, true},
		"handed over":                       {corev1.SecretTypeTLS, "mine", nil, true},
		"made here, its annotations gone":   {corev1.SecretTypeTLS, "", owned, true},
		"made here, handed over to another": {corev1.SecretTypeTLS, "other", owned, false},
		"another's, its annotations gone":   {corev1.SecretTypeTLS, "", others, false},
		"somebody's":                        {corev1.SecretTypeTLS, "", nil, false},
		"of another type":                   {corev1.SecretTypeOpaque, "mine", owned, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			secret := &corev1.Secret{Type: test.kind, ObjectMeta: metav1.ObjectMeta{OwnerReferences: test.owners,
				Annotations: map[string]string{cluster.TLSCertificateAnnotation: test.annotation}}}
			if why := Foreign(secret, mine); (why == "") != test.ours {
				t.Errorf("it is foreign because %q, want it ours to be %v", why, test.ours)
			}
		})
	}
}
