// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// cautiousClient asks before it sends content. It sends the content only if it is told to.
type cautiousClient struct{ *session }

func newCautiousClient(v *visitor) client { return cautiousClient{newSession(v, v.dial)} }

// cautiousSize bounds the uploads of clients that ask first.
const cautiousSize = 1 << 20

func (c cautiousClient) round() (string, error) {
	const seldom = 4
	if c.rnd.IntN(seldom) == 0 {
		return "told not to", c.refused()
	}
	return "", c.invited()
}

// invited sends the content after the 100.
func (c cautiousClient) invited() error {
	size := c.spread(1, cautiousSize)
	q := c.call("PUT", stableHost, "/hash", fmt.Sprintf("Content-Length: %d", size), "Expect: 100-continue")
	w, err := c.open()
	if err != nil {
		return err
	}
	goesOn, err := c.invite(w, q, size)
	if err != nil {
		c.close()
		return fmt.Errorf("%s of %d bytes: %w", q, size, err)
	}
	c.settle(goesOn)
	return nil
}

func (c cautiousClient) invite(w *wire, q *call, size int64) (goesOn bool, err error) {
	if err := w.send(q.head()); err != nil {
		return false, fmt.Errorf("sending the head: %w", err)
	}
	line, err := w.in.ReadString('\n')
	if err != nil {
		return false, fmt.Errorf("waiting for the 100: %w", err)
	}
	if line != "HTTP/1.1 100 Continue\r\n" {
		return false, fmt.Errorf("got %q instead of the 100", line)
	}
	if err := w.expect("\r\n"); err != nil {
		return false, fmt.Errorf("reading the rest of the 100: %w", err)
	}
	out := bufio.NewWriter(w)
	receipt, err := c.writeUpload(out, q, size, false)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return false, fmt.Errorf("sending the content: %w", err)
	}
	return w.checkReceipt(q, receipt)
}

// refused gets a final response at once, and never sends the content.
func (c cautiousClient) refused() error {
	q := c.call("POST", stableHost, "/early", "Content-Length: 100000", "Expect: 100-continue")
	err := c.exchange(q, func(w *wire, r *reply) error {
		if len(r.informational) > 0 {
			return fmt.Errorf("got %d before the refusal", r.informational)
		}
		return w.genuine(r, q, http.StatusRequestEntityTooLarge)
	})
	c.close()
	return err
}

// hastyClient sends content to an endpoint that answers without reading it.
type hastyClient struct{ *visitor }

func newHastyClient(v *visitor) client {
	h := hastyClient{v}
	return roundFunc(h.round)
}

const (
	// Content of up to certainSize is read and dropped on the way, so that the client certainly gets the answer. A client
	// that sends more than anybody reads may lose it (RFC 9112, section 9.6).
	certainSize = 100 << 10
	hastySize   = 8 << 20
	lostAnswer  = "the answer was lost"
)

func (h hastyClient) round() (string, error) {
	w, err := h.dial()
	if err != nil {
		return "", err
	}
	defer func() { _ = w.Close() }()
	size := h.spread(1, hastySize)
	c := h.call("POST", stableHost, "/early", fmt.Sprintf("Content-Length: %d", size))
	_, sendErr := io.Copy(w, io.MultiReader(strings.NewReader(c.head()), h.pattern.body(1, size)))
	r, err := w.receive(c.method)
	outcome := lostAnswer
	if err == nil {
		outcome = r.outcome()
	}
	allowed := []string{"413"}
	if size > certainSize {
		allowed = append(allowed, lostAnswer, resetAnswer)
	}
	if !slices.Contains(allowed, outcome) {
		unexpected := fmt.Errorf("%s of %d bytes: got %s instead of %q", c, size, outcome, allowed)
		return "", timely(outcome, errors.Join(unexpected, sendErr, err))
	}
	return outcome, nil
}
