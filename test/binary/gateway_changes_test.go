// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// weightSteps is in how many steps the requests of a route go from one service to another.
const weightSteps = 10

// While requests come over kept and new connections, in plain HTTP and over TLS, everything about a Gateway changes
// that is changed in a day: a route's weights, the ports, the certificate.
func TestNothingIsLostWhileAGatewayChanges(t *testing.T) {
	t.Parallel()
	server, err := kubeapi.New(kubeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := kubeapi.DefineGatewayAPI(server.Config); err != nil {
		t.Fatal(err)
	}
	s := newSceneIn(t, server.Config, kubeapi.Namespace(t, server.Config))
	host := s.host("shop")
	plain, secure, more := ports.address(t), ports.address(t), ports.address(t)
	before, after := tlsSecret(t, "shop-tls", host), tlsSecret(t, "shop-tls", host)
	roots := x509.NewCertPool()
	roots.AddCert(leafOf(t, before))
	roots.AddCert(leafOf(t, after))
	serial := fmt.Sprintf("%x", leafOf(t, before).SerialNumber)
	class := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "warren"},
		Spec: gatewayv1.GatewayClassSpec{ControllerName: "ingress.warren.dev/gateway-controller"}}
	edge := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Name: "edge"}, Spec: gatewayv1.GatewaySpec{
		GatewayClassName: "warren",
		Listeners: []gatewayv1.Listener{
			{Name: "http", Port: portOf(t, plain), Protocol: gatewayv1.HTTPProtocolType},
			{Name: "https", Port: portOf(t, secure), Protocol: gatewayv1.HTTPSProtocolType,
				TLS: &gatewayv1.ListenerTLSConfig{CertificateRefs: []gatewayv1.SecretObjectReference{{Name: "shop-tls"}}}},
		},
	}}
	shop := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Name: "shop"}, Spec: gatewayv1.HTTPRouteSpec{
		CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{Name: "edge"}}},
		Rules:           []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{weighted("red", 100), weighted("blue", 0)}}},
	}}
	newSceneIn(t, server.Config, "").create(class)
	s.create(before, task("red", startBackend(t, "red-1")), task("blue", startBackend(t, "blue-1")), edge, shop)
	s.start().ready()
	gatewaySays := func() { s.says(edge, func() []metav1.Condition { return edge.Status.Conditions }, "Programmed=True") }
	routeSays := func() {
		s.says(shop, func() []metav1.Condition {
			if len(shop.Status.Parents) == 0 {
				return nil
			}
			return shop.Status.Parents[0].Conditions
		}, "Accepted=True", "ResolvedRefs=True")
	}
	gatewaySays()
	routeSays()
	eventually(t, patience, "the route to be served", func() error { return answers(plain, host, "/", from("red-1")) })
	tr := startTraffic(t, plain, []string{host}, sparsePace, answeredBy("red-1", "blue-1"))
	encrypted := startSecureTraffic(t, secure, host, roots)

	for step := range weightSteps {
		blue := int32(100 / weightSteps * (step + 1))
		s.change(shop, func() {
			shop.Spec.Rules[0].BackendRefs = []gatewayv1.HTTPBackendRef{weighted("red", 100-blue), weighted("blue", blue)}
		})
		routeSays()
		tr.sends(tr.total() + 20)
	}
	// The last one has requests go to one of the two alone.
	eventually(t, patience, "the last weights to take effect", func() error {
		for range 20 {
			if err := answers(plain, host, "/", from("blue-1")); err != nil {
				return err
			}
		}
		return nil
	})

	s.change(edge, func() {
		edge.Spec.Listeners = append(edge.Spec.Listeners, gatewayv1.Listener{Name: "more", Port: portOf(t, more), Protocol: gatewayv1.HTTPProtocolType})
	})
	gatewaySays()
	eventually(t, patience, "the new port to be open", func() error { return answers(more, host, "/", from("blue-1")) })
	s.change(edge, func() { edge.Spec.Listeners = edge.Spec.Listeners[:2] })
	gatewaySays()
	eventually(t, patience, "the port to be closed", func() error {
		c, err := net.Dial("tcp", more)
		if err != nil {
			return nil
		}
		_ = c.Close()
		return errors.New("it is open")
	})

	s.change(before, func() { before.Data = after.Data })
	eventually(t, patience, "a handshake with the other certificate", func() error {
		if encrypted.firstOther(serial).IsZero() {
			return errors.New("there was none")
		}
		return nil
	})
	tr.sends(tr.total() + 20)
	tr.finish()
	encrypted.end()
	t.Logf("%d requests over TLS connections that were kept, and %d over new ones", encrypted.kept, len(encrypted.handshakes))
	if len(encrypted.failures) > 0 {
		t.Errorf("%d requests over TLS failed, the first one %v", len(encrypted.failures), encrypted.failures[0])
	}
}

// weighted is a service that gets a share of a rule's requests.
func weighted(service string, weight int32) gatewayv1.HTTPBackendRef {
	return gatewayv1.HTTPBackendRef{BackendRef: gatewayv1.BackendRef{
		BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(service), Port: new(gatewayv1.PortNumber(servicePort))},
		Weight:                 new(weight),
	}}
}

// leafOf returns the certificate in a Secret.
func leafOf(t *testing.T, secret *corev1.Secret) *x509.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

// portOf returns the port of an address.
func portOf(t *testing.T, address string) gatewayv1.PortNumber {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return gatewayv1.PortNumber(port)
}
