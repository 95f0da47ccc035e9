// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// slowClient sends and reads little by little, but always fast enough for all timeouts.
type slowClient struct{ *visitor }

func newSlowClient(v *visitor) client {
	s := slowClient{v}
	return roundFunc(s.round)
}

const (
	// A slow head comes in slowHeadPieces, slowPause apart. That is well within the time for a whole head.
	slowHeadPieces = 10
	// Slow content comes in slowPieces, slowPause apart. Each pause is well within the time for a wait.
	slowPieces = 30
	slowPause  = 100 * time.Millisecond
	// A slow reader takes slowRead bytes at a time, of about slowSize, in a small window.
	slowSize   = 1 << 20
	slowRead   = 32 << 10
	slowWindow = 32 << 10
)

func (s slowClient) round() (string, error) {
	switch s.rnd.IntN(3) {
	case 0:
		return "slow head", s.head()
	case 1:
		return "slow content", s.content()
	}
	return "slow reader", s.reader()
}

// head sends a head bit by bit.
func (s slowClient) head() error {
	w, err := s.dial()
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	c := s.call("GET", stableHost, "/bytes/7/100")
	head := c.head()
	if err := w.sendSlowly(head, slowHeadPieces); err != nil {
		return cutOff(fmt.Errorf("%s: sending: %w", c, err))
	}
	r, err := w.receive(c.method)
	if err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	if err := w.genuine(r, c, 200); err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	return s.pattern.verify(r.Body, 7, 100)
}

// sendSlowly sends a text in pieces.
func (w *wire) sendSlowly(text string, pieces int) error {
	for i := range pieces {
		if err := w.send(text[i*len(text)/pieces : (i+1)*len(text)/pieces]); err != nil {
			return err
		}
		time.Sleep(slowPause)
	}
	return nil
}

// content sends content in small pieces with pauses, with a length or in chunks.
func (s slowClient) content() error {
	session := newSession(s.visitor, s.dial)
	defer session.close()
	w, err := session.open()
	if err != nil {
		return err
	}
	chunked := s.rnd.IntN(2) == 0
	size := int64(slowPieces * (1 + s.rnd.IntN(100)))
	framing := fmt.Sprintf("Content-Length: %d", size)
	if chunked {
		framing = "Transfer-Encoding: chunked"
	}
	c := s.call("POST", stableHost, "/hash", framing)
	text, receipt := s.uploadText(c, size, chunked)
	if err := w.send(c.head()); err != nil {
		return fmt.Errorf("%s: sending: %w", c, err)
	}
	if err := w.sendSlowly(text, slowPieces); err != nil {
		return cutOff(fmt.Errorf("%s: sending: %w", c, err))
	}
	if _, err := w.checkReceipt(c, receipt); err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	return nil
}

// reader reads a response slowly. Nobody else may have to wait for it.
func (s slowClient) reader() error {
	w, err := s.dial()
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	if err := w.tcp.SetReadBuffer(slowWindow); err != nil {
		return fmt.Errorf("setting the window: %w", err)
	}
	seed, size := s.rnd.Uint64(), s.spread(slowRead, slowSize)
	c := s.call("GET", stableHost, fmt.Sprintf("/bytes/%d/%d?chunked", seed, size))
	if err := w.send(c.head()); err != nil {
		return fmt.Errorf("%s: sending: %w", c, err)
	}
	r, err := w.receive(c.method)
	if err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	if err := w.genuine(r, c, 200); err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	if err := s.pattern.verify(&pausingReader{in: r.Body}, seed, size); err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	return nil
}

// pausingReader pauses after every slowRead bytes.
type pausingReader struct {
	in   io.Reader
	read int
}

func (p *pausingReader) Read(b []byte) (int, error) {
	n, err := p.in.Read(b)
	if p.read += n; p.read >= slowRead {
		p.read = 0
		time.Sleep(slowPause)
	}
	return n, err
}

// stalledClient stops in the midst of something. The proxy has to give it up.
type stalledClient struct{ *visitor }

func newStalledClient(v *visitor) client {
	s := stalledClient{v}
	return roundFunc(s.round)
}

func (s stalledClient) round() (string, error) {
	w, err := s.dial()
	if err != nil {
		return "", err
	}
	defer func() { _ = w.Close() }()
	switch s.rnd.IntN(4) {
	case 0:
		head := s.call("GET", stableHost, "/bytes/1/1").head()
		return "in the head", s.timedOut(w, head[:1+s.rnd.IntN(len(head)-1)])
	case 1:
		c := s.call("POST", stableHost, "/partial", "Content-Length: 100")
		return "in the content", s.timedOut(w, c.head()+strings.Repeat("x", s.rnd.IntN(100)))
	case 2:
		c := s.call("POST", stableHost, "/partial", "Transfer-Encoding: chunked")
		const text = "5\r\nhello\r\n10;a=b\r\n0123456789abcdef\r\n0\r\nX-A: b\r\n\r\n"
		return "in a chunk", s.timedOut(w, c.head()+text[:s.rnd.IntN(len(text))])
	}
	return "while reading", s.overdue(w)
}

// timedOut sends the beginning of a request and waits for the 408.
func (s stalledClient) timedOut(w *wire, beginning string) error {
	if err := w.send(beginning); err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	r, err := w.receive("GET")
	if err != nil {
		return fmt.Errorf("after %q: %w", beginning, err)
	}
	if r.outcome() != "408 RequestTimeout" {
		return fmt.Errorf("after %q got %s", beginning, r.outcome())
	}
	if err := r.explained(); err != nil {
		return err
	}
	return w.ended()
}

// overdue asks for much and reads nothing of it until the proxy must have given it up.
func (s stalledClient) overdue(w *wire) error {
	if err := w.tcp.SetReadBuffer(slowWindow); err != nil {
		return fmt.Errorf("setting the window: %w", err)
	}
	c := s.call("GET", stableHost, fmt.Sprintf("/bytes/1/%d", largestDownload))
	if err := w.send(c.head()); err != nil {
		return fmt.Errorf("%s: sending: %w", c, err)
	}
	if err := w.awaitReset(); err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	return nil
}
