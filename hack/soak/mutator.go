// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// mutator changes a few bytes of proper requests. Nobody knows beforehand what that makes of them. But every answer
// must be the proxy's own, or that of an endpoint that understood what it got.
type mutator struct{ *visitor }

func newMutator(v *visitor) client {
	m := mutator{v}
	return roundFunc(m.round)
}

// mostMutations bounds the changes to one request.
const mostMutations = 4

func (m mutator) round() (string, error) {
	texts := []string{
		"GET /a/b?c=d HTTP/1.1\r\nHost: " + mutantHost + "\r\nAccept: */*\r\n\r\n",
		"GET http://" + mutantHost + "/a/../b HTTP/1.1\r\nHost: " + mutantHost + "\r\nConnection: keep-alive, X-A\r\nX-A: b\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: " + mutantHost + ":80\r\nContent-Length: 12\r\n\r\nhello, world",
		"PUT / HTTP/1.1\r\nHost: " + mutantHost + "\r\nTransfer-Encoding: chunked\r\nTrailer: X-B\r\n\r\n5\r\nhello\r\n7;a=b\r\n, world\r\n0\r\nX-B: c\r\n\r\n",
		"HEAD / HTTP/1.0\r\nHost: " + mutantHost + "\r\nConnection: keep-alive\r\n\r\n",
	}
	text := []byte(texts[m.rnd.IntN(len(texts))])
	for range 1 + m.rnd.IntN(mostMutations) {
		text = m.mutate(text)
	}
	last := "GET / HTTP/1.1\r\nHost: " + mutantHost + "\r\nConnection: close\r\n\r\n"
	if err := m.send(string(text) + last); err != nil {
		return "", fmt.Errorf("%q: %w", text, err)
	}
	return "", nil
}

func (m mutator) mutate(text []byte) []byte {
	const telling = "\r\n\t :;,./%?#[]@\\\x00\x7f\x80\"0123456789abcdefxHTP"
	i, c := m.rnd.IntN(len(text)), telling[m.rnd.IntN(len(telling))]
	switch m.rnd.IntN(4) {
	case 0: // a byte less
		return append(text[:i:i], text[i+1:]...)
	case 1: // a byte more
		return append(append(text[:i:i], c), text[i:]...)
	case 2: // a piece twice
		end := i + m.rnd.IntN(len(text)-i)
		return append(append(text[:end:end], text[i:end]...), text[end:]...)
	}
	text[i] = c
	return text
}

// send sends the requests and looks at all answers that come.
func (m mutator) send(requests string) error {
	w, err := m.dial()
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	if err := w.send(requests); err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	method, _, _ := strings.Cut(requests, " ")
	for {
		r, err := w.receive(method)
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case r.reason == "" && r.Header.Get(serverField) != "anything":
			text, _ := io.ReadAll(r.Body)
			return fmt.Errorf("an endpoint that took it for no request answered %d: %q", r.StatusCode, text)
		case r.StatusCode >= 500 && r.reason != "VersionNotSupported" && r.reason != "MethodNotSupported":
			return timely(r.outcome(), fmt.Errorf("got %s", r.outcome()))
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return fmt.Errorf("reading the content of %s: %w", r.outcome(), err)
		}
		if !r.goesOn() && r.reason != "" && method == "HEAD" {
			return nil // if a request line was not understood, nobody knows whether it wants only a head
		}
		if !r.goesOn() {
			return w.ended()
		}
		method = "GET"
	}
}
