// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnAccountIsRegisteredWithItsContactAndTheTermsAgreedTo(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.on("/new-account", func(w http.ResponseWriter, _ message) {
		w.Header().Set("Location", a.URL+"/account/7")
		reply(w, http.StatusCreated, map[string]any{"status": "valid"})
	})
	for _, test := range []struct {
		email string
		want  map[string]any
	}{
		{"admin@x.io", map[string]any{"termsOfServiceAgreed": true, "contact": []any{"mailto:admin@x.io"}}},
		{"", map[string]any{"termsOfServiceAgreed": true}},
	} {
		url, err := a.client().Register(t.Context(), newKey(t), test.email, nil)
		if err != nil || url != a.URL+"/account/7" {
			t.Errorf("the account is %q (%v)", url, err)
		}
		sent := a.received("/new-account")
		if diff := cmp.Diff(test.want, sent[len(sent)-1].payload); diff != "" {
			t.Errorf("what was sent for %q (-want +got):\n%s", test.email, diff)
		}
	}
}

func TestAnExternalAccountIsBound(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.directory["meta"] = map[string]any{"externalAccountRequired": true}
	a.on("/new-account", func(w http.ResponseWriter, _ message) {
		w.Header().Set("Location", a.URL+"/account/7")
		reply(w, http.StatusCreated, map[string]any{"status": "valid"})
	})
	external := &ExternalAccount{KeyID: "kid-1", HMACKey: base64.RawURLEncoding.EncodeToString([]byte("a key of thirty-two bytes, or so."))}
	if _, err := a.client().Register(t.Context(), newKey(t), "", external); err != nil {
		t.Fatal(err)
	}
	binding, _ := a.received("/new-account")[0].payload["externalAccountBinding"].(map[string]any)
	protected, err := base64.RawURLEncoding.DecodeString(binding["protected"].(string))
	if err != nil {
		t.Fatal(err)
	}
	var header map[string]any
	if err := json.Unmarshal(protected, &header); err != nil {
		t.Fatal(err)
	}
	if header["kid"] != "kid-1" || header["alg"] != "HS256" || header["url"] != a.URL+"/new-account" {
		t.Errorf("the binding's header is %v", header)
	}
}

func TestAnAccountThatIsNotMadeSaysWhy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		external *ExternalAccount
		status   string
		require  bool
		want     string
	}{
		"an authority that wants a binding": {nil, "valid", true, "registering the account: externalAccountRequired: " +
			"the authority only takes accounts that are bound to an external one: name its Secret with --acme-eab-secret"},
		"a key that is not base64": {&ExternalAccount{KeyID: "kid-1", HMACKey: "not base64!"}, "valid", true,
			"registering the account: the hmacKey of the external account is not base64url, as authorities hand it out"},
		"an account that was revoked": {nil, "revoked", false, "registering the account: the account is revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t)
			a.directory["meta"] = map[string]any{"externalAccountRequired": test.require}
			a.on("/new-account", func(w http.ResponseWriter, _ message) {
				w.Header().Set("Location", a.URL+"/account/7")
				reply(w, http.StatusOK, map[string]any{"status": test.status})
			})
			_, err := a.client().Register(t.Context(), newKey(t), "", test.external)
			failed, ok := errors.AsType[*Error](err)
			if !ok || failed.Kind != Refused || failed.Error() != test.want {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
		})
	}
}

func TestAnAccountIsFoundByItsKeyWithoutBeingMade(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		answer map[string]any
		found  bool
		closed bool
		want   string
	}{
		"one that is there":   {http.StatusOK, map[string]any{"status": "valid"}, true, false, ""},
		"one that is closed":  {http.StatusOK, map[string]any{"status": "deactivated"}, false, true, ""},
		"one that is refused": {http.StatusForbidden, map[string]any{"type": problemNamespace + "unauthorized", "detail": "closed"}, false, true, ""},
		"none":                {http.StatusBadRequest, map[string]any{"type": problemNamespace + "accountDoesNotExist"}, false, false, ""},
		"one that the authority revoked": {http.StatusOK, map[string]any{"status": "revoked"}, false, false,
			"looking for the account: the account is revoked: delete its Secret to have another"},
		"an authority that is out of order": {http.StatusInternalServerError, map[string]any{"type": problemNamespace + "serverInternal", "detail": "no"}, false, false,
			"looking for the account: serverInternal: no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t)
			a.on("/new-account", func(w http.ResponseWriter, _ message) {
				w.Header().Set("Location", a.URL+"/account/7")
				reply(w, test.status, test.answer)
			})
			url, closed, err := a.client().FindAccount(t.Context(), newKey(t))
			text := ""
			if err != nil {
				text = err.Error()
			}
			if (url == a.URL+"/account/7") != test.found || closed != test.closed || text != test.want {
				t.Errorf("got %q, closed to be %v, and %q", url, closed, text)
			}
			if diff := cmp.Diff(map[string]any{"onlyReturnExisting": true}, a.received("/new-account")[0].payload); diff != "" {
				t.Errorf("what was sent (-want +got):\n%s", diff)
			}
		})
	}
}
