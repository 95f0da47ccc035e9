// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/test/fixture"
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
	first, second := fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(100*24*time.Hour), "x.io"), fixture.NewKeyPair(t, now.Add(-time.Minute), now.Add(200*24*time.Hour), "x.io")
	secret, certificate := first.Secret(k.Blue, "mine-tls"), kept(k.Blue, "mine-tls", false)
	k.Make(secret, certificate)
	k.start()
	expires := func(at time.Time) {
		t.Helper()
		fixture.Eventually(t, func() error {
			if k.Reload(certificate); !certificate.Status.NotAfter.Equal(&metav1.Time{Time: at}) {
				return errors.New("status.notAfter is " + certificate.Status.NotAfter.String() + ", want " + at.String())
			}
			return nil
		})
	}
	k.says(certificate, "Accepted=True Accepted", "Ready=True CertificateValid", "Issuing=False NotRenewed")
	expires(now.Add(100 * 24 * time.Hour))
	k.Change(secret, func() { secret.Data = second.Secret("", "").Data })
	expires(now.Add(200 * 24 * time.Hour))
}

func TestASecretThatIsSomebodyElsesIsNotOverwritten(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now()
	pair := fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(time.Hour), "y.io") // for another host, so that one has to be ordered
	secret, certificate := pair.Secret(k.Blue, "theirs"), kept(k.Blue, "theirs", true)
	k.Make(secret, certificate, fixture.Ingress(k.Blue, "mine", "x.io", "web"))
	k.start()
	k.says(certificate, "Accepted=True Accepted", "Ready=False HostNotCovered", "Issuing=False SecretConflict")
	version := secret.ResourceVersion
	k.Reload(secret)
	if secret.ResourceVersion != version || !bytes.Equal(secret.Data["tls.crt"], pair.Chain) {
		t.Error("the Secret was written")
	}
}

// Each of the Secrets ends soon enough that another notice is due.
func TestAnEventTellsOfTheEndOfAUsersCertificate(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now()
	pair := func(left time.Duration) fixture.KeyPair {
		return fixture.NewKeyPair(t, now.Add(-time.Hour-left), now.Add(left), "x.io")
	}
	secret, certificate := pair(30*day).Secret(k.Blue, "mine-tls"), kept(k.Blue, "mine-tls", false)
	k.Make(secret, certificate)
	first := k.start()
	told := func(want int32, events int) {
		t.Helper()
		fixture.Eventually(t, func() error {
			k.Reload(certificate)
			if certificate.Status.ExpiryNoticeDays != want {
				return fmt.Errorf("the notice is that of %d days, want %d", certificate.Status.ExpiryNoticeDays, want)
			}
			var list eventsv1.EventList
			if err := k.List(t.Context(), &list, client.InNamespace(k.Blue)); err != nil {
				return err
			}
			n := 0
			for i := range list.Items {
				if e := &list.Items[i]; e.Reason == "CertificateExpires" && e.Regarding.Name == certificate.Name && e.Type == corev1.EventTypeWarning {
					n++
				}
			}
			if n != events {
				return fmt.Errorf("%d Events tell of it, want %d", n, events)
			}
			return nil
		})
	}
	k.says(certificate, "Accepted=True Accepted", "Ready=True CertificateValid", "Issuing=False NotRenewed")
	told(0, 0)
	for i, step := range []struct {
		left time.Duration
		want int32
	}{{21*day - time.Minute, 21}, {7*day - time.Minute, 7}, {day - time.Minute, 1}} {
		k.Change(secret, func() { secret.Data = pair(step.left).Secret("", "").Data })
		told(step.want, i+1)
	}

	// Whoever leads, the end of a certificate is reported once.
	first.stop()
	second := k.start()
	second.isReady(t)
	k.Change(certificate, func() { certificate.Spec.Email = "admin@example.com" })
	k.says(certificate, "Accepted=True Accepted", "Ready=True CertificateValid", "Issuing=False NotRenewed")
	told(1, 3)
	k.Change(secret, func() { secret.Data = pair(90*day).Secret("", "").Data })
	told(0, 3)
}

func TestAControllerThatOrdersNothingSaysSo(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now()
	theirs, ours := kept(k.Blue, "mine-tls", false), kept(k.Green, "mine-tls", true)
	theirs.Spec.Hosts = []v1alpha1.CertificateHost{"y.io"}
	k.Make(theirs, ours, fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(100*day), "y.io").Secret(k.Blue, "mine-tls"))
	k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.OrdersNothing = true })
	k.says(theirs, "Accepted=True Accepted", "Ready=True CertificateValid", "Issuing=False NotRenewed")
	k.says(ours, "Accepted=True Accepted", "Ready=False NotYetIssued", "Issuing=False OrderingOff")
	k.Make(fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(time.Hour), "x.io").Secret(k.Green, "mine-tls"))
	k.says(ours, "Accepted=True Accepted", "Ready=True CertificateValid", "Issuing=False OrderingOff") // It is due, and served.
}

// Where it may not write Secrets, what it ordered would be lost, and the authority's limits used up.
func TestCertificatesAreOrderedInTheNamespacesAlone(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	inBlue, inGreen := kept(k.Blue, "mine-tls", true), kept(k.Green, "mine-tls", true)
	inBlue.Spec.Hosts = []v1alpha1.CertificateHost{"y.io"}
	k.Make(inBlue, inGreen, fixture.Ingress(k.Blue, "mine", "y.io", "web"), fixture.Ingress(k.Green, "mine", "x.io", "web"))
	k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.OrderNamespaces = []string{k.Green} })
	k.issuing(inGreen, attempted...)
	k.issuing(inBlue, "False OrderingOff")
	want := "this controller orders no certificates in this namespace, which --acme-namespaces does not list: " +
		"keep the certificate in the Secret yourself, and write autoRenew: false"
	if got := message(inBlue, v1alpha1.ConditionIssuing); got != want {
		t.Errorf("Issuing says %q, want %q", got, want)
	}
}

func TestASecretInTheWayOfTheOrderIsToldOf(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	certificate := kept(k.Blue, "mine-tls", true)
	sum := sha256.Sum256([]byte(v1alpha1.DefaultIngressClassName + "/" + client.ObjectKeyFromObject(certificate).String()))
	name := "warren-ingress-acme-order-" + hex.EncodeToString(sum[:16])
	k.Make(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: fixture.OwnNamespace, Name: name}}, certificate,
		fixture.Ingress(k.Blue, "mine", "x.io", "web"))
	k.start()
	k.issuing(certificate, "False SecretConflict")
	want := "Secret " + fixture.OwnNamespace + "/" + name + " is in the way of the orders of this TLSCertificate: delete it"
	if got := message(certificate, v1alpha1.ConditionIssuing); got != want {
		t.Errorf("Issuing says %q, want %q", got, want)
	}
}

// Whoever may write TLSCertificates could otherwise use up the orders of a day with hosts that nobody asks for here.
func TestNothingIsOrderedForAHostWithoutARule(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	certificate := kept(k.Blue, "mine-tls", true)
	k.Make(certificate, fixture.Ingress(k.Green, "theirs", "y.io", "web"))
	k.start()
	k.says(certificate, "Accepted=True Accepted", "Ready=False NotYetIssued", "Issuing=False HostNotRouted")
	want := `no certificate is ordered for "x.io", which no rule of an Ingress has as its host: add a rule, or take the host from the TLSCertificate`
	if got := message(certificate, v1alpha1.ConditionIssuing); got != want {
		t.Errorf("Issuing says %q, want %q", got, want)
	}
	k.Make(fixture.Ingress(k.Blue, "mine", "x.io", "web"))
	k.issuing(certificate, attempted...)
}

// A host that loses its rule would otherwise end the renewal of a certificate that the others are served under.
func TestACertificateIsRenewedThoughAHostOfItHasNoRule(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now()
	certificate := kept(k.Blue, "mine-tls", true)
	certificate.Spec.Hosts = []v1alpha1.CertificateHost{"x.io", "z.io"}
	secret := fixture.NewKeyPair(t, now.Add(-89*day), now.Add(10*time.Hour), "x.io", "z.io").Secret(k.Blue, "mine-tls")
	secret.Annotations = map[string]string{cluster.TLSCertificateAnnotation: certificate.Name}
	k.Make(certificate, fixture.Ingress(k.Blue, "mine", "x.io", "web"), secret)
	k.start()
	k.issuing(certificate, attempted...)
}
