// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

// secured is an Ingress with tls.
func secured(ing *v1alpha1.Ingress, secret string) *v1alpha1.Ingress {
	ing.Spec.TLS = &v1alpha1.IngressTLS{SecretName: v1alpha1.SecretName(secret)}
	return ing
}

// certified returns the conditions of an Ingress that is in order, with this CertificateReady.
func certified(ready string) []string { return append(slices.Clone(served), "CertificateReady="+ready) }

// secures waits until the snapshot has these certificates, as "id: hosts: pair", and these redirected hosts. pairs
// names the pairs.
func (p *recordingProxy) secures(t *testing.T, pairs map[string]fixture.KeyPair, certificates, redirected []string) {
	t.Helper()
	fixture.Eventually(t, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.latest == nil {
			return fmt.Errorf("there is no snapshot")
		}
		var got, gotRedirected []string
		for _, c := range p.latest.Certificates {
			line := c.ID + ": " + strings.Join(c.Hosts, " ") + ": "
			for name, pair := range pairs {
				if c.Chain == string(pair.Chain) && c.Key == string(pair.Key) {
					line += name
				}
			}
			got = append(got, line)
		}
		for _, h := range p.latest.Hosts {
			if h.RedirectHTTPS {
				gotRedirected = append(gotRedirected, h.Name)
			}
		}
		if !slices.Equal(certificates, got) || !slices.Equal(redirected, gotRedirected) {
			return fmt.Errorf("the snapshot has the certificates %q and redirects %q, want %q and %q", got, gotRedirected, certificates, redirected)
		}
		return nil
	})
}

// compiling has a real data plane take a replica's snapshots. It refuses what it cannot serve.
func compiling(_ *ctrl.Options, _ *Options, p *recordingProxy) {
	plane := proxy.New(proxy.Config{})
	p.before = func(s *snapshot.Snapshot) error {
		_, err := plane.Apply(s)
		return err
	}
}

func TestASecretIsServedReplacedAndMissed(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now()
	pairs := map[string]fixture.KeyPair{
		"first":  fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(time.Hour), "x.io"),
		"second": fixture.NewKeyPair(t, now.Add(-time.Minute), now.Add(time.Hour), "x.io"),
		"other":  fixture.NewKeyPair(t, now.Add(-time.Minute), now.Add(time.Hour), "y.io"),
	}
	ing := secured(fixture.Ingress(k.Blue, "shop", "x.io", "api"), "shop-tls")
	k.Make(ing, fixture.Task(k.Blue, "one", "api", "10.0.0.1"))
	r := k.start(compiling)
	k.says(ing, certified("False SecretNotFound")...)
	r.proxy.secures(t, pairs, nil, nil)

	object := pairs["first"].Secret(k.Blue, "shop-tls")
	k.Make(object)
	k.says(ing, certified("True CertificateValid")...)
	r.proxy.secures(t, pairs, []string{k.Blue + "/shop-tls: x.io: first"}, []string{"x.io"})

	k.Change(object, func() { object.Data = pairs["second"].Secret("", "").Data })
	r.proxy.secures(t, pairs, []string{k.Blue + "/shop-tls: x.io: second"}, []string{"x.io"})
	k.says(ing, certified("True CertificateValid")...)

	k.Change(object, func() { object.Data = pairs["other"].Secret("", "").Data })
	k.says(ing, certified("False HostNotCovered")...)
	r.proxy.secures(t, pairs, nil, nil)

	k.Remove(object)
	k.says(ing, certified("False SecretNotFound")...)
	k.Make(pairs["first"].Secret(k.Blue, "shop-tls"))
	k.says(ing, certified("True CertificateValid")...)
	r.proxy.secures(t, pairs, []string{k.Blue + "/shop-tls: x.io: first"}, []string{"x.io"})

	k.Change(ing, func() { ing.Spec.TLS = nil })
	k.says(ing, served...)
	r.proxy.secures(t, pairs, nil, nil)
}

// A slip with kubectl takes no host down: what was served goes on being served, and the condition says what is wrong.
func TestWhatASecretHeldGoesOnBeingServed(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now()
	pairs := map[string]fixture.KeyPair{
		"pair": fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(time.Hour), "x.io"),
		"next": fixture.NewKeyPair(t, now.Add(-time.Minute), now.Add(time.Hour), "x.io"),
	}
	ing, object := secured(fixture.Ingress(k.Blue, "shop", "x.io", "api"), "shop-tls"), pairs["pair"].Secret(k.Blue, "shop-tls")
	k.Make(ing, object, fixture.Task(k.Blue, "one", "api", "10.0.0.1"))
	r := k.start(compiling)
	pair := []string{k.Blue + "/shop-tls: x.io: pair"}
	r.proxy.secures(t, pairs, pair, []string{"x.io"})

	k.Change(object, func() { object.Data[corev1.TLSPrivateKeyKey] = pairs["next"].Key })
	k.says(ing, certified("False SecretInvalid")...)
	r.proxy.secures(t, pairs, pair, []string{"x.io"})
	k.Remove(object)
	k.says(ing, certified("False SecretNotFound")...)
	r.proxy.secures(t, pairs, pair, []string{"x.io"})
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 [10.0.0.1:80]")

	k.Make(pairs["next"].Secret(k.Blue, "shop-tls"))
	k.says(ing, certified("True CertificateValid")...)
	r.proxy.secures(t, pairs, []string{k.Blue + "/shop-tls: x.io: next"}, []string{"x.io"})
	k.Change(ing, func() { ing.Spec.TLS = nil })
	r.proxy.secures(t, pairs, nil, nil)
}

func TestDefaultCertificateIsServed(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now()
	pairs := map[string]fixture.KeyPair{"pair": fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(time.Hour), "x.io")}
	object := pairs["pair"].Secret(k.Blue, "default-tls")
	r := k.start(compiling, func(_ *ctrl.Options, options *Options, _ *recordingProxy) {
		options.DefaultCertificate = client.ObjectKeyFromObject(object)
	})
	r.proxy.secures(t, pairs, nil, nil)
	k.Make(object)
	r.proxy.secures(t, pairs, []string{k.Blue + "/default-tls: : pair"}, nil)
	k.Remove(object)
	k.Make(secured(fixture.Ingress(k.Blue, "shop", "x.io", "api"), "default-tls"))
	r.proxy.secures(t, pairs, []string{k.Blue + "/default-tls: x.io: pair"}, []string{"x.io"})
}

func TestAWrongSecretHurtsNoOtherHost(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	now := time.Now()
	right, expired := fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(time.Hour), "x.io"), fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(-time.Minute), "y.io")
	untyped := fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(time.Hour), "c.io")
	pairs := map[string]fixture.KeyPair{"right": right, "expired": expired, "untyped": untyped}
	opaque := untyped.Secret(k.Blue, "opaque")
	opaque.Type = corev1.SecretTypeOpaque
	ings := map[string]*v1alpha1.Ingress{}
	k.Make(fixture.Task(k.Blue, "one", "api", "10.0.0.1"), opaque, right.Secret(k.Blue, "right"), expired.Secret(k.Blue, "expired"),
		fixture.KeyPair{Chain: []byte("certificate"), Key: right.Key}.Secret(k.Blue, "no-pem"), fixture.KeyPair{Chain: expired.Chain, Key: right.Key}.Secret(k.Blue, "mixed"))
	for name, host := range map[string]string{"right": "x.io", "expired": "y.io", "no-pem": "a.io", "mixed": "b.io", "opaque": "c.io"} {
		ings[name] = secured(fixture.Ingress(k.Blue, name, host, "api"), name)
		k.Make(ings[name])
	}
	r := k.start(compiling)
	k.says(ings["right"], certified("True CertificateValid")...)
	k.says(ings["expired"], certified("False Expired")...)
	k.says(ings["no-pem"], certified("False SecretInvalid")...)
	k.says(ings["mixed"], certified("False SecretInvalid")...)
	k.says(ings["opaque"], certified("True CertificateValid")...) // whose type is no matter
	r.proxy.secures(t, pairs, []string{k.Blue + "/opaque: c.io: untyped", k.Blue + "/right: x.io: right", k.Blue + "/expired: y.io: expired"},
		[]string{"c.io", "x.io", "y.io"})
	var want []string
	for _, host := range []string{"a.io", "b.io", "c.io", "x.io", "y.io"} {
		want = append(want, host+" /api -> "+k.Blue+"/api:80 [10.0.0.1:80]")
	}
	r.proxy.serves(t, want...)
	wantMessage := "Secret mixed cannot be served: tls: private key does not match public key: tls.crt must hold the certificate chain as PEM, " +
		"the server's own certificate first, and tls.key the private key of that"
	if diff := cmp.Diff(wantMessage, message(ings["mixed"], v1alpha1.ConditionCertificateReady)); diff != "" {
		t.Errorf("CertificateReady (-want +got):\n%s", diff)
	}
}
