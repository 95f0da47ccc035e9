// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// aborter goes away in the midst of something. It sees nothing of what comes of that. The endpoints check that an
// upload that breaks off never looks whole, and that the proxy stops waiting for an answer that nobody wants. The end
// of the run checks that nothing is left of it.
type aborter struct{ *visitor }

func newAborter(v *visitor) client {
	a := aborter{v}
	return roundFunc(a.round)
}

const (
	// longestStay is how long it waits at most for an answer before it goes away.
	longestStay   = 600 * time.Millisecond
	abortedUpload = 1 << 20
)

func (a aborter) round() (string, error) {
	ways := []struct {
		name string
		run  func(*wire) error
	}{
		{"before the head", func(*wire) error { return nil }},
		{"in the head", a.head},
		{"in the content", a.content},
		{"in a chunk", a.chunk},
		{"while waiting", a.waiting},
		{"after an early end", a.halfClosed},
		{"while reading", a.reading},
		{"in the handshake", nil},
	}
	way := ways[a.rnd.IntN(len(ways))]
	address := a.plain
	if way.run == nil {
		way.run, address = a.handshake, a.secure
	}
	w, err := a.dialTo(address)
	if err != nil {
		return "", err
	}
	if err := way.run(w); err != nil {
		_ = w.Close()
		return "", fmt.Errorf("%s: %w", way.name, err)
	}
	if a.rnd.IntN(2) == 0 {
		w.abort()
		return way.name, nil
	}
	_ = w.Close()
	return way.name, nil
}

func (a aborter) head(w *wire) error {
	head := a.call("GET", stableHost, "/bytes/1/1").head()
	return w.send(head[:a.rnd.IntN(len(head))])
}

func (a aborter) content(w *wire) error {
	c := a.call("POST", stableHost, "/partial", fmt.Sprintf("Content-Length: %d", abortedUpload))
	if err := w.send(c.head()); err != nil {
		return err
	}
	_, err := io.Copy(w, a.pattern.body(1, a.spread(1, abortedUpload)-1))
	return err
}

func (a aborter) chunk(w *wire) error {
	c := a.call("POST", stableHost, "/partial", "Transfer-Encoding: chunked")
	return w.send(c.head() + strings.Repeat("5\r\nhello\r\n", a.rnd.IntN(100)) + "0\r\nX-Last: 1\r\n"[:a.rnd.IntN(14)])
}

func (a aborter) waiting(w *wire) error {
	if err := w.send(a.call("GET", stableHost, "/abandoned").head()); err != nil {
		return err
	}
	time.Sleep(time.Duration(a.rnd.Int64N(int64(longestStay))))
	return nil
}

// halfClosed ends its half right after the request. The proxy takes a client for gone that does so before the answer is
// there.
func (a aborter) halfClosed(w *wire) error {
	if err := w.send(a.call("GET", stableHost, "/abandoned").head()); err != nil {
		return err
	}
	if err := w.closeWrite(); err != nil {
		return err
	}
	if _, err := w.receive("GET"); err == nil {
		return fmt.Errorf("got an answer that no endpoint gives")
	}
	return nil
}

func (a aborter) reading(w *wire) error {
	if err := w.send(a.call("GET", stableHost, fmt.Sprintf("/bytes/1/%d?chunked", largestUpload)).head()); err != nil {
		return err
	}
	r, err := w.receive("GET")
	if err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, r.Body, a.rnd.Int64N(largestUpload/2))
	return err
}

// handshake sends the beginning of a record that never ends.
func (a aborter) handshake(w *wire) error {
	return w.send("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[:a.rnd.IntN(12)])
}
