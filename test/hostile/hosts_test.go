// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// hostPace is the time between two requests of one client that looks for another namespace's answers.
const hostPace = 5 * time.Millisecond

// foreignPaths match no rule of the attacked host, or are meant to look so.
var foreignPaths = []string{
	"/", "/other", "/.well-known/acme-challenge/token", "/sw.js", "/app%2F..%2Fother", "/ap", "/apps", "/app/../other", "//other", "/other%2Fapp",
	"/other;/app", "/%2e%2e/other", "/.well-known/../.well-known/acme-challenge/token",
}

// A tenant has a wildcard, a rule for every host, and a certificate for the wildcard. It waits for requests of
// another's host.
func TestWildcardOverAnothersHost(t *testing.T) {
	s := newStage(t)
	const host, spare, held = "app.taken.example.com", "spare.taken.example.com", "held.taken.example.com"
	thief := startBackend(t, answerWith("thief"))
	s.serve(s.a, "app", host, "/app", startBackend(t, answerWith("owner")))
	s.serve(s.a, "held", held, "/", startBackend(t, answerWith("owner")))
	s.serve(s.b, "wild", "*.taken.example.com", "/", thief)
	s.serve(s.b, "every", "", "/", thief)
	s.create(wildcardSecret(t, s.b, "wild", "*.taken.example.com"))
	secured := ingressOf(s.b, "secured", "*.taken.example.com", "/secured")
	secured.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "wild", RedirectHTTP: new(false)}
	s.create(secured)

	client := &http.Client{Timeout: victimPatience, Transport: &http.Transport{
		MaxIdleConnsPerHost: victimConnections, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: spare},
	}}
	ask := func(scheme, name, path string) (string, error) {
		address := s.replica().http
		if scheme == "https" {
			address = s.replica().https
		}
		request, err := http.NewRequest(http.MethodGet, scheme+"://"+address+path, nil)
		if err != nil {
			return "", err
		}
		request.Host = name
		response, err := client.Do(request)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		return string(content), err
	}
	for name, want := range map[string]string{host: "owner", held: "owner", spare: "thief"} {
		eventually(t, name+" to be served", func() error {
			got, err := ask("http", name, "/app")
			if err == nil && got != want {
				err = fmt.Errorf("the answer is %.80q", got)
			}
			return err
		})
	}
	eventually(t, "the wildcard's certificate", func() error { _, err := ask("https", spare, "/"); return err })

	var mu sync.Mutex
	stolen := make(map[string]int)
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		stolen[what]++
	}
	s.attack("a wildcard over another's host", func(ctx context.Context) {
		var running sync.WaitGroup
		for _, name := range []string{host, "APP.taken.example.com.", "app.taken.example.com:80"} {
			for _, scheme := range []string{"http", "https"} {
				running.Go(func() {
					for n := 0; ctx.Err() == nil; n++ {
						path := foreignPaths[n%len(foreignPaths)]
						if got, err := ask(scheme, name, path); err == nil && got == "thief" {
							note("the answer to " + scheme + "://" + name + path)
						}
						time.Sleep(hostPace)
					}
				})
			}
		}
		running.Go(func() {
			tickets := &anyTicket{}
			for ; ctx.Err() == nil; time.Sleep(hostPace) {
				// A ticket for a name of the wildcard is offered for the other's name.
				_, _ = handshake(s.replica().https, spare, tickets)
				for _, name := range []string{host, held} {
					if got, err := handshake(s.replica().https, name, tickets); err == nil {
						note("a handshake for " + name + ": " + got)
					}
				}
			}
		})
		running.Wait()
	})
	for what, times := range stolen {
		t.Errorf("the thief had %s, %d times", what, times)
	}
}

// anyTicket offers the last ticket for every name.
type anyTicket struct{ ticket *tls.ClientSessionState }

func (a *anyTicket) Get(string) (*tls.ClientSessionState, bool)   { return a.ticket, a.ticket != nil }
func (a *anyTicket) Put(_ string, ticket *tls.ClientSessionState) { a.ticket = ticket }

// handshake makes a handshake of TLS 1.2, which brings tickets by itself. It returns whose certificate the handshake
// goes by.
func handshake(address, name string, tickets tls.ClientSessionCache) (string, error) {
	c, err := tls.Dial("tcp", address, &tls.Config{
		ServerName: name, InsecureSkipVerify: true, ClientSessionCache: tickets, MaxVersion: tls.VersionTLS12,
	})
	if err != nil {
		return "", err
	}
	defer c.Close()
	state := c.ConnectionState()
	return fmt.Sprintf("%s, resumed %t", state.PeerCertificates[0].Subject.CommonName, state.DidResume), nil
}

// wildcardSecret returns a Secret with a certificate that signed itself.
func wildcardSecret(t *testing.T, namespace, name, host string) *corev1.Secret {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var chain, secret bytes.Buffer
	if err := pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: certificate}); err != nil {
		t.Fatal(err)
	}
	if err := pem.Encode(&secret, &pem.Block{Type: "EC PRIVATE KEY", Bytes: private}); err != nil {
		t.Fatal(err)
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: chain.Bytes(), corev1.TLSPrivateKeyKey: secret.Bytes()},
	}
}
