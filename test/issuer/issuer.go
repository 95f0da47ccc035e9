// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"encoding/json"
	"net/http"
	"sync"
)

// The paths of what an issuer serves.
const (
	DiscoveryPath = "/.well-known/openid-configuration"
	KeysPath      = "/keys"
	authorizePath = "/authorize"
	tokenPath     = "/token"
)

// Issuer is a provider. Its fields may be set before it serves.
type Issuer struct {
	// Name is what its tokens have as iss. It is the URL that clients find it at.
	Name string
	// Front is the URL that browsers find it at. Empty if that is Name.
	Front string
	// Client and Secret are those of the one client that it knows.
	Client, Secret string
	// Users are the passwords by the addresses of those who can sign in.
	Users map[string]string

	mu sync.Mutex // guards what follows
	// keys are published, the one that signs last.
	keys []*Key
	// codes are those that were given out and not exchanged.
	codes map[string]grant
}

// New returns an issuer with one key.
func New(name string) *Issuer {
	return &Issuer{Name: name, keys: []*Key{NewKey()}, codes: make(map[string]grant)}
}

// ServeHTTP implements [http.Handler].
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET " + DiscoveryPath:
		i.discover(w)
	case "GET " + KeysPath:
		i.serveKeys(w)
	case "GET " + authorizePath:
		i.showForm(w, r, "")
	case "POST " + authorizePath:
		i.signIn(w, r)
	case "POST " + tokenPath:
		i.exchange(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (i *Issuer) discover(w http.ResponseWriter) {
	front := i.Front
	if front == "" {
		front = i.Name
	}
	answer(w, http.StatusOK, map[string]any{
		"issuer": i.Name, "authorization_endpoint": front + authorizePath, "token_endpoint": i.Name + tokenPath, "jwks_uri": i.Name + KeysPath,
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{algorithm}, "code_challenge_methods_supported": []string{"S256"},
	})
}

func (i *Issuer) serveKeys(w http.ResponseWriter) {
	i.mu.Lock()
	defer i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(Set(i.keys...))
}

// answer sends a value as JSON. Nobody can tell a client that does not read it.
func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
