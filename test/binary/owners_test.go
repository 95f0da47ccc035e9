// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"crypto/tls"
	"fmt"
	"net"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// commonName returns that of the certificate that a server name gets, or the alert instead.
func commonName(address, name string) string {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", address, &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestAnotherNamespacesWildcardAnswersNothingOfAHost(t *testing.T) {
	t.Parallel()
	config := api.Config(t)
	a := newScene(t)
	b := newSceneIn(t, config, kubeapi.Namespace(t, config))
	host, domain := a.host("app"), a.namespace+".example.com"
	app := ingress("app", host, "app")
	app.Spec.Rules[0].Paths[0].Path = "/app"
	wild := ingress("wild", "*."+domain, "wild")
	wild.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "wild-tls", RedirectHTTP: new(false)}
	every := ingress("every", "", "wild")
	b.create(wild, every, task("wild", startBackend(t, "b")), tlsSecret(t, "wild-tls", "*."+domain))
	a.create(app, task("app", startBackend(t, "a")))
	c := a.start("--watch-namespaces=" + a.namespace + "," + b.namespace).ready()

	for request, want := range map[[2]string]string{
		{host, "/app"}:   from("a"),
		{host, "/other"}: notFound,
		{host, "/.well-known/acme-challenge/tok"}: notFound,
		{host + ".", "/other"}:                    notFound,
		{a.host("other"), "/other"}:               from("b"),
		{"elsewhere." + a.namespace, "/other"}:    from("b"),
	} {
		eventually(t, patience, "the answer to "+request[0]+request[1], func() error { return answers(c.http, request[0], request[1], want) })
	}
	for name, want := range map[string]string{host: "remote error: tls: unrecognized name", a.host("other"): "*." + domain} {
		eventually(t, patience, "the certificate for "+name, func() error {
			if got := commonName(c.https, name); got != want {
				return fmt.Errorf("it is %q, want %q", got, want)
			}
			return nil
		})
	}
	b.says(wild, func() []metav1.Condition { return wild.Status.Conditions }, "Accepted=True SomeHostsOwnedElsewhere")
	b.says(every, func() []metav1.Condition { return every.Status.Conditions }, "Accepted=True SomeHostsOwnedElsewhere")
	a.says(app, func() []metav1.Condition { return app.Status.Conditions }, "Accepted=True Accepted")
	shows(t, c.command("explain", "http://"+host+"/other"), host+" belongs to "+a.namespace, "404 RouteNotFound")

	// The host goes to the wildcard's rules once it belongs to nobody.
	a.delete(app)
	eventually(t, patience, "the wildcard to answer", func() error { return answers(c.http, host, "/other", from("b")) })
}

func TestOnlyHostsThatANamespaceIsAllowedAreServed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	shop := ingress("shop", s.host("shop"), "web")
	s.create(shop, task("web", startBackend(t, "web-1")))
	says := func(want string) {
		t.Helper()
		s.says(shop, func() []metav1.Condition { return shop.Status.Conditions }, want)
	}
	annotate := func(hosts string) {
		t.Helper()
		namespace := &corev1.Namespace{}
		if err := s.Get(t.Context(), client.ObjectKey{Name: s.namespace}, namespace); err != nil {
			t.Fatal(err)
		}
		s.change(namespace, func() { metav1.SetMetaDataAnnotation(&namespace.ObjectMeta, "ingress.warren.dev/allowed-hosts", hosts) })
	}
	c := s.start("--require-allowed-hosts").ready()
	says("Accepted=False HostNotAllowed")
	if err := answers(c.http, s.host("shop"), "/", notFound); err != nil {
		t.Error(err)
	}
	annotate("*." + s.namespace + ".example.com")
	eventually(t, patience, "the host to be served", func() error { return answers(c.http, s.host("shop"), "/", from("web-1")) })
	says("Accepted=True Accepted")
	annotate("shop.example.org")
	eventually(t, patience, "the host to go", func() error { return answers(c.http, s.host("shop"), "/", notFound) })
	says("Accepted=False HostNotAllowed")
}
