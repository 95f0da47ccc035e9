// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// multiplexed is net/http's client of HTTP/2. It asks for several things at once on one connection, and gives some of
// them up.
type multiplexed struct {
	*visitor
	client    *http.Client
	transport *http.Transport
	// left is how many further rounds use the connection.
	left int
}

func newMultiplexedClient(v *visitor) client {
	var protocols http.Protocols
	protocols.SetHTTP2(true)
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: v.from.AsSlice()}, Timeout: roundLimit}
	t := &http.Transport{
		Protocols:          &protocols,
		DisableCompression: true,
		TLSClientConfig:    &tls.Config{RootCAs: v.authority.roots, ServerName: secureHost},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, v.secure.String())
		},
	}
	return &multiplexed{visitor: v, client: &http.Client{Transport: t, Timeout: roundLimit}, transport: t}
}

func (m *multiplexed) close() { m.transport.CloseIdleConnections() }

// atOnce bounds the streams of a round.
const atOnce = 8

func (m *multiplexed) round() (string, error) {
	if m.left--; m.left < 0 {
		m.left = m.rnd.IntN(perConnection)
		m.close()
	}
	done := make(chan error)
	n := 1 + m.rnd.IntN(atOnce)
	for range n {
		go func(one func() error) { done <- one() }(m.draw())
	}
	var errs error
	for range n {
		errs = errors.Join(errs, <-done)
	}
	return "", errs
}

// draw chooses a request. It makes all choices here, because what it returns may run beside others.
func (m *multiplexed) draw() func() error {
	seed, size := m.rnd.Uint64(), m.spread(0, secureSize)
	host := [...]string{secureHost, sharedHost}[m.rnd.IntN(2)]
	switch m.rnd.IntN(8) {
	case 0:
		chunked := m.rnd.IntN(2) == 0
		return func() error { return m.upload(host, seed, size, chunked) }
	case 1:
		after := time.Duration(m.rnd.IntN(20)) * time.Millisecond
		return func() error { return m.abandon(host, seed, after) }
	case 2:
		return func() error { return m.fetch(host, seed, size, "?chunked") }
	}
	return func() error { return m.fetch(host, seed, size%smallSize, "") }
}

// ask sends a call. check checks the content of its response.
func (m *multiplexed) ask(ctx context.Context, c *call, content io.Reader, length int64, check func(*reply) error) error {
	r, err := http.NewRequestWithContext(ctx, c.method, "https://"+c.host+c.target, content)
	if err != nil {
		return err
	}
	r.ContentLength = length
	r.Header.Set(idField, c.id)
	resp, err := m.client.Do(r)
	if err != nil {
		return fmt.Errorf("%s over HTTP/2: %w", c, err)
	}
	defer func() { _ = resp.Body.Close() }()
	got := &reply{Response: resp}
	if got.reason, err = proxyReason(resp.Header); err != nil {
		return fmt.Errorf("%s over HTTP/2: status %d: %w", c, resp.StatusCode, err)
	}
	if err := (&wire{from: m.from}).genuine(got, c, http.StatusOK); err != nil {
		return fmt.Errorf("%s over HTTP/2: %w", c, err)
	}
	if err := check(got); err != nil {
		return fmt.Errorf("%s over HTTP/2: %w", c, err)
	}
	return nil
}

func (m *multiplexed) fetch(host string, seed uint64, size int64, query string) error {
	c := m.call("GET", host, "/bytes/"+strconv.FormatUint(seed, 10)+"/"+strconv.FormatInt(size, 10)+query)
	return m.ask(context.Background(), c, nil, 0, func(r *reply) error { return m.pattern.verify(r.Body, seed, size) })
}

func (m *multiplexed) upload(host string, seed uint64, size int64, chunked bool) error {
	c := m.call("POST", host, "/hash")
	digest := sha256.New()
	length := size
	if chunked {
		length = -1
	}
	content := io.TeeReader(m.pattern.body(seed, size), digest)
	return m.ask(context.Background(), c, content, length, func(r *reply) error {
		return (&wire{from: m.from}).sameReceipt(r, c, uploadReceipt(digest.Sum(nil), size, ""))
	})
}

// abandon gives a large response up after a while, whatever has come by then.
func (m *multiplexed) abandon(host string, seed uint64, after time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), after)
	defer cancel()
	const large = 8 << 20
	c := m.call("GET", host, "/bytes/"+strconv.FormatUint(seed, 10)+"/"+strconv.Itoa(large))
	err := m.ask(ctx, c, nil, 0, func(r *reply) error { return m.pattern.verify(r.Body, seed, large) })
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}
