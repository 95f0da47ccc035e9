// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"errors"
	"net/http"
	"testing"
)

func TestADirectoryMustBeReachedByHTTPS(t *testing.T) {
	for _, directory := range []string{"", "http://authority.example/directory", "authority.example/directory", "https://", "https://%zz"} {
		if _, err := New(Options{Directory: directory}); err == nil {
			t.Errorf("%q was accepted", directory)
		}
	}
}

func TestTheDirectoryIsReadOnceAndNotKeptWhereItIsAnError(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	asked := 0
	a.on("/directory", func(w http.ResponseWriter, _ message) {
		if asked++; asked == 1 {
			problem(w, http.StatusServiceUnavailable, "serverInternal", "not yet")
			return
		}
		reply(w, http.StatusOK, a.directory)
	})
	a.on("/new-order", a.placed)
	c, account := a.client(), a.account()
	_, err := c.NewOrder(t.Context(), account, OrderRequest{Hosts: []string{"x.io"}})
	failed, ok := errors.AsType[*Error](err)
	if want := "reading the directory: serverInternal: not yet"; !ok || failed.Kind != Transient || failed.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
	for range 3 {
		if _, err := c.NewOrder(t.Context(), account, OrderRequest{Hosts: []string{"x.io"}}); err != nil {
			t.Error(err)
		}
	}
	if asked != 2 {
		t.Errorf("the directory was asked for %d times, want 2", asked)
	}
}

func TestAStepOfAnAccountThatIsNotRegisteredIsAnError(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	c, account := a.client(), Account{Key: newKey(t)}
	_, order := c.NewOrder(t.Context(), account, OrderRequest{Hosts: []string{"x.io"}})
	_, authorization := c.Authorization(t.Context(), account, a.URL+"/authorization/1")
	accept := c.Accept(t.Context(), account, Challenge{URL: a.URL + "/challenge/1"})
	for name, err := range map[string]error{"placing": order, "authorizing": authorization, "accepting": accept} {
		if !errors.Is(err, errNoAccount) {
			t.Errorf("%s: the error is %v, want that there is no account", name, err)
		}
	}
}
