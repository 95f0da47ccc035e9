// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
)

// oldClient speaks HTTP/1.0, with and without keep-alive.
type oldClient struct{ *session }

func newOldClient(v *visitor) client { return oldClient{newSession(v, v.dial)} }

func (o oldClient) round() (string, error) {
	if o.rnd.IntN(8) == 0 {
		return "", o.nameless()
	}
	query, fields, keep := "", []string{}, o.rnd.IntN(2) == 0
	if o.rnd.IntN(2) == 0 {
		query = "?chunked"
	}
	if keep {
		fields = append(fields, "Connection: keep-alive")
	}
	seed, size := o.rnd.Uint64(), o.spread(0, smallestDownload)
	c := o.call("GET", stableHost, fmt.Sprintf("/bytes/%d/%d%s", seed, size, query), fields...)
	c.version = "HTTP/1.0"
	return "", o.exchange(c, func(w *wire, r *reply) error {
		if err := w.genuine(r, c, 200); err != nil {
			return err
		}
		if len(r.TransferEncoding) > 0 {
			return fmt.Errorf("the response is in the coding %q", r.TransferEncoding)
		}
		if err := o.pattern.verify(r.Body, seed, size); err != nil {
			return err
		}
		// Content of unknown length ends with the connection.
		if stays := keep && query == ""; r.goesOn() != stays {
			return fmt.Errorf("the connection stays %t instead of %t", r.goesOn(), stays)
		}
		if r.goesOn() {
			return nil
		}
		return w.ended()
	})
}

// nameless sends no Host, as HTTP/1.0 allows.
func (o oldClient) nameless() error {
	w, err := o.dial()
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	if err := w.send("GET /bytes/1/1 HTTP/1.0\r\n\r\n"); err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	r, err := w.receive("GET")
	if err != nil {
		return err
	}
	if r.outcome() != "404 RouteNotFound" {
		return errors.New("without a Host got " + r.outcome())
	}
	if err := r.explained(); err != nil {
		return err
	}
	return w.ended()
}
