// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/test/fixture"
)

// asksClients waits until the only host of the snapshot has clients asked for certificates of some authorities, with
// lists of revocations or without, or until nobody gets in for a reason.
func (p *recordingProxy) asksClients(t *testing.T, authorities string, revocations bool, missing string) {
	t.Helper()
	fixture.Eventually(t, func() error {
		s := p.snapshot()
		if s == nil || len(s.Hosts) != 1 || len(s.Hosts[0].Routes) == 0 {
			return fmt.Errorf("there is no snapshot of one host")
		}
		host := &s.Hosts[0]
		got := ""
		if host.Clients != nil {
			got = host.Clients.Authorities
		}
		if got != authorities || revocations != (host.Clients != nil && host.Clients.Revocations != "") {
			return fmt.Errorf("clients are asked for certificates of %q, want %q", got, authorities)
		}
		for i := range host.Routes {
			if len(host.Routes[i].Policies) != 1 {
				return fmt.Errorf("route %s has %d policies", host.Routes[i].Path, len(host.Routes[i].Policies))
			}
			by, ok := host.Routes[i].Policies[0].(*auth.ClientCertificate)
			if !ok || by.Missing != missing || by.Terms != host.Clients {
				return fmt.Errorf("route %s lets in as %+v says, want %q", host.Routes[i].Path, by, missing)
			}
		}
		return nil
	})
}

func TestAnIngressHasItsClientsShowCertificates(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing := fixture.Ingress(k.Blue, "shop", "x.io", "api")
	ing.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "shop-tls", ClientCertificate: &v1alpha1.ClientCertificate{CASecretName: "clients-ca"}}
	k.Make(ing, fixture.Task(k.Blue, "one", "api", "10.0.0.1"), fixture.NewKeyPair(t, fixture.Spring, time.Now().AddDate(1, 0, 0), "x.io").Secret(k.Blue, "shop-tls"))
	r := k.start()
	says := func(resolved string) {
		t.Helper()
		k.says(ing, "Accepted=True Accepted", resolved, "Programmed=True Programmed", "CertificateReady=True CertificateValid")
	}
	says("ResolvedRefs=False CANotFound")
	name := "Secret " + k.Blue + "/clients-ca"
	r.proxy.asksClients(t, "", false, "there is no "+name)

	ca := fixture.NewAuthority(t, "clients")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: k.Blue, Name: "clients-ca"}, Data: map[string][]byte{"ca.crt": ca.PEM}}
	k.Make(secret)
	says("ResolvedRefs=True ResolvedRefs")
	r.proxy.asksClients(t, string(ca.PEM), false, "")

	k.Change(secret, func() { secret.Data["crl.pem"] = []byte("damaged") })
	says("ResolvedRefs=False CRLInvalid")
	r.proxy.asksClients(t, "", false, name+": there is no list of revocations: put one there as PEM, which begins with BEGIN X509 CRL")

	k.Change(secret, func() { secret.Data["crl.pem"] = ca.Revoke(t, time.Now().Add(time.Hour), 66) })
	says("ResolvedRefs=True ResolvedRefs")
	r.proxy.asksClients(t, string(ca.PEM), true, "")

	soon := time.Now().Add(3 * time.Second)
	k.Change(secret, func() { secret.Data["crl.pem"] = ca.Revoke(t, soon, 66) })
	says("ResolvedRefs=False CRLExpired") // once that is so, which nobody else tells of

	other := fixture.Ingress(k.Blue, "other", "x.io", "api")
	other.Spec.Rules[0].Paths[0].Path = "/other"
	other.Spec.TLS = ing.Spec.TLS.DeepCopy()
	other.Spec.TLS.ClientCertificate.Mode = v1alpha1.ClientCertificateOptional
	k.Make(other)
	k.says(other, "Accepted=False ClientCertificateConflict", "ResolvedRefs=True ResolvedRefs", "Programmed=True Programmed", "CertificateReady=True CertificateValid")
	r.proxy.asksClients(t, "", false, "several Ingresses ask the clients of host x.io for different certificates")

	k.Remove(other)
	k.Change(secret, func() { secret.Data["ca.crt"] = nil })
	says("ResolvedRefs=False CAInvalid")
	r.proxy.asksClients(t, "", false, name+": ca.crt is empty: put the certificates of the authorities there as PEM")
}
