// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// session is a client that keeps the first session ticket that it gets, and always offers that one.
type session struct {
	host  string
	roots *x509.CertPool

	mu     sync.Mutex
	ticket *tls.ClientSessionState
}

// Get implements tls.ClientSessionCache.
func (s *session) Get(string) (*tls.ClientSessionState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ticket, s.ticket != nil
}

// Put implements tls.ClientSessionCache.
func (s *session) Put(_ string, ticket *tls.ClientSessionState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ticket == nil {
		s.ticket = ticket
	}
}

// connect makes a request over a new connection. It returns whether the session was resumed.
func (s *session) connect(address string) (resumed bool, err error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", address,
		&tls.Config{ServerName: s.host, RootCAs: s.roots, ClientSessionCache: s})
	if err != nil {
		return false, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return false, err
	}
	if _, err := fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", s.host); err != nil {
		return false, err
	}
	// The ticket comes after the handshake, at the latest with the response.
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		return false, fmt.Errorf("status %d: %w", response.StatusCode, err)
	}
	return conn.ConnectionState().DidResume, nil
}

// resumes fails the test unless each of the replicas resumes the session.
func (s *session) resumes(t *testing.T, when string, replicas ...*controller) {
	t.Helper()
	for _, c := range replicas {
		if resumed, err := s.connect(c.https); err != nil || !resumed {
			t.Errorf("%s, at %s: resumed is %v (%v), want true", when, c.https, resumed, err)
		}
	}
}

func TestSessionsAreResumedOnAnyReplicaAfterRenewalsRotationsAndRestarts(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	first := s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
	first.http, first.https = http01, https
	second := s.start(p.arguments()...)
	host := s.host("shop")
	secured := certificate("shop", host)
	secured.Spec.AutoRenew = new(true)
	shop := ingress("shop", host, "web")
	shop.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "shop"}
	s.create(shop, secured, task("web", startBackend(t, "web-1")))
	for _, c := range []*controller{first, second} {
		s.certifies(p, c.https, host, orderLimit)
	}
	roots := p.roots()
	var client *session
	eventually(t, patience, "the replicas to share keys", func() error {
		client = &session{host: host, roots: roots}
		if _, err := client.connect(first.https); err != nil {
			return err
		}
		resumed, err := client.connect(second.https)
		if err == nil && !resumed {
			err = errors.New("the second does not resume a session of the first")
		}
		return err
	})

	before, err := p.secured(first.https, host, roots)
	if err != nil {
		t.Fatal(err)
	}
	s.change(secured, func() { secured.Spec.KeyType = v1alpha1.KeyTypeRSA2048 })
	for _, c := range []*controller{first, second} {
		eventually(t, orderLimit, "another certificate", func() error {
			now, err := p.secured(c.https, host, roots)
			if err == nil && now == before {
				err = errors.New("it is the same")
			}
			return err
		})
	}
	client.resumes(t, "after a renewal", first, second)

	keys := s.ticketKeys()
	was := string(keys.Data["current"])
	s.change(keys, func() { keys.Data["rotated"] = []byte(time.Now().Add(-13 * time.Hour).UTC().Format(time.RFC3339)) })
	eventually(t, patience, "the next key", func() error {
		if string(s.ticketKeys().Data["previous"]) != was {
			return errors.New("the key is still in use")
		}
		return nil
	})
	client.resumes(t, "after a rotation", first, second)

	first.kill()
	second.kill()
	again := s.start(p.arguments()...).ready()
	eventually(t, patience, "the keys after a restart", func() error {
		resumed, err := client.connect(again.https)
		if err == nil && !resumed {
			err = errors.New("the session is not resumed")
		}
		return err
	})
	s.tellNoTicketKeys(first, second, again)
}

// ticketKeys reads the Secret by which the replicas share their keys.
func (s *scene) ticketKeys() *corev1.Secret {
	s.t.Helper()
	secret := &corev1.Secret{}
	if err := s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "warren-ingress-session-tickets"}, secret); err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// tellNoTicketKeys fails the test if Events, or the output of controllers, have a key. The controllers may have ended.
func (s *scene) tellNoTicketKeys(controllers ...*controller) {
	s.t.Helper()
	var told strings.Builder
	for _, c := range controllers {
		told.WriteString(c.stdout.String() + c.stderr.String())
	}
	var events eventsv1.EventList
	if err := s.List(s.t.Context(), &events, client.InNamespace(s.namespace)); err != nil {
		s.t.Fatal(err)
	}
	for i := range events.Items {
		told.WriteString(events.Items[i].Note + "\n")
	}
	for name, key := range s.ticketKeys().Data {
		if len(key) != 32 {
			continue
		}
		for _, form := range []string{string(key), hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key), fmt.Sprintf("%d", key)} {
			if strings.Contains(told.String(), form) {
				s.t.Errorf("the %s key of session tickets is told", name)
			}
		}
	}
	if told.Len() < 1000 {
		s.t.Errorf("what is told is only %d bytes", told.Len())
	}
}

func TestOldVersionsOfTLSAreRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
	host := s.host("shop")
	s.create(automatic("shop", host), task("web", startBackend(t, "web-1")))
	s.certifies(p, https, host, orderLimit)
	roots := p.roots()
	for version, want := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		conn, err := tls.Dial("tcp", https, &tls.Config{ServerName: host, RootCAs: roots, MinVersion: version, MaxVersion: version})
		if (err == nil) != want {
			t.Errorf("%s: the handshake gives %v, want success to be %v", tls.VersionName(version), err, want)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
}
