// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// kept is a TLSCertificate for x.io in namespace and Secret as given.
func kept(namespace, secret string, autoRenew bool) *v1alpha1.TLSCertificate {
	return &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "mine"}, Spec: v1alpha1.TLSCertificateSpec{
		Hosts: []v1alpha1.CertificateHost{"x.io"}, SecretName: v1alpha1.SecretName(secret), AutoRenew: new(autoRenew)}}
}

// Both versions are valid for the host, so that no condition tells of the change.
func TestTheStatusOfACertificateThatIsTheUsersFollowsItsSecret(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now().Truncate(time.Second)
	first, second := newKeyPair(t, now.Add(-time.Hour), now.Add(100*24*time.Hour), "x.io"), newKeyPair(t, now.Add(-time.Minute), now.Add(200*24*time.Hour), "x.io")
	secret, certificate := first.secret(k.blue, "mine-tls"), kept(k.blue, "mine-tls", false)
	k.create(secret, certificate)
	k.start()
	expires := func(at time.Time) {
		t.Helper()
		eventually(t, func() error {
			if k.read(certificate); !certificate.Status.NotAfter.Equal(&metav1.Time{Time: at}) {
				return errors.New("status.notAfter is " + certificate.Status.NotAfter.String() + ", want " + at.String())
			}
			return nil
		})
	}
	k.says(certificate, "Accepted=True Accepted", "Ready=True CertificateValid", "Issuing=False NotRenewed")
	expires(now.Add(100 * 24 * time.Hour))
	k.change(secret, func() { secret.Data = second.secret("", "").Data })
	expires(now.Add(200 * 24 * time.Hour))
}

func TestASecretThatIsSomebodyElsesIsNotOverwritten(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now()
	pair := newKeyPair(t, now.Add(-time.Hour), now.Add(time.Hour), "y.io") // for another host, so that one has to be ordered
	secret, certificate := pair.secret(k.blue, "theirs"), kept(k.blue, "theirs", true)
	k.create(secret, certificate)
	k.start()
	k.says(certificate, "Accepted=True Accepted", "Ready=False HostNotCovered", "Issuing=False SecretConflict")
	version := secret.ResourceVersion
	k.read(secret)
	if secret.ResourceVersion != version || !bytes.Equal(secret.Data["tls.crt"], pair.chain) {
		t.Error("the Secret was written")
	}
}
