// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/warren-dev/ingress/proxy/addresses"
)

// longestHead bounds the head of an answer, in bytes.
const longestHead = 64 << 10

// newClient returns a client that asks for sets, at addresses of the controller's own machine too if local is set. It
// keeps no connection, because it asks once in minutes. It follows no redirection, and uses no proxy of the
// environment: either would ask an address that nobody has checked.
func newClient(local bool, timeout time.Duration) *http.Client {
	refuse := func(_, address string, _ syscall.RawConn) error { return refused(address, local) }
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: timeout, Control: refuse}).DialContext,
			DisableKeepAlives:      true,
			TLSHandshakeTimeout:    timeout,
			MaxResponseHeaderBytes: longestHead,
		},
	}
}

// refused returns why no set of keys may be at an address that a name has led to.
func refused(address string, local bool) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	for _, meant := range addresses.Meanings(at.Addr().Unmap().WithZone("")) {
		switch {
		case addresses.IsMetadata(meant):
			return fmt.Errorf("%s is a metadata service's address, where no key set may be", at.Addr())
		case !local && (meant.IsLoopback() || meant.IsLinkLocalUnicast()):
			return fmt.Errorf("%s is an address of the controller's own machine, where no key set may be", at.Addr())
		case addresses.IsNobody(meant):
			return fmt.Errorf("%s cannot be connected to", at.Addr())
		}
	}
	return nil
}

// get fetches a set.
func get(client *http.Client, url string) (*keys, error) {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	request.Header.Set("User-Agent", "warren-ingress")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	switch {
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return nil, fmt.Errorf("the server answered %d, and redirections are not followed: write the URL that it leads to",
			response.StatusCode)
	case response.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the server answered %d in place of 200", response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, LongestSet+1))
	if err != nil {
		return nil, fmt.Errorf("the key set broke off: %w", err)
	}
	return readKeys(text)
}
