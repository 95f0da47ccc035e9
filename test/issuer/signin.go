// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto/rand"
	"crypto/sha256"
	"html/template"
	"net/http"
	"net/url"
)

// grant is what a code stands for.
type grant struct {
	user, redirect, nonce, challenge string
}

// WrongPassword is the title of the page for somebody who has typed a wrong one. It has the form again.
const WrongPassword = "Wrong password"

// form is the page where a person signs in. What the client asked for goes along in the query.
var form = template.Must(template.New("form").Parse(`<!doctype html>
<title>{{or . "Sign in"}}</title>
<h1>{{or . "Sign in"}}</h1>
<form method="post">
<label>E-mail <input name="email" autocomplete="off"></label>
<label>Password <input name="password" type="password" autocomplete="off"></label>
<button>Sign in</button>
</form>
`))

func (i *Issuer) showForm(w http.ResponseWriter, r *http.Request, fault string) {
	asked := r.URL.Query()
	if asked.Get("client_id") != i.Client || asked.Get("response_type") != "code" {
		http.Error(w, "nobody knows this client", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if fault != "" {
		w.WriteHeader(http.StatusForbidden)
	}
	_ = form.Execute(w, fault) // nobody can tell a client that does not read it
}

// signIn sends who has signed in back to the client with a code.
func (i *Issuer) signIn(w http.ResponseWriter, r *http.Request) {
	user := r.PostFormValue("email")
	if password, known := i.Users[user]; !known || password != r.PostFormValue("password") {
		i.showForm(w, r, WrongPassword)
		return
	}
	asked := r.URL.Query()
	back, err := url.Parse(asked.Get("redirect_uri"))
	if err != nil || !back.IsAbs() || asked.Get("client_id") != i.Client {
		http.Error(w, "there is nowhere to go back to", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	i.mu.Lock()
	i.codes[code] = grant{user: user, redirect: asked.Get("redirect_uri"), nonce: asked.Get("nonce"), challenge: asked.Get("code_challenge")}
	i.mu.Unlock()
	query := back.Query()
	query.Set("code", code)
	query.Set("state", asked.Get("state"))
	back.RawQuery = query.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// exchange gives the client the tokens for a code, once.
func (i *Issuer) exchange(w http.ResponseWriter, r *http.Request) {
	client, secret, ok := r.BasicAuth()
	if !ok {
		client, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	code := r.PostFormValue("code")
	i.mu.Lock()
	given, known := i.codes[code]
	delete(i.codes, code)
	i.mu.Unlock()
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if client != i.Client || secret != i.Secret || !known || r.PostFormValue("redirect_uri") != given.redirect ||
		given.challenge != "" && encode(proof[:]) != given.challenge {
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"sub": "id-of-" + given.user, "email": given.user, "email_verified": true}
	if given.nonce != "" {
		claims["nonce"] = given.nonce
	}
	answer(w, http.StatusOK, map[string]any{"access_token": i.Token(claims), "id_token": i.Token(claims), "token_type": "Bearer", "expires_in": 3600})
}
