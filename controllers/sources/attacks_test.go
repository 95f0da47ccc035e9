// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/test/fixture"
	tokens "github.com/warren-dev/ingress/test/issuer"
)

// attacked is what a Secret is about: objects that ask for what it holds, a Secret that holds it, and how a client
// proves what that is.
type attacked struct {
	objects []client.Object
	secret  *corev1.Secret
	fields  map[string]string
	// over is nil without TLS.
	over *tls.Config
	// replaced is what the Secret holds of somebody else, and refused how the client is answered then.
	replaced map[string]string
	refused  string
}

// guardedBy is an Ingress whose clients have to prove who they are.
func guardedBy(auth *v1alpha1.Auth, clients *v1alpha1.ClientCertificate) []client.Object {
	object := fixture.Ingress("shop", "a", "a", "web")
	object.Spec.Rules[0].Paths[0].Path, object.Spec.Rules[0].Paths[0].Auth = "/", auth
	if clients != nil {
		object.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "served", ClientCertificate: clients}
	}
	return []client.Object{object}
}

// startEndpoint starts what is behind the Ingress, which counts how often it is reached.
func startEndpoint(t *testing.T) (task *v1alpha1.Task, reached *atomic.Int64) {
	t.Helper()
	reached = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(server.Close)
	at := netip.MustParseAddrPort(server.Listener.Addr().String())
	task = fixture.Task("shop", "web-1", "web", at.Addr().String())
	task.Spec.Ports = []v1alpha1.TaskPort{{Port: 80, TargetPort: v1alpha1.Port(at.Port())}}
	return task, reached
}

func secretOf(name string, data map[string]string) *corev1.Secret {
	made := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}, Data: make(map[string][]byte)}
	for key, value := range data {
		made.Data[key] = []byte(value)
	}
	return made
}

// changes are what becomes of a Secret while a client that knew what it held has a connection. Each returns what there
// is then, or nil for nothing.
var changes = map[string]func(*corev1.Secret) *corev1.Secret{
	"deleted":                     func(*corev1.Secret) *corev1.Secret { return nil },
	"emptied":                     func(s *corev1.Secret) *corev1.Secret { s.Data = nil; return s },
	"with empty values":           func(s *corev1.Secret) *corev1.Secret { return valued(s, func(string) string { return "" }) },
	"with white space alone":      func(s *corev1.Secret) *corev1.Secret { return valued(s, func(string) string { return " \n\n" }) },
	"with a comment alone":        func(s *corev1.Secret) *corev1.Secret { return valued(s, func(string) string { return "# nobody\n" }) },
	"with bytes that are no text": func(s *corev1.Secret) *corev1.Secret { return valued(s, func(string) string { return "\x00\xff\xfe" }) },
	"with its first half":         func(s *corev1.Secret) *corev1.Secret { return valued(s, func(v string) string { return v[:len(v)/2] }) },
	"with more than it may hold": func(s *corev1.Secret) *corev1.Secret {
		return valued(s, func(v string) string { return v + strings.Repeat("#\n", 300<<10) })
	},
	"of another namespace":        func(s *corev1.Secret) *corev1.Secret { s.Namespace = "other"; return s },
	"of another name":             func(s *corev1.Secret) *corev1.Secret { s.Name += "-2"; return s },
	"with the content of another": func(s *corev1.Secret) *corev1.Secret { return valued(s, func(string) string { return "{\"a\": [1]}" }) },
	"with the password of a mailbox": func(s *corev1.Secret) *corev1.Secret {
		s.Data = map[string][]byte{"smtp-password": []byte("x")}
		return s
	},
}

func valued(s *corev1.Secret, change func(string) string) *corev1.Secret {
	for key, value := range s.Data {
		s.Data[key] = []byte(change(string(value)))
	}
	return s
}

// Whatever becomes of the Secret that says who gets in, who knew what it held gets in no more: from the next request
// on, also over a connection that is there. Only the same Secret again lets it in again.
func TestAttacksWhileASecretIsNoneAnyMore(t *testing.T) {
	t.Parallel()
	sum := sha1.Sum([]byte("secret"))
	key, clients := tokens.NewKey(), fixture.NewAuthority(t, "clients")
	id := tokens.New("https://id.example.com")
	served := fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "a").Secret("shop", "served")
	shown := clients.Client(t, "robot")
	authorities := func(name string) *v1alpha1.ClientCertificate {
		return &v1alpha1.ClientCertificate{CASecretName: v1alpha1.SecretName(name)}
	}
	over := &tls.Config{InsecureSkipVerify: true, ServerName: "a", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &shown, nil }}
	login := map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("alice:secret"))}
	const required, shownInVain = "401 AuthRequired", "403 CertificateRequired: the certificate is of no authority that is known here"
	const other = "$2y$05$FIxhFwnO5aG3n649F7yke.xSgQRw0HSvnc9/ly4TVB8ImGqJKG9RS" // a
	sibling := fixture.NewAuthority(t, "clients")
	hash := "{SHA}" + base64.StdEncoding.EncodeToString(sum[:])
	for name, of := range map[string]attacked{
		"a list of users": {guardedBy(&v1alpha1.Auth{Basic: &v1alpha1.BasicAuth{SecretName: "users"}}, nil), secretOf("users", map[string]string{"auth": "alice:" + hash}), login, nil, map[string]string{"auth": "alice:" + other}, required},
		"a user in a key": {guardedBy(&v1alpha1.Auth{Basic: &v1alpha1.BasicAuth{SecretName: "users"}}, nil), secretOf("users", map[string]string{"alice": hash}), login, nil, map[string]string{"bob": hash}, required},
		"a set of keys": {guardedBy(&v1alpha1.Auth{JWT: &v1alpha1.JWTAuth{Issuer: id.Name, SecretName: "keys"}}, nil),
			secretOf("keys", map[string]string{"jwks.json": string(tokens.Set(key))}), map[string]string{"Authorization": "Bearer " + id.TokenBy(key, nil)}, nil,
			map[string]string{"jwks.json": string(tokens.Set(tokens.NewKey()))}, required},
		"authorities": {append(guardedBy(nil, authorities("clients-ca")), served), secretOf("clients-ca", map[string]string{"ca.crt": string(clients.PEM)}), nil, over,
			map[string]string{"ca.crt": string(sibling.PEM)}, shownInVain},
		"authorities and a list of revocations": {append(guardedBy(nil, authorities("clients-ca")), served),
			secretOf("clients-ca", map[string]string{"ca.crt": string(clients.PEM), "crl.pem": string(clients.Revoke(t, time.Now().Add(time.Hour), 1))}), nil, over,
			map[string]string{"ca.crt": string(clients.PEM), "crl.pem": string(clients.Revoke(t, time.Now().Add(time.Hour), 66))}, "403 CertificateRequired: the certificate is revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, plain := fixture.StartProxyWith(t, proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128, H2C: true})
			secure := listenTLS(t, p)
			manifests := &Manifests{Class: "warren"}
			inputs := NewInputs(manifests, translate.Options{IngressClass: "warren", AllowLocalTasks: true})
			task, reached := startEndpoint(t)
			version := 0
			apply := func(secret *corev1.Secret) {
				t.Helper()
				manifests.Objects = append(slices.Clone(of.objects), task)
				if secret != nil {
					version++
					secret.ResourceVersion = strconv.Itoa(version)
					manifests.Objects = append(manifests.Objects, secret)
				}
				in, err := inputs.All(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				snapshot, _ := translate.Build(in)
				if _, err := p.Apply(snapshot); err != nil {
					t.Fatal(err)
				}
			}
			all := map[string]func(*corev1.Secret) *corev1.Secret{
				"replaced": func(s *corev1.Secret) *corev1.Secret { s.Data = secretOf("", of.replaced).Data; return s },
			}
			maps.Copy(all, changes)
			if of.over == nil {
				all["of the type for TLS"] = func(s *corev1.Secret) *corev1.Secret { s.Type = corev1.SecretTypeTLS; return s }
			}
			for what, change := range all {
				want := "503 AuthUnavailable: nobody can say now"
				if what == "replaced" {
					want = of.refused
				}
				for _, http2 := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s, HTTP/2 %t", what, http2), func(t *testing.T) {
						address := plain
						if of.over != nil {
							address = secure
						}
						c := clientOf(address, of.over, http2)
						t.Cleanup(c.CloseIdleConnections)
						apply(of.secret.DeepCopy())
						if got := askAs(t, c, of); got != "200 " {
							t.Fatalf("before: got %s", got)
						}
						before := reached.Load()
						changed := change(of.secret.DeepCopy())
						apply(changed)
						if got := askAs(t, c, of); !strings.HasPrefix(got, want) || reached.Load() != before {
							t.Errorf("got %s, and the endpoint %d requests, want %s", got, reached.Load()-before, want)
						}
						apply(of.secret.DeepCopy())
						if got := askAs(t, c, of); got != "200 " {
							t.Errorf("after: got %s", got)
						}
					})
				}
			}
		})
	}
}

func listenTLS(t *testing.T, p *proxy.Proxy) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = p.ServeTLS(l) }()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	return l.Addr().String()
}

// clientOf returns a client of one version of HTTP that keeps its connection.
func clientOf(address string, over *tls.Config, http2 bool) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2 && over != nil)
	protocols.SetUnencryptedHTTP2(http2 && over == nil)
	return &http.Client{Transport: &http.Transport{Protocols: &protocols, TLSClientConfig: over.Clone(), DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}}}
}

// askAs asks by what a client has to prove, and returns the answer.
func askAs(t *testing.T, c *http.Client, of attacked) string {
	t.Helper()
	scheme := "http"
	if of.over != nil {
		scheme = "https"
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", scheme+"://a/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range of.fields {
		r.Header.Set(name, value)
	}
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, body)
}
