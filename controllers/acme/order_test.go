// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAnOrderNamesItsProfileAndWhatItReplaces(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		renewalInfo bool
		replaces    any
	}{
		"at an authority with renewal information":    {true, "id"},
		"at an authority without renewal information": {false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t)
			if !test.renewalInfo {
				delete(a.directory, "renewalInfo")
			}
			a.on("/new-order", a.placed)
			order, err := a.client().NewOrder(t.Context(), a.account(), OrderRequest{Hosts: []string{"x.io"}, Profile: "shortlived", Replaces: "id"})
			if err != nil {
				t.Fatal(err)
			}
			want := Order{URL: a.URL + "/order/1", Status: OrderPending, Hosts: []string{"x.io"}, Authorizations: []string{a.URL + "/authorization/1"}, Finalize: a.URL + "/finalize/1"}
			if diff := cmp.Diff(want, order); diff != "" {
				t.Errorf("the order (-want +got):\n%s", diff)
			}
			sent := a.received("/new-order")[0]
			if sent.payload["profile"] != "shortlived" || sent.payload["replaces"] != test.replaces {
				t.Errorf("what was sent is %v, want the profile and to replace %v", sent.payload, test.replaces)
			}
			if sent.protected["kid"] != a.URL+"/account/1" {
				t.Errorf("it is signed by %v", sent.protected["kid"])
			}
		})
	}
}

func TestACertificateThatWasReplacedAlreadyIsOrderedWithoutNamingIt(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.on("/new-order", func(w http.ResponseWriter, m message) {
		if m.payload["replaces"] != nil {
			problem(w, http.StatusConflict, "alreadyReplaced", "it was replaced before")
			return
		}
		a.placed(w, m)
	})
	order, err := a.client().NewOrder(t.Context(), a.account(), OrderRequest{Hosts: []string{"x.io"}, Replaces: "id"})
	if err != nil || order.URL == "" {
		t.Errorf("the order is %q (%v)", order.URL, err)
	}
}

func TestAnInvalidOrderIsRefusedInTheAuthoritysWords(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault any
		want  string
	}{
		"with its fault":    {map[string]any{"type": problemNamespace + "caa", "detail": "CAA forbids it"}, "the order: caa: CAA forbids it"},
		"of a passing kind": {map[string]any{"type": problemNamespace + "serverInternal", "detail": "signing failed"}, "the order: serverInternal: signing failed"},
		"of a limit":        {map[string]any{"type": problemNamespace + "rateLimited", "detail": "too many looks", "status": 429}, "the order: rateLimited: too many looks"},
		"without a word":    {nil, "the order: the authority does not say why"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAuthority(t)
			a.on("/order", func(w http.ResponseWriter, _ message) {
				reply(w, http.StatusOK, map[string]any{"status": "invalid", "error": test.fault})
			})
			_, err := a.client().Order(t.Context(), a.account(), a.URL+"/order/1")
			failed, ok := errors.AsType[*Error](err)
			if !ok || failed.Kind != Refused || failed.Error() != test.want {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
		})
	}
}

// The account has orders over two pages: an older one, one for more names, one of another attempt, and the one looked
// for.
func TestAnOrderWhoseAnswerWasLostIsFoundAmongThoseOfTheAccount(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	orders := []map[string]any{
		a.order("valid", "x.io", "y.io"), a.order("pending", "x.io", "y.io", "z.io"),
		a.order("pending", "x.io", "y.io"), a.order("ready", "y.io", "x.io"),
	}
	a.on("/account", func(w http.ResponseWriter, _ message) {
		reply(w, http.StatusOK, map[string]any{"status": "valid", "orders": a.URL + "/orders/1"})
	})
	a.on("/orders", func(w http.ResponseWriter, m message) {
		if m.path == "/orders/1" {
			w.Header().Add("Link", fmt.Sprintf(`<%s/directory>;rel="index"`, a.URL))
			w.Header().Add("Link", fmt.Sprintf(`<%s/orders/2>;rel="next"`, a.URL))
			reply(w, http.StatusOK, map[string]any{"orders": []string{a.URL + "/order/0", a.URL + "/order/1"}})
			return
		}
		reply(w, http.StatusOK, map[string]any{"orders": []string{a.URL + "/order/2", a.URL + "/order/3"}})
	})
	a.on("/order", func(w http.ResponseWriter, m message) {
		var i int
		if _, err := fmt.Sscanf(m.path, "/order/%d", &i); err != nil {
			t.Error(err)
		}
		reply(w, http.StatusOK, orders[i])
	})
	held := func(url string) bool { return url == a.URL+"/order/2" }
	found, ok, err := a.client().FindOrder(t.Context(), a.account(), []string{"x.io", "y.io"}, held)
	if err != nil || !ok || found.URL != a.URL+"/order/3" || found.Status != OrderReady {
		t.Errorf("found is %v %q with status %q (%v), want the last one", ok, found.URL, found.Status, err)
	}
	if _, ok, err := a.client().FindOrder(t.Context(), a.account(), []string{"x.io"}, held); ok || err != nil {
		t.Errorf("an order for one name alone is found: %v (%v)", ok, err)
	}
}

func TestAnAuthorityThatListsNoOrdersHasNoneToBeFound(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.on("/account", func(w http.ResponseWriter, _ message) { reply(w, http.StatusOK, map[string]any{"status": "valid"}) })
	if _, ok, err := a.client().FindOrder(t.Context(), a.account(), []string{"x.io"}, nil); ok || err != nil {
		t.Errorf("an order is found: %v (%v)", ok, err)
	}
}

func TestAnOrderIsFinalizedUnderItsOwnURL(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	a.on("/finalize", func(w http.ResponseWriter, _ message) {
		w.Header().Set("Retry-After", "4")
		reply(w, http.StatusOK, a.order("processing", "x.io"))
	})
	placed := Order{URL: a.URL + "/order/1", Finalize: a.URL + "/finalize/1"}
	order, err := a.client().Finalize(t.Context(), a.account(), placed, []byte("request"))
	if err != nil || order.URL != placed.URL || order.Status != OrderProcessing || order.RetryAfter.Seconds() != 4 {
		t.Errorf("the order is %+v (%v), want one that is processed, to be looked at after 4 seconds", order, err)
	}
	if csr := a.received("/finalize/1")[0].payload["csr"]; csr != "cmVxdWVzdA" {
		t.Errorf("the request that was sent is %v", csr)
	}
}
