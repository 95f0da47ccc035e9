// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// explained reads the content of an answer of the proxy's own. It checks that the content says why, unless the answer
// is to HEAD.
func (r *reply) explained() error {
	if r.Request.Method == http.MethodHead {
		return nil
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("reading the text of %s: %w", r.outcome(), err)
	}
	if !strings.HasPrefix(string(text), r.reason+": ") {
		return fmt.Errorf("the text of %s is %q", r.outcome(), text)
	}
	return nil
}

// answered sends a request that the proxy has to answer itself, with that outcome.
func (s *session) answered(c *call, outcome string) error {
	return s.exchange(c, func(_ *wire, r *reply) error {
		if r.outcome() != outcome {
			return timely(r.outcome(), fmt.Errorf("got %s instead of %s", r.outcome(), outcome))
		}
		return r.explained()
	})
}

// policyClient uses routes with policies: some answer, some change the request.
type policyClient struct{ *session }

func newPolicyClient(v *visitor) client { return policyClient{newSession(v, v.dial)} }

func (p policyClient) round() (string, error) {
	own := []struct{ host, target, outcome string }{
		{stableHost, "/denied", "403 AccessDenied"},
		{stableHost, "/x/..//%64enied/x", "403 AccessDenied"},
		{unknownHost, "/", "404 RouteNotFound"},
		{"a.b" + wildcardHost[1:], "/", "404 RouteNotFound"},
		{wildcardHost[2:], "/", "404 RouteNotFound"},
		{emptyHost, "/", "503 NoHealthyTask"},
		{stableHost, "/../bytes/1/1", "400 MalformedPath"},
		{stableHost, "/%2e%2e/bytes/1/1", "400 MalformedPath"},
		{stableHost, "/bytes/1/1%00", "400 MalformedPath"},
		{stableHost, "/bytes/1/1%zz", "400 MalformedPath"},
		{stableHost, `/bytes\1\1`, "400 MalformedPath"},
		{stableHost, "/stripped/%2e%2e/..", "400 MalformedPath"},
	}
	i := p.rnd.IntN(len(own) + 2)
	if i < len(own) {
		return own[i].outcome, p.answered(p.call("GET", own[i].host, own[i].target), own[i].outcome)
	}
	if i == len(own) {
		return "rewritten", p.rewritten("/replaced?x=/../y", "/bytes/1/10?x=/../y", 1, 10)
	}
	seed, size := p.rnd.Uint64(), p.rnd.Int64N(smallSize)
	path := fmt.Sprintf("/bytes/%d/%d", seed, size)
	return "rewritten", p.rewritten("/stripped"+path, path, seed, size)
}

// rewritten asks with one path and checks that the endpoint got another.
func (p policyClient) rewritten(target, path string, seed uint64, size int64) error {
	c := p.call("GET", stableHost, target)
	return p.exchange(c, func(w *wire, r *reply) error {
		if err := w.genuine(r, c, 200); err != nil {
			return err
		}
		if got := r.Header.Get(pathField); got != path {
			return fmt.Errorf("the endpoint got the path %q instead of %q", got, path)
		}
		return p.pattern.verify(r.Body, seed, size)
	})
}

// limitedClient asks for more than its share and counts what it gets. No other client has its address.
type limitedClient struct {
	*session
	began time.Time
	got   int
}

func newLimitedClient(v *visitor) client {
	return &limitedClient{session: newSession(v, v.dial), began: time.Now()}
}

func (l *limitedClient) round() (string, error) {
	seed, size := l.rnd.Uint64(), l.rnd.Int64N(smallSize)
	c := l.call("GET", stableHost, fmt.Sprintf("/limited/bytes/%d/%d", seed, size))
	note := ""
	err := l.exchange(c, func(w *wire, r *reply) error {
		if r.outcome() == "429 RateLimited" {
			note = r.outcome()
			if after, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || after < 1 {
				return fmt.Errorf("Retry-After is %q", r.Header.Get("Retry-After"))
			}
			return r.explained()
		}
		if err := w.genuine(r, c, 200); err != nil {
			return err
		}
		l.got++
		return l.pattern.verify(r.Body, seed, size)
	})
	if most := limitBurst + 1 + int(time.Since(l.began).Seconds()*limitPerSecond); err == nil && l.got > most {
		err = fmt.Errorf("got %d responses in %s, the limit allows %d", l.got, time.Since(l.began), most)
	}
	return note, err
}
