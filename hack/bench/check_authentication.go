// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// checkAuthentication sees that who proves nothing is refused, that a backend is told who a client is, and by nobody
// else, and that a service is asked as often as the scenario wants.
func (c *checker) checkAuthentication(ctx context.Context, asker *http.Client, base string) error {
	bare := c.client(netip.MustParseAddr("127.0.0.1"))
	defer bare.CloseIdleConnections()
	if _, err := get(ctx, bare, base+smallPath, http.StatusUnauthorized, -1); err != nil {
		return fmt.Errorf("without proof of who the client is: %w", err)
	}
	users := map[string]bool{}
	for range 4 * c.backends {
		got, err := echo(ctx, asker, base)
		if err != nil {
			return err
		}
		told := strings.Join(got.Header.Values(userField), ", ")
		if name, _, _ := strings.Cut(told, "-"); name != clientName {
			return fmt.Errorf("the backend gets %s %q, want %q or what begins with it", userField, told, clientName)
		}
		users[told] = true
	}
	// The instances of the service take turns, and each says which one it is.
	switch a := c.scenario.authentication; {
	case a == askAlways && len(users) != c.backends:
		return fmt.Errorf("%d instances of the service say who the client is, want %d: not each request is asked about", len(users), c.backends)
	case a == askOnce && len(users) != 1:
		return fmt.Errorf("%d instances of the service say who the client is, want 1: what it says is not kept", len(users))
	}
	return nil
}

// checkPasswords sees that the right password lets a client in, and that neither a wrong one does nor none.
func checkPasswords(ctx context.Context, asker *http.Client, url string) error {
	for said, want := range map[string]int{password: http.StatusOK, "wrong": http.StatusUnauthorized, "": http.StatusUnauthorized} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("asking for %s: %w", url, err)
		}
		if said != "" {
			request.SetBasicAuth(clientName, said)
		}
		if _, err := send(asker, request, want, -1); err != nil {
			return fmt.Errorf("with the password %q: %w", said, err)
		}
	}
	return nil
}
