// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// selfSigned is a certificate for a name, or an address, of this machine.
func selfSigned(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// automatic is an Ingress with autoSSL.
func automatic(name, host string) *v1alpha1.Ingress {
	i := ingress(name, host, "web")
	i.Spec.TLS = &v1alpha1.IngressTLS{AutoSSL: true}
	return i
}

// orderLimit is how long a certificate may take if nothing hinders it, on a machine that is busy with other tests.
const orderLimit = 60 * time.Second

// authorityFor starts an authority. Then it starts a controller that orders from it. The authority looks at the
// controller's ports.
func (s *scene) authorityFor(http01, https string, arguments []string, variables ...string) *pebble {
	s.t.Helper()
	p := startPebble(s.t, http01, https, arguments, variables...)
	s.t.Cleanup(func() {
		s.t.Logf("orders that the authority took:\n%s", strings.Join(p.orders(), "\n"))
		if s.t.Failed() {
			s.t.Logf("the end of the authority's output:\n%s", p.output.end())
		}
	})
	return p
}

// certifies waits until a verified handshake for the host succeeds.
func (s *scene) certifies(p *pebble, address, host string, limit time.Duration) (serial string) {
	s.t.Helper()
	roots := p.roots()
	took := eventually(s.t, limit, "a certificate for "+host, func() (err error) {
		serial, err = p.secured(address, host, roots)
		return err
	})
	s.t.Logf("there was a verified handshake after %s", took.Round(time.Millisecond))
	return serial
}

func TestAnIngressWithAutoSSLIsServedWithACertificateThatItOrders(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	c := s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
	c.http, c.https = http01, https
	c.ready()
	shop := automatic("shop", s.host("shop"))
	s.create(shop, task("web", startBackend(t, "web-1")))
	s.certifies(p, https, s.host("shop"), orderLimit)
	s.ingressSays(shop, "Accepted=True Accepted", "CertificateReady=True CertificateValid")

	if got, err := ask(http01, s.host("shop"), "/"); got.status != http.StatusPermanentRedirect {
		t.Errorf("a plain request is answered with %s (%v), want a redirect", got, err)
	}
	var secret corev1.Secret
	if err := s.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-tls"}, &secret); err != nil || secret.Type != corev1.SecretTypeTLS {
		t.Errorf("the Secret is of type %q (%v), want an ordinary one", secret.Type, err)
	}
	if n := len(p.orders()); n != 1 {
		t.Errorf("%d orders were placed, want 1", n)
	}

	// When autoSSL goes, the TLSCertificate goes too.
	s.change(shop, func() { shop.Spec.TLS = nil })
	eventually(t, patience, "the TLSCertificate to go", func() error {
		var there v1alpha1.TLSCertificate
		err := s.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-tls"}, &there)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("it is there, or cannot be read"), err)
	})
}

func TestALeaderKilledAtAnyStepOfAnOrderLeadsToNoSecondOrder(t *testing.T) {
	steps := map[string]struct {
		path  string
		after bool
	}{
		"before the account": {"/sign-me-up", false}, "after the account": {"/sign-me-up", true},
		"before the order": {"/order-plz", false}, "after the order, its answer lost": {"/order-plz", true},
		"after an authorization": {"/authZ/", true},
		"before the challenge":   {"/chalZ/", false}, "after the challenge": {"/chalZ/", true},
		"before finalizing": {"/finalize-order/", false}, "after finalizing": {"/finalize-order/", true},
		"before the download": {"/certZ/", false}, "after the download": {"/certZ/", true},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			http01, https := ports.address(t), ports.address(t)
			p := s.authorityFor(http01, https, nil)
			leader := s.start(p.arguments()...).ready()
			eventually(t, patience, "a leader", func() error {
				who, err := s.leader()
				if err == nil && who == "" {
					err = errors.New("there is none")
				}
				return err
			})
			s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
			s.start(p.arguments()...)
			eventually(t, patience, "the replicas to know each other", func() error {
				var leases coordinationv1.LeaseList
				err := s.List(t.Context(), &leases, client.InNamespace(s.namespace), client.HasLabels{"ingress.warren.dev/replica"})
				if err == nil && len(leases.Items) != 3 {
					err = fmt.Errorf("there are %d Leases of replicas, want 3", len(leases.Items))
				}
				return err
			})

			var killed atomic.Bool
			kill := func(r *http.Request) bool {
				if strings.Contains(r.URL.Path, step.path) && killed.CompareAndSwap(false, true) {
					leader.kill()
					return true
				}
				return false
			}
			p.mu.Lock()
			if step.after {
				p.after = kill
			} else {
				p.before = kill
			}
			p.mu.Unlock()
			s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
			s.certifies(p, https, s.host("shop"), 2*orderLimit)
			if !killed.Load() {
				t.Error("the leader was not killed")
			}
			if n := len(p.orders()); n != 1 {
				t.Errorf("%d orders were placed, want 1", n)
			}
		})
	}
}

func TestRestartsLeadToNoNewOrder(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	arguments := append(p.arguments(), "--http-address="+http01, "--https-address="+https, "--leader-elect=false")
	first := s.start(arguments...)
	s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
	serial := s.certifies(p, https, s.host("shop"), orderLimit)
	first.kill()
	const restarts = 100
	for range restarts {
		c := s.start(arguments...).ready()
		if now := s.certifies(p, https, s.host("shop"), orderLimit); now != serial {
			t.Fatalf("the certificate is %s, want %s as before", now, serial)
		}
		c.kill()
	}
	if n := len(p.orders()); n != 1 {
		t.Errorf("%d orders were placed with %d restarts, want 1", n, restarts)
	}
}

func TestACertificateComesFromAnAuthorityThatMisbehaves(t *testing.T) {
	t.Run("half of all nonces refused, and ten seconds for each look", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		http01, https := ports.address(t), ports.address(t)
		p := s.authorityFor(http01, https, nil, "PEBBLE_WFE_NONCEREJECT=50", "PEBBLE_VA_NOSLEEP=", "PEBBLE_VA_SLEEPTIME=10")
		s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
		s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
		s.certifies(p, https, s.host("shop"), 3*orderLimit)
	})
	t.Run("too many requests, and then an outage", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		http01, https := ports.address(t), ports.address(t)
		p := s.authorityFor(http01, https, nil)
		var refused, lost atomic.Int32
		p.mu.Lock()
		p.before = func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/order-plz") && refused.Add(1) == 1 }
		p.after = func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/authZ/") && lost.Add(1) <= 4 }
		p.mu.Unlock()
		s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
		s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
		s.certifies(p, https, s.host("shop"), 4*orderLimit)
		if n := len(p.orders()); n != 1 {
			t.Errorf("%d orders were placed, want 1", n)
		}
	})
	t.Run("a validation that fails over HTTP, so that the next is over TLS", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		https := ports.address(t)
		// Nothing listens where the authority looks for plain requests.
		p := s.authorityFor(ports.address(t), https, nil)
		s.start(append(p.arguments(), "--https-address="+https)...)
		s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
		s.certifies(p, https, s.host("shop"), 4*orderLimit)
		if n := len(p.orders()); n != 2 {
			t.Errorf("%d orders were placed, want one that failed and one that did not", n)
		}
	})
}
