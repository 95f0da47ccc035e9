// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// exchangeTimeout bounds a request and its response. A test that passes does not wait that long.
const exchangeTimeout = 15 * time.Second

// request is what a test sends. The zero method is GET.
type request struct {
	method  string
	host    string
	target  string
	header  http.Header
	content string
	// secure sends it over TLS, with a client of newSecureClient.
	secure bool
}

// reply is what came back.
type reply struct {
	status int
	// reason is why the proxy answered itself. It is empty if a backend answered.
	reason string
	// arrival is what a backend says of the request.
	arrival arrival
}

// arrival is the backend's answer.
type arrival struct {
	Pod, Method, Target, Host string
	Header                    http.Header
}

var reasonIn = regexp.MustCompile(`^warren; error=[a-z_]+; details="([A-Za-z]+)"$`)

// newClient makes a client that reaches every host at the data plane's address. It follows no redirect and uses no
// proxy.
func newClient(keepAlive bool) *http.Client { return newSecureClient(keepAlive, nil) }

// newSecureClient is newClient for a client that trusts these authorities.
func newSecureClient(keepAlive bool, authorities *x509.CertPool) *http.Client {
	dialer := &net.Dialer{Timeout: exchangeTimeout}
	return &http.Client{
		Timeout:       exchangeTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				at := warren.http
				if strings.HasSuffix(address, ":443") {
					at = warren.https
				}
				return dialer.DialContext(ctx, network, at)
			},
			TLSClientConfig:     &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12},
			DisableKeepAlives:   !keepAlive,
			MaxIdleConnsPerHost: 64,
			DisableCompression:  true,
		},
	}
}

// exchange sends a request and reads the whole response.
func exchange(ctx context.Context, client *http.Client, r request) (*reply, error) {
	scheme := "http://"
	if r.secure {
		scheme = "https://"
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, scheme+r.host+r.target, strings.NewReader(r.content))
	if err != nil {
		return nil, err
	}
	for name, values := range r.header {
		sent.Header[name] = values
	}
	response, err := client.Do(sent)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the content: %w", err)
	}
	got := &reply{status: response.StatusCode}
	if field := response.Header.Get("Proxy-Status"); field != "" {
		match := reasonIn.FindStringSubmatch(field)
		if match == nil {
			return nil, fmt.Errorf("the field Proxy-Status is %q: there is no reason in it", field)
		}
		got.reason = match[1]
		return got, nil
	}
	if got.status == http.StatusOK {
		if err := json.Unmarshal(body, &got.arrival); err != nil {
			return nil, fmt.Errorf("the answer is not the backend's: %w\n%s", err, body)
		}
	}
	return got, nil
}

// everywhere sends requests on new connections, which reach all replicas. It returns once check accepted so many
// replies in a row. It returns the last one, and how long it took.
func everywhere(t *testing.T, what string, r request, check func(*reply) error) (*reply, time.Duration) {
	t.Helper()
	const inARow = 20
	client := newClient(false)
	var last *reply
	took := eventually(t, what, func(ctx context.Context) error {
		for range inARow {
			got, err := exchange(ctx, client, r)
			if err != nil {
				return err
			}
			if err := check(got); err != nil {
				return err
			}
			last = got
		}
		return nil
	})
	return last, took
}

// answered returns a check: a pod of the Deployment of that name answered.
func answered(deployment string) func(*reply) error {
	return func(got *reply) error {
		if got.status != http.StatusOK || !strings.HasPrefix(got.arrival.Pod, deployment+"-") {
			return fmt.Errorf("the answer is %d %s from pod %q, want one from %s", got.status, got.reason, got.arrival.Pod, deployment)
		}
		return nil
	}
}

// refused returns a check: the proxy answered with that status and reason.
func refused(status int, reason string) func(*reply) error {
	return func(got *reply) error {
		if got.status != status || got.reason != reason {
			return fmt.Errorf("the answer is %d %q from pod %q, want %d %q", got.status, got.reason, got.arrival.Pod, status, reason)
		}
		return nil
	}
}
