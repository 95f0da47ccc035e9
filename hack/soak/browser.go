// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"strconv"
)

// browser asks for small things on a connection that it keeps.
type browser struct{ *session }

// smallSize bounds content that is about as large as most.
const smallSize = 16 << 10

func newBrowser(v *visitor) client { return browser{newSession(v, v.dial)} }

func (b browser) round() (string, error) {
	switch b.rnd.IntN(8) {
	case 0:
		return "", b.head()
	case 1:
		return "", b.status()
	case 2:
		return "", b.crooked()
	case 3:
		// What an untrusted client says of itself and of its connection must reach nobody.
		_, err := b.fetch(stableHost, "", b.size(), "X-Forwarded-For: 6.6.6.6", "X-Real-IP: 6.6.6.6",
			"X-Forwarded-Proto: gopher", "Connection: "+hopField, hopField+": mine")
		return "", err
	case 4:
		_, err := b.fetch(strconv.Itoa(b.rnd.IntN(1000))+wildcardHost[1:], "?chunked", b.size())
		return "", err
	}
	_, err := b.fetch(stableHost, "", b.size())
	return "", err
}

func (b browser) size() int64 { return b.rnd.Int64N(smallSize) }

// head asks for a head alone.
func (b browser) head() error {
	size := b.size()
	c := b.call("HEAD", stableHost, fmt.Sprintf("/bytes/1/%d", size))
	return b.exchange(c, func(w *wire, r *reply) error {
		if err := w.genuine(r, c, 200); err != nil {
			return err
		}
		if r.ContentLength != size {
			return fmt.Errorf("the head announces %d bytes instead of %d", r.ContentLength, size)
		}
		return nil
	})
}

// status asks for responses that have no content, whatever their heads say, and for others.
func (b browser) status() error {
	codes := []int{http.StatusNoContent, http.StatusNotModified, http.StatusNotFound, http.StatusInternalServerError, 599}
	code := codes[b.rnd.IntN(len(codes))]
	c := b.call("GET", stableHost, fmt.Sprintf("/status/%d", code))
	return b.exchange(c, func(w *wire, r *reply) error {
		if err := w.genuine(r, c, code); err != nil {
			return err
		}
		return b.pattern.verify(r.Body, 0, 0)
	})
}

// crooked asks with a path in an unusual spelling.
func (b browser) crooked() error {
	seed, size := b.rnd.Uint64(), b.size()
	straight := fmt.Sprintf("/bytes/%d/%d", seed, size)
	c := b.call("GET", stableHost, fmt.Sprintf("/x/%%2e%%2E//./b%%79tes/y/..//%d/%d?a=%%2e/..//", seed, size))
	return b.exchange(c, func(w *wire, r *reply) error {
		if err := w.genuine(r, c, 200); err != nil {
			return err
		}
		if got, want := r.Header.Get(pathField), straight+"?a=%2e/..//"; got != want {
			return fmt.Errorf("the endpoint got the path %q instead of %q", got, want)
		}
		return b.pattern.verify(r.Body, seed, size)
	})
}
