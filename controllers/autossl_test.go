// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/test/fixture"
)

// automatic is an Ingress with autoSSL, and the TLSCertificate that is made for it.
func automatic(namespace, name, host string) (*v1alpha1.Ingress, *v1alpha1.TLSCertificate) {
	ing := fixture.Ingress(namespace, name, host, "api")
	ing.Spec.TLS = &v1alpha1.IngressTLS{AutoSSL: true}
	return ing, &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + "-tls"}}
}

// attempted is what Issuing says of an attempt: that it goes on or, soon, that no replica answers, because none of
// these replicas listens.
var attempted = []string{"True " + v1alpha1.ReasonOrdering, "False " + v1alpha1.ReasonChallengeUnreachable}

// issuing waits until Issuing is one of these, "status reason".
func (k *testCluster) issuing(certificate *v1alpha1.TLSCertificate, want ...string) {
	k.T.Helper()
	fixture.Eventually(k.T, func() error {
		if err := k.Get(k.T.Context(), client.ObjectKeyFromObject(certificate), certificate); err != nil {
			return err
		}
		for _, c := range certificate.Status.Conditions {
			if got := string(c.Status) + " " + c.Reason; c.Type == v1alpha1.ConditionIssuing && slices.Contains(want, got) {
				return nil
			}
		}
		return fmt.Errorf("the conditions are %v, want Issuing to be one of %q", certificate.Status.Conditions, want)
	})
}

// Tools would otherwise wait for ever for an Ingress whose certificate nobody orders.
func TestAnIngressSaysWhyItsCertificateIsNotOrdered(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing, certificate := automatic(k.Blue, "shop", "x.io")
	k.Make(ing)
	k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.OrdersNothing = true })
	k.issuing(certificate, "False OrderingOff")
	fixture.Eventually(t, func() error {
		k.Reload(ing)
		got := meta.FindStatusCondition(ing.Status.Conditions, v1alpha1.ConditionCertificateReady)
		want := "there is no certificate yet: TLSCertificate shop-tls says why; TLSCertificate shop-tls says: " +
			message(certificate, v1alpha1.ConditionIssuing)
		if got == nil || got.Reason != v1alpha1.ReasonOrderingOff || got.Message != want {
			return fmt.Errorf("CertificateReady is %+v, want OrderingOff: %s", got, want)
		}
		if !meta.IsStatusConditionTrue(ing.Status.Conditions, v1alpha1.ConditionStalled) {
			return fmt.Errorf("the conditions are %+v, want Stalled", ing.Status.Conditions)
		}
		return nil
	})
}

// orderedBy waits until the controller of this class, and no other, orders a certificate.
func (k *testCluster) orderedBy(certificate *v1alpha1.TLSCertificate, want string) {
	k.T.Helper()
	fixture.Eventually(k.T, func() error {
		k.Reload(certificate)
		if got := certificate.Annotations[cluster.OrderedByAnnotation]; got != fixture.OwnNamespace+"/"+want {
			return fmt.Errorf("the orders are those of %q, want %s", got, want)
		}
		var working corev1.SecretList
		if err := k.List(k.T.Context(), &working, client.InNamespace(fixture.OwnNamespace), client.MatchingLabels{"ingress.warren.dev/certificate-namespace": certificate.Namespace}); err != nil {
			return err
		}
		if n := len(working.Items); n != 1 || working.Items[0].Labels["ingress.warren.dev/order"] != want {
			return fmt.Errorf("there are %d orders, want one of %s", n, want)
		}
		return nil
	})
}

// The API server of the tests collects no garbage, so the TLSCertificate stays. Elsewhere it stays for a moment too.
func TestACertificateOfADeletedIngressIsOrderedNoMoreUntilTheIngressIsMadeAnew(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing, certificate := automatic(k.Blue, "shop", "x.io")
	k.Make(ing)
	k.start()
	k.issuing(certificate, attempted...)
	k.Remove(ing)
	k.issuing(certificate, "False NotWanted")
	uid := certificate.UID

	again, _ := automatic(k.Blue, "shop", "x.io")
	k.Make(again)
	k.issuing(certificate, attempted...)
	if certificate.UID != uid || !metav1.IsControlledBy(certificate, again) {
		t.Errorf("the TLSCertificate has UID %s and owners %v, want %s of Ingress %s", certificate.UID, certificate.OwnerReferences, uid, again.UID)
	}
}

func TestACertificateOfAnIngressThatWentOverToAnotherClassIsOrderedByThatOne(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	const ours, theirs = v1alpha1.DefaultIngressClassName, "other"
	ing, certificate := automatic(k.Blue, "shop", "x.io")
	ing.Spec.IngressClassName = ours
	k.Make(ing)
	k.start()
	k.issuing(certificate, attempted...)
	k.orderedBy(certificate, ours)
	k.Change(ing, func() { ing.Spec.IngressClassName = theirs })
	k.issuing(certificate, "False OrderedElsewhere")

	k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.IngressClass = theirs })
	k.orderedBy(certificate, theirs)
	k.issuing(certificate, attempted...)
}

func TestACertificateIsOrderedByTheControllerThatItsHostsLeadTo(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	const ours, theirs = v1alpha1.DefaultIngressClassName, "other"
	certificate, led := kept(k.Blue, "mine-tls", true), fixture.Ingress(k.Blue, "led", "x.io", "api")
	led.Spec.IngressClassName = theirs
	k.Make(led, certificate)
	k.start()
	k.issuing(certificate, "False OrderedElsewhere")
	k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.IngressClass = theirs })
	k.orderedBy(certificate, theirs)
	k.issuing(certificate, attempted...)
}

func TestControllersOfTwoClassesDoNotContradictEachOther(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	const ours, theirs = v1alpha1.DefaultIngressClassName, "other"
	ing, certificate := automatic(k.Blue, "shop", "x.io")
	ing.Spec.IngressClassName = ours
	pair := fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(90*day), "x.io")
	orderedByEither := kept(k.Blue, "mine-tls", true)
	k.Make(pair.Secret(k.Blue, "shop-tls"), ing, orderedByEither)
	one := k.start()
	other := k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.IngressClass = theirs })
	k.issuing(certificate, "False "+v1alpha1.ReasonUpToDate)
	k.issuing(orderedByEither, attempted...)
	// Otherwise there would be tens of writes a second, without end.
	k.calm(one, other)
	k.issuing(certificate, "False "+v1alpha1.ReasonUpToDate)
	k.issuing(orderedByEither, attempted...)
}

func TestATLSCertificateThatIsSomebodyElsesIsLeftAlone(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing, wanted := automatic(k.Blue, "shop", "x.io")
	other := kept(k.Blue, "other-tls", false)
	other.Name = wanted.Name
	k.Make(other, ing, fixture.Task(k.Blue, "one", "api", "10.0.0.1"))
	k.start()
	k.issuing(other, "False NotRenewed")
	k.says(ing, certified("False "+v1alpha1.ReasonSecretConflict)...)
	k.Reload(other)
	if metav1.GetControllerOf(other) != nil || other.Generation != 1 {
		t.Errorf("the TLSCertificate has owners %v and generation %d, want none and 1", other.OwnerReferences, other.Generation)
	}
}
