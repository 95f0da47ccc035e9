// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

// session is a client's side of one connection after another. It uses each for as long as the responses allow and its
// user likes.
type session struct {
	*visitor
	connect func() (*wire, error)
	wire    *wire
	// left is how many further requests use the connection.
	left int
}

// perConnection bounds the requests that are sent on one connection.
const perConnection = 100

func newSession(v *visitor, connect func() (*wire, error)) *session {
	return &session{visitor: v, connect: connect}
}

// open returns the connection for the next request.
func (s *session) open() (*wire, error) {
	if s.wire == nil {
		w, err := s.connect()
		if err != nil {
			return nil, err
		}
		s.wire, s.left = w, 1+s.rnd.IntN(perConnection)
	}
	s.left--
	s.wire.extend()
	return s.wire, nil
}

// settle ends an exchange. The connection stays if it can. goesOn is false if the response or a fault ended it.
func (s *session) settle(goesOn bool) {
	if !goesOn || s.left <= 0 {
		s.close()
	}
}

func (s *session) close() {
	if s.wire != nil {
		_ = s.wire.Close()
		s.wire = nil
	}
}

// exchange sends a request without content. It gives the reply to check, which reads its content. Then it settles.
func (s *session) exchange(c *call, check func(*wire, *reply) error) error {
	w, err := s.open()
	if err != nil {
		return err
	}
	if err := s.sendInPieces(w, c.head()); err != nil {
		s.close()
		return cutOff(fmt.Errorf("%s: sending: %w", c, err))
	}
	r, err := w.receive(c.method)
	if err != nil {
		s.close()
		return fmt.Errorf("%s: %w", c, err)
	}
	if err := check(w, r); err != nil {
		s.close()
		return fmt.Errorf("%s: %w", c, err)
	}
	s.settle(r.goesOn())
	return nil
}

// sendInPieces writes a head, sometimes in several writes: it must not matter where a head is cut.
func (s *session) sendInPieces(w *wire, head string) error {
	const seldom = 16
	if s.rnd.IntN(seldom) != 0 {
		return w.send(head)
	}
	for head != "" {
		n := 1 + s.rnd.IntN(len(head))
		if err := w.send(head[:n]); err != nil {
			return err
		}
		head = head[n:]
	}
	return nil
}

// fetch gets size bytes from /bytes on a host and verifies them, in whatever framing.
func (s *session) fetch(host, query string, size int64, fields ...string) (*reply, error) {
	seed := s.rnd.Uint64()
	c := s.call("GET", host, fmt.Sprintf("/bytes/%d/%d%s", seed, size, query), fields...)
	var got *reply
	err := s.exchange(c, func(w *wire, r *reply) error {
		got = r
		if err := w.genuine(r, c, 200); err != nil {
			return err
		}
		return s.pattern.verify(r.Body, seed, size)
	})
	return got, err
}
