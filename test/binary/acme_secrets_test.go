// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// confidant learns all secrets of a scene's orders, in every version of every Secret.
type confidant struct {
	s    *scene
	done chan struct{}
	stop context.CancelFunc

	mu sync.Mutex
	// known says what a secret is, by its text.
	known map[string]string
}

func (s *scene) confidant() *confidant {
	s.t.Helper()
	watcher, err := client.NewWithWatch(api.Config(s.t), client.Options{Scheme: s.Scheme()})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	events, err := watcher.Watch(ctx, &corev1.SecretList{}, client.InNamespace(s.namespace))
	if err != nil {
		stop()
		s.t.Fatal(err)
	}
	c := &confidant{s: s, done: make(chan struct{}), stop: stop, known: map[string]string{}}
	go func() {
		defer close(c.done)
		defer events.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case event, ok := <-events.ResultChan():
				if !ok {
					return
				}
				if secret, ok := event.Object.(*corev1.Secret); ok {
					c.learn(secret)
				}
			}
		}
	}()
	s.t.Cleanup(func() { stop(); <-c.done })
	return c
}

// learn notes the secrets in a Secret: private keys, the answers to challenges, the keys of session tickets.
func (c *confidant) learn(secret *corev1.Secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for field, content := range secret.Data {
		what := secret.Name + " " + field
		if secret.Type == "ingress.warren.dev/acme-account" || secret.Type == orderSecretType {
			what = field // There is a digest in its name.
		}
		if block, _ := pem.Decode(content); block != nil && strings.HasSuffix(block.Type, "PRIVATE KEY") {
			// It takes any line of it, so that neither the form nor the beginning matters.
			for line := range strings.Lines(string(content)) {
				if line = strings.TrimSpace(line); len(line) == 64 {
					c.known[line] = what
				}
			}
			c.known[base64.StdEncoding.EncodeToString(content)] = what
		}
		if secret.Type == "ingress.warren.dev/session-tickets" && len(content) == 32 {
			c.known[string(content)], c.known[fmt.Sprintf("%x", content)], c.known[base64.StdEncoding.EncodeToString(content)] = what, what, what
		}
		var order struct {
			Attempt struct {
				Presented []struct{ Token, KeyAuthorization string } `json:"presented"`
			} `json:"attempt"`
		}
		if secret.Type != orderSecretType || json.Unmarshal(content, &order) != nil {
			continue
		}
		for _, p := range order.Attempt.Presented {
			c.known[p.Token], c.known[p.KeyAuthorization] = what+" token", what+" key authorization"
		}
	}
}

// kinds returns the kinds of secrets that it has learnt.
func (c *confidant) kinds() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	kinds := map[string]bool{}
	for _, what := range c.known {
		kinds[what] = true
	}
	return kinds
}

// expectsSilence fails the test if a controller's logs and metrics, or an Event or a status, have a secret in them.
// First it waits until it has learnt secrets of all these kinds.
func (c *confidant) expectsSilence(of *controller, kinds ...string) {
	t := c.s.t
	t.Helper()
	eventually(t, patience, "the secrets to be learnt", func() error {
		learnt := c.kinds()
		for _, kind := range kinds {
			if !learnt[kind] {
				return fmt.Errorf("%s was not: %v", kind, learnt)
			}
		}
		return nil
	})
	_, metrics, err := read("http://" + of.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	places := map[string]string{"log": of.stderr.String(), "access log": of.stdout.String(), "metrics": metrics}
	var events eventsv1.EventList
	var certificates v1alpha1.TLSCertificateList
	var ingresses v1alpha1.IngressList
	for _, list := range []client.ObjectList{&events, &certificates, &ingresses} {
		if err := c.s.List(t.Context(), list, client.InNamespace(c.s.namespace)); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		places[fmt.Sprintf("%T", list)] = string(text)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for place, text := range places {
		if len(text) < 100 {
			t.Errorf("the %s is only %q", place, text)
		}
		for secret, what := range c.known {
			if strings.Contains(text, secret) {
				t.Errorf("the %s has %s in it", place, what)
			}
		}
		if leak := leaks(text); len(leak) > 0 {
			t.Errorf("the %s has %q in it", place, leak)
		}
	}
}

func TestNothingSecretOfAnOrderIsTold(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	know := s.confidant()
	c := s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https, "--access-log=json", "--zap-log-level=5")...)
	s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
	s.certifies(p, https, s.host("shop"), orderLimit)
	know.expectsSilence(c, "tls.key", "order.json token", "order.json key authorization",
		"account.key", "warren-ingress-session-tickets current", "warren-ingress-session-tickets next")
}

// The authority quotes the key authorization that it wanted to find.
func TestNothingSecretOfAChallengeThatFailsIsTold(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	listener, err := net.Listen("tcp", ports.address(t))
	if err != nil {
		t.Fatal(err)
	}
	wrong := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "something else") }), ReadHeaderTimeout: patience}
	go func() { _ = wrong.Serve(listener) }()
	t.Cleanup(func() { _ = wrong.Close() })
	p := s.authorityFor(listener.Addr().String(), ports.address(t), nil)
	know := s.confidant()
	c := s.start(append(p.arguments(), "--access-log=json", "--zap-log-level=5")...)
	s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
	eventually(t, patience, "the failure", func() error {
		var made v1alpha1.TLSCertificate
		if err := s.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-tls"}, &made); err != nil {
			return err
		}
		issuing := meta.FindStatusCondition(made.Status.Conditions, v1alpha1.ConditionIssuing)
		if issuing == nil || issuing.Reason != v1alpha1.ReasonOrderFailed || !strings.Contains(issuing.Message, "(the key authorization)") {
			return fmt.Errorf("Issuing is %v, want that it failed, with the key authorization taken out", issuing)
		}
		return nil
	})
	know.expectsSilence(c, "order.json token", "order.json key authorization")
}
