// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	legolog "github.com/go-acme/lego/v4/log"
)

func TestMain(m *testing.M) {
	legolog.Logger = log.New(io.Discard, "", 0) // It tells of each nonce that is refused.
	os.Exit(m.Run())
}

// message is a signed request as the authority reads it.
type message struct {
	path      string
	protected map[string]any
	payload   map[string]any
}

// authority is an authority whose answers a test makes. It checks no signature.
type authority struct {
	*httptest.Server
	t         *testing.T
	directory map[string]any

	mu       sync.Mutex
	nonces   int
	answers  map[string]func(w http.ResponseWriter, m message)
	messages []message
	fetched  map[string]int // plain requests by their path
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, answers: map[string]func(http.ResponseWriter, message){}, fetched: map[string]int{}}
	a.Server = httptest.NewTLSServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.Close)
	a.directory = map[string]any{"newNonce": a.URL + "/nonce", "newAccount": a.URL + "/new-account", "newOrder": a.URL + "/new-order",
		"renewalInfo": a.URL + "/renewal"}
	return a
}

// on sets how the authority answers a path. Only the first part of a path counts.
func (a *authority) on(path string, answer func(w http.ResponseWriter, m message)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[path] = answer
}

func (a *authority) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.nonces++
	w.Header().Set("Replay-Nonce", base64.RawURLEncoding.EncodeToString([]byte("nonce "+strconv.Itoa(a.nonces))))
	path := "/" + strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 2)[0]
	answer := a.answers[path]
	m := message{path: r.URL.Path}
	if r.Method == http.MethodPost {
		m = a.read(r)
		a.messages = append(a.messages, m)
	} else {
		a.fetched[r.URL.Path]++
	}
	a.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, m)
	case path == "/directory":
		reply(w, http.StatusOK, a.directory)
	case path != "/nonce":
		w.WriteHeader(http.StatusNotFound)
	}
}

func (a *authority) read(r *http.Request) message {
	var signed struct{ Protected, Payload string }
	if err := json.NewDecoder(r.Body).Decode(&signed); err != nil {
		a.t.Errorf("%s is no signed message: %v", r.URL.Path, err)
	}
	m := message{path: r.URL.Path}
	for text, to := range map[string]*map[string]any{signed.Protected: &m.protected, signed.Payload: &m.payload} {
		content, err := base64.RawURLEncoding.DecodeString(text)
		if err == nil && len(content) > 0 {
			err = json.Unmarshal(content, to)
		}
		if err != nil {
			a.t.Errorf("%s is no signed message: %v", r.URL.Path, err)
		}
	}
	return m
}

// received are the messages to a path.
func (a *authority) received(path string) []message {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []message
	for _, m := range a.messages {
		if m.path == path {
			list = append(list, m)
		}
	}
	return list
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // The client may have gone.
}

// problem answers with a problem document (RFC 7807).
func problem(w http.ResponseWriter, status int, kind, detail string) {
	reply(w, status, map[string]any{"type": problemNamespace + kind, "detail": detail, "status": status})
}

// client is one that trusts the authority.
func (a *authority) client() *Client {
	a.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate())
	return a.clientThatTrusts(roots)
}

func (a *authority) clientThatTrusts(roots *x509.CertPool) *Client {
	a.t.Helper()
	c, err := New(Options{Directory: a.URL + "/directory", Roots: roots, UserAgent: "test"})
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(c.transport.(*http.Transport).CloseIdleConnections)
	return c
}

// account is one that is registered.
func (a *authority) account() Account {
	a.t.Helper()
	return Account{Key: newKey(a.t), URL: a.URL + "/account/1"}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// placed answers a new order for x.io.
func (a *authority) placed(w http.ResponseWriter, _ message) {
	w.Header().Set("Location", a.URL+"/order/1")
	reply(w, http.StatusCreated, a.order("pending", "x.io"))
}

func (a *authority) order(status string, hosts ...string) map[string]any {
	identifiers := make([]map[string]string, len(hosts))
	for i, host := range hosts {
		identifiers[i] = map[string]string{"type": "dns", "value": host}
	}
	return map[string]any{"status": status, "identifiers": identifiers, "authorizations": []string{a.URL + "/authorization/1"}, "finalize": a.URL + "/finalize/1"}
}
