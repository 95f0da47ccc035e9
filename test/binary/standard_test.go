// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"crypto/tls"
	"fmt"
	"net"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/kinds"
)

const standardManifest = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations: {%[1]s}
spec:
  ingressClassName: warren
  defaultBackend: {service: {name: rest, port: {number: 80}}}
  tls:
  - {hosts: [%[2]s], secretName: shop-tls}
  rules:
  - host: %[2]s
    http:
      paths:
      - {path: /web, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
---
`

// solverManifest is what cert-manager makes during a challenge.
const solverManifest = `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: cm-acme-http-solver-%s, annotations: {nginx.ingress.kubernetes.io/whitelist-source-range: "0.0.0.0/0,::/0"}}
spec:
  ingressClassName: warren
  rules:
  - host: %s
    http:
      paths:
      - {path: /.well-known/acme-challenge/token, pathType: ImplementationSpecific, backend: {service: {name: solver, port: {number: 80}}}}
---
`

// askSecurely is ask over TLS. It accepts any certificate.
func askSecurely(address, host, path string) (answer, error) {
	c, err := connect(address, net.Dialer{})
	if err != nil {
		return answer{}, err
	}
	defer c.Close()
	secured := tls.Client(c.Conn, &tls.Config{ServerName: host, InsecureSkipVerify: true})
	c.Conn = secured
	c.reader.Reset(secured)
	return c.exchange(host, path, "", "")
}

// haveIngressClass makes the IngressClass unless another test did. It is in no namespace.
func (s *scene) haveIngressClass() {
	s.t.Helper()
	class := &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: "warren"},
		Spec: networkingv1.IngressClassSpec{Controller: kinds.StandardController}}
	if err := s.Create(s.t.Context(), class); err != nil && !apierrors.IsAlreadyExists(err) {
		s.t.Fatal(err)
	}
}

func TestAStandardIngressWithAutoSSLIsServedWithACertificateThatItOrders(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.haveIngressClass()
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	c := s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
	c.http, c.https = http01, https
	c.ready()
	s.create(task("web", startBackend(t, "web-1")))
	s.kubectl(fmt.Sprintf(standardManifest, `ingress.warren.dev/auto-ssl: "true", ingress.warren.dev/redirect-http: "true"`, s.host("shop")), "apply", "-f", "-")
	s.certifies(p, https, s.host("shop"), orderLimit)
	eventually(t, patience, "the redirect", func() error { return answers(c.http, s.host("shop"), "/web", "308 RedirectToHTTPS") })
	if n := len(p.orders()); n != 1 {
		t.Errorf("%d orders were placed, want 1", n)
	}
}

func TestAStandardIngressIsServedAsItsAnnotationsSay(t *testing.T) {
	s := newScene(t)
	s.haveIngressClass()
	for _, name := range []string{"web", "rest", "solver"} {
		s.create(task(name, startBackend(t, name)))
	}
	host := s.host("shop")
	s.create(tlsSecret(t, "shop-tls", host))
	c := s.start().ready()

	for _, step := range []struct {
		name, annotations string
		// want are the answers to /web, to /other, and to /other over TLS.
		want [3]string
	}{
		{"without annotations", "", [3]string{from("web"), from("rest"), from("rest")}},
		{"with access for others", `ingress.warren.dev/access-control: "{deniedIPs: [127.0.0.0/8]}"`,
			[3]string{"403 AccessDenied", "403 AccessDenied", "403 AccessDenied"}},
		{"with a mistake", `ingress.warren.dev/access-control: "deny 127.0.0.0/8"`,
			[3]string{"503 NoHealthyTask", "503 NoHealthyTask", "503 NoHealthyTask"}},
		{"with a redirect", `ingress.warren.dev/redirect-http: "true"`,
			[3]string{"308 RedirectToHTTPS", "308 RedirectToHTTPS", from("rest")}},
	} {
		s.kubectl(fmt.Sprintf(standardManifest, step.annotations, host), "apply", "-f", "-")
		eventually(t, patience, "the answers "+step.name, func() error {
			web, err := ask(c.http, host, "/web")
			if err != nil {
				return err
			}
			other, err := ask(c.http, host, "/other")
			if err != nil {
				return err
			}
			secured, err := askSecurely(c.https, host, "/other")
			if err != nil {
				return err
			}
			if got := [3]string{web.String(), other.String(), secured.String()}; got != step.want {
				return fmt.Errorf("the answers are %q, want %q", got, step.want)
			}
			return nil
		})
	}

	// An authority follows a host's redirect.
	s.kubectl(fmt.Sprintf(solverManifest, "known", host)+fmt.Sprintf(solverManifest, "fresh", s.host("fresh")), "apply", "-f", "-")
	const token = "/.well-known/acme-challenge/token"
	eventually(t, patience, "the solvers", func() error {
		if err := answers(c.http, s.host("fresh"), token, from("solver")); err != nil {
			return err
		}
		secured, err := askSecurely(c.https, host, token)
		if err == nil && secured.String() != from("solver") {
			err = fmt.Errorf("the answer over TLS is %s", secured)
		}
		return err
	})

	eventually(t, patience, "the address in the status", func() error {
		var shop networkingv1.Ingress
		if err := s.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop"}, &shop); err != nil {
			return err
		}
		if at := shop.Status.LoadBalancer.Ingress; len(at) != 1 || at[0].IP != "127.0.0.1" {
			return fmt.Errorf("the addresses are %v", at)
		}
		return nil
	})
}
