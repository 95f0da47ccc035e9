// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// checker asks a proxy, before it is measured, whether it does what the scenario wants. A proxy that does less would be
// faster.
type checker struct {
	scenario    *scenario
	proxy       *running
	certificate *x509.Certificate
	backends    int
	// token proves who a client is, where tokens are verified.
	token string
}

// answers returns nil when the proxy has begun to serve its configuration. Some proxies listen before they have read
// it.
func (c *checker) answers(ctx context.Context) error {
	asker := c.asker(netip.MustParseAddr("127.0.0.1"))
	defer asker.CloseIdleConnections()
	last := c.scenario.hosts[len(c.scenario.hosts)-1]
	_, err := get(ctx, asker, c.scheme()+"://"+last+strings.TrimSuffix(c.scenario.paths[0], "/")+smallPath, http.StatusOK, smallBody)
	return err
}

func (c *checker) scheme() string {
	if c.scenario.https {
		return "https"
	}
	return "http"
}

// check returns nil if the proxy does all of it. It asks as a browser would, through net/http.
func (c *checker) check(ctx context.Context) error {
	port, prefix := c.proxy.http.Port(), ""
	if c.scenario.https {
		port = c.proxy.https.Port()
	}
	if c.scenario.policies {
		prefix = policyPath
	}
	asker := c.asker(netip.MustParseAddr("127.0.0.1"))
	defer asker.CloseIdleConnections()
	base := c.scheme() + "://" + c.scenario.hosts[0] + prefix
	if len(c.scenario.hosts) > 1 {
		return c.checkHosts(ctx, asker)
	}
	for path, size := range map[string]int{smallPath: smallBody, mediumPath: mediumBody, largePath: largeBody} {
		if _, err := get(ctx, asker, base+path, http.StatusOK, size); err != nil {
			return err
		}
	}
	if c.proxy.proxy.name() == floorName {
		return nil
	}
	if c.scenario.compression {
		if err := c.checkCompression(ctx, asker, base); err != nil {
			return err
		}
	}
	if c.scenario.conditions {
		if err := c.checkConditions(ctx, base); err != nil {
			return err
		}
	}
	if c.scenario.passwords {
		if err := checkPasswords(ctx, asker, base+privatePath+smallPath); err != nil {
			return err
		}
	}
	if c.scenario.authentication != "" {
		if err := c.checkAuthentication(ctx, asker, base); err != nil {
			return err
		}
	}
	if err := c.checkForwarded(ctx, asker, base, port); err != nil {
		return err
	}
	if err := c.checkUpload(ctx, asker, base); err != nil {
		return err
	}
	if err := c.checkBackends(ctx, asker, base); err != nil {
		return err
	}
	if c.scenario.https {
		return c.checkTLS(ctx, asker, base)
	}
	if c.scenario.policies {
		return c.checkPolicies(ctx, asker)
	}
	return nil
}

// checkCompression sees that a document is compressed, and is still the same.
func (c *checker) checkCompression(ctx context.Context, asker *http.Client, base string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+documentPath, nil)
	if err != nil {
		return fmt.Errorf("asking for a document: %w", err)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	a, err := send(asker, request, http.StatusOK, -1)
	if err != nil {
		return err
	}
	if coding := a.header.Get("Content-Encoding"); coding != "gzip" {
		return fmt.Errorf("a document is encoded by %q, want gzip", coding)
	}
	decoder, err := gzip.NewReader(bytes.NewReader(a.body))
	if err != nil {
		return fmt.Errorf("decoding a document: %w", err)
	}
	decoded, err := io.ReadAll(decoder)
	if err != nil || !bytes.Equal(decoded, document()) {
		return fmt.Errorf("a document of %d bytes is decoded to %d others: %w", documentBody, len(decoded), cmp.Or(err, errors.New("it is another")))
	}
	return nil
}

// checkConditions sees that a request without a field that the rule wants is not the rule's.
func (c *checker) checkConditions(ctx context.Context, base string) error {
	bare := c.client(netip.MustParseAddr("127.0.0.1"))
	defer bare.CloseIdleConnections()
	if _, err := get(ctx, bare, base+smallPath, http.StatusNotFound, -1); err != nil {
		return fmt.Errorf("without the fields that the rule wants: %w", err)
	}
	return nil
}

// fielded sends fields besides those of each request.
type fielded struct {
	http.RoundTripper
	fields []field
}

// RoundTrip implements http.RoundTripper.
func (f fielded) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	for _, added := range f.fields {
		request.Header.Set(added.Name, added.Value)
	}
	return f.RoundTripper.RoundTrip(request)
}

// CloseIdleConnections makes http.Client's reach the transport.
func (f fielded) CloseIdleConnections() { f.RoundTripper.(*http.Transport).CloseIdleConnections() }

// asker returns a client that sends from source, and to the proxy for any host, what the scenario's rules are for.
// Where clients prove who they are, it also claims to be somebody else, as anybody can.
func (c *checker) asker(source netip.Addr) *http.Client {
	asker := c.client(source)
	switch {
	case c.scenario.conditions:
		asker.Transport = fielded{asker.Transport, routeFields()}
	case c.scenario.authentication != "":
		asker.Transport = fielded{asker.Transport, []field{c.scenario.authentication.credential(c.token), {userField, "mallory"}}}
	}
	return asker
}

// client returns a client that sends from source, and to the proxy for any host.
func (c *checker) client(source netip.Addr) *http.Client {
	roots := x509.NewCertPool()
	roots.AddCert(c.certificate)
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: source.AsSlice()}}
	return &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				to := c.proxy.http
				if strings.HasSuffix(address, ":443") {
					to = c.proxy.https
				}
				return dialer.DialContext(ctx, network, to.String())
			},
			TLSClientConfig: &tls.Config{
				RootCAs: roots, MinVersion: tls.VersionTLS13, CurvePreferences: clientTLS("").CurvePreferences,
			},
			DisableCompression: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what a response held.
type answer struct {
	header http.Header
	body   []byte
	tls    *tls.ConnectionState
}

// get asks for url and wants the status and, unless it is negative, the size of the answer.
func get(ctx context.Context, asker *http.Client, url string, status, size int) (*answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", url, err)
	}
	return send(asker, request, status, size)
}

func send(asker *http.Client, request *http.Request, status, size int) (*answer, error) {
	response, err := asker.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the answer of %s: %w", request.URL, err)
	case response.StatusCode != status:
		return nil, fmt.Errorf("%s is answered with %s, want %d", request.URL, response.Status, status)
	case size >= 0 && len(body) != size:
		return nil, fmt.Errorf("%s is answered with %d bytes, want %d", request.URL, len(body), size)
	}
	return &answer{header: response.Header, body: body, tls: response.TLS}, nil
}

// checkForwarded looks at what a backend gets.
func (c *checker) checkForwarded(ctx context.Context, asker *http.Client, base string, port uint16) error {
	got, err := echo(ctx, asker, base)
	if err != nil {
		return err
	}
	wanted := map[string]string{
		"X-Forwarded-For":   "127.0.0.1",
		"X-Forwarded-Proto": c.scheme(),
		"X-Forwarded-Host":  c.scenario.hosts[0],
		"X-Real-Ip":         "127.0.0.1",
	}
	for name, want := range wanted {
		if value := strings.Join(got.Header.Values(name), ", "); value != want {
			return fmt.Errorf("the backend gets %s %q, want %q", name, value, want)
		}
	}
	// Traefik sends the port that the client asked for, not the one that it listens on. If Host names none, that is the
	// scheme's.
	asked := map[string]string{"http": "80", "https": "443"}[c.scheme()]
	if value := got.Header.Get("X-Forwarded-Port"); value != fmt.Sprint(port) && value != asked {
		return fmt.Errorf("the backend gets X-Forwarded-Port %q, want %d or %s", value, port, asked)
	}
	if got.Host != c.scenario.hosts[0] {
		return fmt.Errorf("the backend gets the host %q, want %q", got.Host, c.scenario.hosts[0])
	}
	return nil
}

// echo returns a request as the backend got it.
func echo(ctx context.Context, asker *http.Client, base string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+echoPath, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", base+echoPath, err)
	}
	request.Header.Set(requestSetField, "client")
	request.Header.Set(requestRemoveField, "client")
	a, err := send(asker, request, http.StatusOK, -1)
	if err != nil {
		return nil, err
	}
	got, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(a.body))))
	if err != nil {
		return nil, fmt.Errorf("reading the request that the backend got: %w", err)
	}
	return got, nil
}

func (c *checker) checkUpload(ctx context.Context, asker *http.Client, base string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+smallPath, strings.NewReader(strings.Repeat("x", uploadBody)))
	if err != nil {
		return fmt.Errorf("uploading: %w", err)
	}
	if _, err := send(asker, request, http.StatusOK, smallBody); err != nil {
		return fmt.Errorf("uploading: %w", err)
	}
	return nil
}

// checkBackends sees that all backends take requests.
func (c *checker) checkBackends(ctx context.Context, asker *http.Client, base string) error {
	seen := map[string]bool{}
	tries := 4 * c.backends
	if c.scenario.conditions {
		tries = 100 // one of them takes a fifth, by chance
	}
	for range tries {
		a, err := get(ctx, asker, base+smallPath, http.StatusOK, smallBody)
		if err != nil {
			return err
		}
		seen[a.header.Get(backendField)] = true
	}
	if len(seen) != c.backends {
		return fmt.Errorf("%d backends take requests, want %d", len(seen), c.backends)
	}
	return nil
}

func (c *checker) checkHosts(ctx context.Context, asker *http.Client) error {
	hosts, paths := c.scenario.hosts, c.scenario.paths
	for _, host := range []string{hosts[0], hosts[len(hosts)/2], hosts[len(hosts)-1]} {
		for _, path := range paths {
			if _, err := get(ctx, asker, "http://"+host+path+smallPath, http.StatusOK, smallBody); err != nil {
				return err
			}
		}
	}
	for what, url := range map[string]string{
		"a host that is not configured": "http://other.bench.test" + paths[0] + smallPath,
		"a path that is not configured": "http://" + hosts[0] + "/other" + smallPath,
	} {
		if _, err := get(ctx, asker, url, http.StatusOK, -1); err == nil {
			return fmt.Errorf("%s is answered with 200", what)
		}
	}
	if !c.scenario.expressions {
		return nil
	}
	got, err := echo(ctx, asker, "http://"+hosts[0]+strings.ToUpper(paths[0]))
	if err == nil && got.URL.Path != echoPath {
		err = fmt.Errorf("the backend gets the path %q, want %q", got.URL.Path, echoPath)
	}
	return err
}

// checkTLS sees that all proxies agree on the same. The client has verified the certificate.
func (c *checker) checkTLS(ctx context.Context, asker *http.Client, base string) error {
	a, err := get(ctx, asker, base+smallPath, http.StatusOK, smallBody)
	if err != nil {
		return err
	}
	if a.tls.CipherSuite != tls.TLS_AES_128_GCM_SHA256 || a.tls.CurveID != tls.X25519 {
		return fmt.Errorf("the proxy chose %s with %s, want TLS_AES_128_GCM_SHA256 with X25519 like the others",
			tls.CipherSuiteName(a.tls.CipherSuite), a.tls.CurveID)
	}
	return nil
}

func (c *checker) checkPolicies(ctx context.Context, asker *http.Client) error {
	base := "http://" + c.scenario.hosts[0]
	got, err := echo(ctx, asker, base+policyPath)
	if err != nil {
		return err
	}
	for name, want := range map[string]string{requestAddField: addedValue, requestSetField: setByProxy, requestRemoveField: ""} {
		if value := strings.Join(got.Header.Values(name), ", "); value != want {
			return fmt.Errorf("the backend gets %s %q, want %q", name, value, want)
		}
	}
	if got.URL.Path != echoPath {
		return fmt.Errorf("the backend gets the path %q, want %q", got.URL.Path, echoPath)
	}
	a, err := get(ctx, asker, base+policyPath+smallPath, http.StatusOK, smallBody)
	if err != nil {
		return err
	}
	for name, want := range map[string]string{responseAddField: addedValue, responseSetField: setByProxy, poweredByField: ""} {
		if value := strings.Join(a.header.Values(name), ", "); value != want {
			return fmt.Errorf("the client gets %s %q, want %q", name, value, want)
		}
	}
	denied := c.asker(netip.MustParseAddr(deniedAddress))
	defer denied.CloseIdleConnections()
	if _, err := get(ctx, denied, base+policyPath+smallPath, http.StatusForbidden, -1); err != nil {
		return fmt.Errorf("from a denied address: %w", err)
	}
	return checkLimit(ctx, asker, base+limitedPath+smallPath)
}

// checkLimit sends more requests than the low limit lets through in that time.
func checkLimit(ctx context.Context, asker *http.Client, url string) error {
	const requests = 10
	for range requests {
		_, err := get(ctx, asker, url, http.StatusTooManyRequests, -1)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errors.New("no request exceeds a limit of one per second: the limit does not act")
}
