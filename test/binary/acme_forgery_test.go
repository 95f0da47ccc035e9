// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// formerOrder is a working Secret as earlier versions kept it, beside its TLSCertificate.
func formerOrder(of *v1alpha1.TLSCertificate, data map[string][]byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: of.Name + "-acme-order", OwnerReferences: []metav1.OwnerReference{
			*metav1.NewControllerRef(of, v1alpha1.GroupVersion.WithKind(v1alpha1.TLSCertificateKind))}},
		Type: "ingress.warren.dev/acme-order", Data: data,
	}
}

// ledgerID returns the ID of a TLSCertificate's first order.
func (s *scene) ledgerID(system, certificate string) string {
	s.t.Helper()
	entries := s.ledgered(system)
	for _, e := range entries {
		if e.Certificate == s.namespace+"/"+certificate {
			return e.ID
		}
	}
	s.t.Fatalf("the ledger has no order of %s: %v", certificate, entries)
	return ""
}

// ledgeredOrder is an order as the ledger has it.
type ledgeredOrder struct {
	ID, Certificate string
	Time            time.Time
	Failed, Renewal bool
	Lifetime        int
}

// ledgered returns the orders in the ledger.
func (s *scene) ledgered(system string) (entries []ledgeredOrder) {
	s.t.Helper()
	var ledger corev1.ConfigMap
	if err := s.Get(s.t.Context(), client.ObjectKey{Namespace: system, Name: "warren-ingress-acme-orders"}, &ledger); err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(ledger.Data["orders.json"]), &entries); err != nil {
		s.t.Fatal(err)
	}
	return entries
}

// The controller has a namespace of its own. The tenants have learnt everything that an earlier version kept beside
// their TLSCertificates.
func TestWhoMayWriteSecretsOfANamespaceForgesNoOrder(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	system := kubeapi.Namespace(t, api.Config(t))
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	var lured atomic.Int32
	lure := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { lured.Add(1) }))
	t.Cleanup(lure.Close)
	s.start(append(p.arguments(), "--namespace="+system, "--http-address="+http01, "--https-address="+https)...)
	ordered := func(name string) (c *v1alpha1.TLSCertificate, url string) {
		t.Helper()
		c = certificate(name, s.host(name))
		c.Spec.AutoRenew = nil
		s.create(c, ingress(name, s.host(name), "web"))
		s.says(c, func() []metav1.Condition { return c.Status.Conditions }, "Ready=True CertificateValid", "Issuing=False UpToDate")
		orders := p.orders()
		return c, strings.Fields(orders[len(orders)-1])[1]
	}
	s.create(task("web", startBackend(t, "web-1")))
	_, anothers := ordered("bank")
	shop, own := ordered("shop")

	key, err := x509.MarshalPKCS8PrivateKey(selfSigned(t, "forger").PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for name, told := range map[string]struct{ id, url string }{
		"the order of another":           {s.ledgerID(system, "bank"), anothers},
		"an order that was, another key": {s.ledgerID(system, "shop"), own},
		"an order at another server":     {s.ledgerID(system, "shop"), lure.URL + "/order"},
		"an order whose answer was lost": {s.ledgerID(system, "shop"), ""},
	} {
		text, err := json.Marshal(map[string]any{"failures": -7, "attempt": map[string]any{
			"id": told.id, "began": "2020-01-01T00:00:00Z", "hosts": []string{s.host("bank")}, "method": "http-01",
			"placing": true, "tried": true, "authorized": true, "visible": true,
			"order":     map[string]any{"URL": told.url, "Status": "ready", "Finalize": told.url, "Authorizations": []string{told.url}},
			"presented": []map[string]any{{"host": s.host("bank"), "type": "http-01", "token": "a-token-of-the-forgers", "keyAuthorization": "forged"}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		forged := formerOrder(shop, map[string][]byte{"order.json": text, corev1.TLSPrivateKeyKey: key})
		s.create(forged)
		s.orderedAnew(shop)
		if got, err := ask(http01, s.host("bank"), "/.well-known/acme-challenge/a-token-of-the-forgers"); err != nil || got.String() != from("web-1") {
			t.Errorf("%s: where the forger wants an answer to be served, it is %s (%v), want the backend's", name, got, err)
		}
		s.delete(forged)
	}
	if n := lured.Load(); n != 0 {
		t.Errorf("%d requests went to another server than the authority's, want none", n)
	}

	// Each was an order of its own. No more are allowed in a week.
	s.delete(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: shop.Name}})
	s.says(shop, func() []metav1.Condition { return shop.Status.Conditions }, "Issuing=False OrderLimit")
	if n := len(p.orders()); n != 6 {
		t.Errorf("%d orders were placed, want 5 beside that of the other", n)
	}
}

// orderedAnew deletes the certificate of a TLSCertificate, and waits until there is another.
func (s *scene) orderedAnew(of *v1alpha1.TLSCertificate) {
	s.t.Helper()
	secret, key := &corev1.Secret{}, client.ObjectKeyFromObject(of)
	if err := s.Get(s.t.Context(), key, secret); err != nil {
		s.t.Fatal(err)
	}
	former := secret.Data[corev1.TLSCertKey]
	s.delete(secret)
	eventually(s.t, orderLimit, "another certificate", func() error {
		err := s.Get(s.t.Context(), key, secret)
		if err == nil && bytes.Equal(secret.Data[corev1.TLSCertKey], former) {
			err = errors.New("it is the same")
		}
		return err
	})
}
