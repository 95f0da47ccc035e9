// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestARefusedNonceIsReplacedAndTheRequestSentAgain(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	refused := 0
	a.on("/new-order", func(w http.ResponseWriter, m message) {
		if refused++; refused <= 2 {
			problem(w, http.StatusBadRequest, "badNonce", "that one is used")
			return
		}
		a.placed(w, m)
	})
	order, err := a.client().NewOrder(t.Context(), a.account(), OrderRequest{Hosts: []string{"x.io"}})
	if err != nil || order.URL != a.URL+"/order/1" {
		t.Errorf("the order is %q (%v)", order.URL, err)
	}
	used := map[any]bool{}
	for _, m := range a.received("/new-order") {
		used[m.protected["nonce"]] = true
	}
	if len(used) != 3 {
		t.Errorf("%d nonces were used, want another one for each of 3 requests", len(used))
	}
}

// Lego waits between its requests, which takes no time here.
func TestAnAuthorityThatRefusesEveryNonceIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const directory = "https://authority.example/directory"
		answer := func(r *http.Request, status int, body any) *http.Response {
			content, err := json.Marshal(body)
			if err != nil {
				t.Error(err)
			}
			return &http.Response{StatusCode: status, Header: http.Header{"Replay-Nonce": {"bm9uY2U"}}, Body: io.NopCloser(bytes.NewReader(content)), Request: r}
		}
		tried := 0
		c := &Client{options: Options{Directory: directory}, transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			switch r.URL.Path {
			case "/directory":
				return answer(r, http.StatusOK, map[string]string{"newNonce": directory + "/nonce", "newAccount": directory + "/account", "newOrder": directory + "/order"}), nil
			case "/directory/nonce":
				return answer(r, http.StatusOK, nil), nil
			}
			tried++
			return answer(r, http.StatusBadRequest, map[string]string{"type": problemNamespace + "badNonce", "detail": "used"}), nil
		})}
		began := time.Now()
		_, err := c.NewOrder(t.Context(), Account{Key: newKey(t), URL: directory + "/account/1"}, OrderRequest{Hosts: []string{"x.io"}})
		failed, ok := errors.AsType[*Error](err)
		if !ok || failed.Kind != Transient || failed.Type != "badNonce" {
			t.Errorf("the error is %v, want one of a refused nonce that may go away", err)
		}
		if took := time.Since(began); took > requestTimeout || tried < 5 || tried > 20 {
			t.Errorf("it was tried %d times within %s, want some times within %s", tried, took, requestTimeout)
		}
		// The timers of requests without content run out, which the bubble waits for.
		time.Sleep(requestTimeout)
	})
}
