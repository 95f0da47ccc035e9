// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	ctrl "sigs.k8s.io/controller-runtime"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// startListening runs a replica with a data plane that opens the ports of Gateways at an address.
func (k *testCluster) startListening(at string) *replica {
	k.T.Helper()
	data := proxy.New(proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128, DrainTimeout: fixture.Patience})
	k.T.Cleanup(func() {
		if err := data.Shutdown(context.Background()); err != nil {
			k.T.Error(err)
		}
	})
	return k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) {
		o.Applier, o.Listening, o.AllowLocalTasks = data, data, true
		o.GatewayController, o.GatewayAddresses = gatewayapi.DefaultController, []netip.Addr{netip.MustParseAddr(at)}
	})
}

// validPair makes a certificate that is valid now, and signed itself.
func validPair(t *testing.T, names ...string) fixture.KeyPair {
	t.Helper()
	return fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), names...)
}

func loaded(t *testing.T, p fixture.KeyPair) tls.Certificate {
	t.Helper()
	c, err := tls.X509KeyPair(p.Chain, p.Key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// startDemanding starts a backend over TLS that lets in only clients with the certificate.
func startDemanding(t *testing.T, own, client fixture.KeyPair) netip.AddrPort {
	t.Helper()
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(client.Chain)
	b := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.TLS.ServerName) }))
	b.TLS = &tls.Config{Certificates: []tls.Certificate{loaded(t, own)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	b.Config.ErrorLog = log.New(io.Discard, "", 0)
	b.StartTLS()
	t.Cleanup(b.Close)
	return b.Listener.Addr().(*net.TCPAddr).AddrPort()
}

// asked returns what a request for a host comes to over a connection of its own: the content, the status, or "refused"
// if TLS ends it. A certificate is shown if there is one.
func asked(t *testing.T, at, host string, shown ...tls.Certificate) (string, error) {
	t.Helper()
	dialer := &tls.Dialer{Config: &tls.Config{ServerName: host, InsecureSkipVerify: true, Certificates: shown}}
	c, err := dialer.DialContext(t.Context(), "tcp", at)
	if refused := new(net.OpError); errors.As(err, &refused) && refused.Op == "remote error" {
		return "refused", nil
	}
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DialTLSContext: func(context.Context, string, string) (net.Conn, error) { return c, nil }}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+host+"/", nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if refused := new(net.OpError); errors.As(err, &refused) && refused.Op == "remote error" {
		return "refused", nil // With TLS 1.3 a client learns so when it reads.
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusOK {
		return response.Status[:3], err
	}
	return string(content), err
}

// awaited waits until a request comes to something.
func awaited(t *testing.T, want, at, host string, shown ...tls.Certificate) {
	t.Helper()
	fixture.Eventually(t, func() error {
		if got, err := asked(t, at, host, shown...); got != want {
			return fmt.Errorf("%s: got %q (%w), want %q", host, got, err, want)
		}
		return nil
	})
}

// saying waits until conditions say something, "type=status reason" each.
func saying(k *testCluster, of string, want []string, conditions func() []metav1.Condition) {
	k.T.Helper()
	fixture.Eventually(k.T, func() error {
		var got []string
		for _, c := range conditions() {
			got = append(got, fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Reason))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("%s says (-want +got):\n%s", of, diff)
		}
		return nil
	})
}

func TestListenerSetsPoliciesAndClientCertificates(t *testing.T) {
	t.Parallel()
	k := gatewayCluster(t)
	r := k.startListening("127.9.0.3")
	r.isReady(t)
	if err := kubeapi.DefineGatewayAPI(k.Config, "listenersets", "backendtlspolicies"); err != nil {
		t.Fatal(err)
	}
	server, backend, ours, client := validPair(t, "front.io"), validPair(t, "backend.io"), validPair(t), validPair(t)
	address := startDemanding(t, backend, ours)
	service := fixture.Task(k.Blue, "one", "web", address.Addr().String())
	k.Make(service, server.Secret(k.Blue, "front"), ours.Secret(k.Blue, "ours"), fixture.ConfigMap(k.Blue, "clients", string(client.Chain)))
	made(k, &gatewayv1.GatewayClass{}, "metadata: {name: warren}\nspec: {controllerName: "+gatewayapi.DefaultController+"}")
	gateway := made(k, &gatewayv1.Gateway{}, "metadata: {name: g, namespace: "+k.Blue+`}
spec:
  gatewayClassName: warren
  allowedListeners: {namespaces: {from: All}}
  tls:
    backend: {clientCertificateRef: {name: ours}}
    frontend: {default: {validation: {caCertificateRefs: [{group: "", kind: ConfigMap, name: clients}]}}}
  listeners: [{name: own, port: 20083, protocol: HTTPS, hostname: own.io, tls: {certificateRefs: [{name: front}]}}]`)
	const front = "127.9.0.3:20083"
	made(k, &gatewayv1.HTTPRoute{}, fmt.Sprintf("metadata: {name: r, namespace: %s}\n"+`
spec:
  parentRefs: [{name: g}, {kind: ListenerSet, name: s}]
  rules: [{backendRefs: [{name: web, port: %d}]}]`, k.Blue, address.Port()))
	known, stranger := loaded(t, client), loaded(t, validPair(t))
	// Without a policy the backend is spoken to in the clear, which it refuses.
	awaited(t, "400", front, "own.io", known)
	for _, shown := range [][]tls.Certificate{nil, {stranger}} {
		if got, err := asked(t, front, "own.io", shown...); got != "refused" {
			t.Errorf("a client with %d certificates of its own got %q (%v)", len(shown), got, err)
		}
	}

	if err := kubeapi.DefineGatewayAPI(k.Config); err != nil {
		t.Fatal(err)
	}
	set := made(k, &gatewayv1.ListenerSet{}, "metadata: {name: s, namespace: "+k.Blue+`}
spec:
  parentRef: {name: g}
  listeners: [{name: set, port: 20083, protocol: HTTPS, hostname: set.io, tls: {certificateRefs: [{name: front}]}},
    {name: late, port: 20083, protocol: HTTPS, hostname: own.io, tls: {certificateRefs: [{name: front}]}}]`)
	policy := made(k, &gatewayv1.BackendTLSPolicy{}, "metadata: {name: p, namespace: "+k.Blue+`}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  validation: {hostname: asked.io, subjectAltNames: [{type: Hostname, hostname: backend.io}], caCertificateRefs: [{group: "", kind: ConfigMap, name: authority}]}`)
	ofPolicy := func() []metav1.Condition {
		k.Reload(policy)
		if len(policy.Status.Ancestors) != 1 || policy.Status.Ancestors[0].AncestorRef.Name != "g" {
			return nil
		}
		return policy.Status.Ancestors[0].Conditions
	}
	saying(k, "the policy", []string{"Accepted=False NoValidCACertificate", "ResolvedRefs=False InvalidCACertificateRef"}, ofPolicy)
	awaited(t, "503", front, "own.io", known)
	authority := fixture.ConfigMap(k.Blue, "authority", string(backend.Chain))
	k.Make(authority)
	awaited(t, "asked.io", front, "own.io", known)
	awaited(t, "asked.io", front, "set.io", known)
	saying(k, "the policy", []string{"Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs"}, ofPolicy)
	saying(k, "the ListenerSet", []string{"Accepted=True ListenersNotValid", "Programmed=True Programmed"},
		func() []metav1.Condition { k.Reload(set); return set.Status.Conditions })
	late := set.Status.Listeners[1]
	if set.Status.Listeners[0].AttachedRoutes != 1 || late.Name != "late" || late.Conditions[1].Reason != "HostnameConflict" {
		t.Errorf("the ListenerSet says of its listeners %+v", set.Status.Listeners)
	}
	saying(k, "the Gateway", []string{"Accepted=True Accepted", "Programmed=True Programmed", "ResolvedRefs=True ResolvedRefs"}, func() []metav1.Condition {
		k.Reload(gateway)
		if n := gateway.Status.AttachedListenerSets; n == nil || *n != 1 {
			return nil
		}
		return gateway.Status.Conditions
	})

	// What cannot be read any more lets nobody in, whatever was there before.
	k.Change(authority, func() { authority.Data["ca.crt"] = "" })
	awaited(t, "503", front, "own.io", known)
	k.Change(authority, func() { authority.Data["ca.crt"] = string(backend.Chain) })
	awaited(t, "asked.io", front, "own.io", known)
	clients := new(corev1.ConfigMap)
	clients.Namespace, clients.Name = k.Blue, "clients"
	k.Reload(clients)
	k.Change(clients, func() { clients.Data["ca.crt"] = "" })
	awaited(t, "refused", front, "own.io", known)
	ofListener := func() []metav1.Condition { k.Reload(gateway); return gateway.Status.Listeners[0].Conditions }
	saying(k, "the listener", []string{"Accepted=False NoValidCACertificate", "Conflicted=False NoConflicts", "ResolvedRefs=False InvalidCACertificateRef",
		"Programmed=False Invalid"}, ofListener)
	k.Change(clients, func() { clients.Data["ca.crt"] = string(client.Chain) })
	awaited(t, "asked.io", front, "own.io", known)
	k.Change(gateway, func() { gateway.Spec.TLS.Frontend.Default.Validation.Mode = gatewayv1.AllowInsecureFallback })
	awaited(t, "asked.io", front, "own.io")
	ofGateway := func() []metav1.Condition { k.Reload(gateway); return gateway.Status.Conditions }
	saying(k, "the Gateway", []string{"Accepted=True Accepted", "Programmed=True Programmed", "ResolvedRefs=True ResolvedRefs",
		"InsecureFrontendValidationMode=True ConfigurationChanged"}, ofGateway)
	k.Change(gateway, func() { gateway.Spec.TLS = nil })
	saying(k, "the Gateway", []string{"Accepted=True Accepted", "Programmed=True Programmed"}, ofGateway)
	awaited(t, "502", front, "own.io") // The backend still wants a certificate.

	k.Change(gateway, func() { gateway.Spec.AllowedListeners = nil })
	saying(k, "the ListenerSet", []string{"Accepted=False NotAllowed", "Programmed=False NotAllowed"},
		func() []metav1.Condition { k.Reload(set); return set.Status.Conditions })
	awaited(t, "refused", front, "set.io")
}

// closedPorts is a data plane that could not open some addresses.
type closedPorts struct {
	mu     sync.Mutex
	faults map[netip.AddrPort]string
	told   func(netip.AddrPort)
}

func (c *closedPorts) ListenFaults() map[netip.AddrPort]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.faults)
}

func (c *closedPorts) ObserveListeners(f func(netip.AddrPort)) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := c.told
	c.told = func(at netip.AddrPort) {
		if before != nil {
			before(at)
		}
		f(at)
	}
	return func() {}
}

func (c *closedPorts) open() {
	c.mu.Lock()
	c.faults = nil
	told := c.told
	c.mu.Unlock()
	told(netip.AddrPort{})
}

func TestWhatKeepsClientsFromAGatewayIsSaid(t *testing.T) {
	t.Parallel()
	k := gatewayCluster(t)
	if err := kubeapi.DefineGatewayAPI(k.Config); err != nil {
		t.Fatal(err)
	}
	k.MakeOnce(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.OwnNamespace}})
	balancer := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: k.Green, Name: "balancer"},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Name: "a", Port: 80}, {Name: "b", Port: 20084, TargetPort: intstr.FromInt32(8000)}}}}
	k.Make(balancer)
	k.ChangeStatus(balancer, func() { balancer.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.7"}} })
	serving := func(ports *closedPorts) func(*ctrl.Options, *Options, *recordingProxy) {
		return func(_ *ctrl.Options, o *Options, _ *recordingProxy) {
			o.GatewayController, o.PublishService, o.Listening = gatewayapi.DefaultController, k.Green+"/balancer", ports
		}
	}
	a, _ := k.known("a", serving(&closedPorts{}))
	k.knows(a, "a")
	others := &closedPorts{faults: map[netip.AddrPort]string{netip.MustParseAddrPort("[::]:20084"): "address already in use"}}
	b, _ := k.known("b", serving(others))
	k.knows(b, "a", "b")
	k.knows(a, "a", "b")
	made(k, &gatewayv1.GatewayClass{}, "metadata: {name: warren}\nspec: {controllerName: "+gatewayapi.DefaultController+"}")
	gateway := made(k, &gatewayv1.Gateway{}, "metadata: {name: g, namespace: "+k.Blue+`}
spec: {gatewayClassName: warren, listeners: [{name: one, port: 80, protocol: HTTP}, {name: other, port: 20084, protocol: HTTP}]}`)
	programmed := func(want string, of func() []metav1.Condition) {
		t.Helper()
		fixture.Eventually(t, func() error {
			k.Reload(gateway)
			for _, c := range of() {
				if got := string(c.Status) + " " + c.Reason + " " + c.Message; c.Type == "Programmed" && got != want {
					return fmt.Errorf("got %q, want %q", got, want)
				} else if c.Type == "Programmed" {
					return nil
				}
			}
			return errors.New("there is no condition")
		})
	}
	ofGateway := func() []metav1.Condition { return gateway.Status.Conditions }
	ofOther := func() []metav1.Condition {
		if len(gateway.Status.Listeners) < 2 {
			return nil
		}
		return gateway.Status.Listeners[1].Conditions
	}
	programmed("False PortUnavailable the data plane cannot open port 20084 on replica "+k.Blue+"-b (address already in use): choose another port, or free it", ofOther)
	programmed("True Programmed the data plane serves what was accepted; Service "+k.Green+
		"/balancer has no port 20084 that leads to the same one here, so clients may not reach it: add it to the Service", ofGateway)
	others.open()
	programmed("True Programmed the data plane serves it", ofOther)
	k.Change(balancer, func() { balancer.Spec.Ports[1].TargetPort = intstr.FromInt32(20084) })
	programmed("True Programmed the data plane serves what was accepted", ofGateway)
}
