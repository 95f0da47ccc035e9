// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// pipeliner sends several requests at once and reads the responses, which have to come in order.
type pipeliner struct{ *visitor }

func newPipeliner(v *visitor) client {
	p := pipeliner{v}
	return roundFunc(p.round)
}

// longestPipeline bounds the requests that are sent at once. They must all fit into the sockets' buffers.
const longestPipeline = 20

// pipelined is a request that was sent together with others.
type pipelined struct {
	*call
	check func(*wire, *reply) error
}

func (p pipeliner) round() (string, error) {
	w, err := p.dial()
	if err != nil {
		return "", err
	}
	defer func() { _ = w.Close() }()
	count := 1 + p.rnd.IntN(longestPipeline)
	requests := make([]pipelined, count)
	var all strings.Builder
	for i := range requests {
		var text string
		requests[i], text = p.request(i == count-1)
		all.WriteString(text)
	}
	rest := all.String()
	for rest != "" {
		n := len(rest)
		if p.rnd.IntN(2) == 0 {
			n = 1 + p.rnd.IntN(n)
		}
		if err := w.send(rest[:n]); err != nil {
			return "", fmt.Errorf("sending: %w", err)
		}
		rest = rest[n:]
	}
	for i, q := range requests {
		r, err := w.receive(q.method)
		if err != nil {
			return "", fmt.Errorf("%s, number %d of %d at once: %w", q, i, count, err)
		}
		if err := q.check(w, r); err != nil {
			return "", fmt.Errorf("%s, number %d of %d at once: %w", q, i, count, err)
		}
		if !r.goesOn() && r.reason != "" {
			// The answer came before the content. That ends the connection, and what follows is not served.
			return r.outcome(), w.ended()
		}
	}
	return "", w.ended()
}

// request makes a request of some kind. It returns how to check the response, and the request's text.
func (p pipeliner) request(last bool) (pipelined, string) {
	var fields []string
	if last {
		fields = append(fields, "Connection: close")
	}
	seed, size := p.rnd.Uint64(), p.rnd.Int64N(smallSize)
	target := fmt.Sprintf("/bytes/%d/%d", seed, size)
	switch p.rnd.IntN(5) {
	case 0:
		c := p.call("HEAD", stableHost, target, fields...)
		return pipelined{c, func(w *wire, r *reply) error { return w.genuine(r, c, 200) }}, c.head()
	case 1:
		c := p.call("DELETE", stableHost, "/status/204", fields...)
		return pipelined{c, func(w *wire, r *reply) error { return w.genuine(r, c, 204) }}, c.head()
	case 2:
		// The proxy answers without looking at the content. The content must not become a request of its own.
		const content = "GET /smuggled HTTP/1.1\r\nHost: " + stableHost + "\r\n\r\n"
		c := p.call("POST", stableHost, "/denied", append(fields, fmt.Sprintf("Content-Length: %d", len(content)))...)
		return pipelined{c, func(_ *wire, r *reply) error {
			if r.outcome() != "403 AccessDenied" {
				return fmt.Errorf("got %s", r.outcome())
			}
			return r.explained()
		}}, c.head() + content
	case 3:
		c := p.call("POST", stableHost, "/hash", append(fields, "Transfer-Encoding: chunked")...)
		content, receipt := p.uploadText(c, size, true)
		return pipelined{c, func(w *wire, r *reply) error { return w.sameReceipt(r, c, receipt) }}, c.head() + content
	}
	c := p.call("GET", stableHost, target, fields...)
	return pipelined{c, func(w *wire, r *reply) error {
		if err := w.genuine(r, c, 200); err != nil {
			return err
		}
		return p.pattern.verify(r.Body, seed, size)
	}}, c.head()
}
