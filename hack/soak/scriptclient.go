// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// scriptClient asks an endpoint that follows scripts. It checks that the outcome of each is one that the script allows.
type scriptClient struct {
	*session
	scripts []script
}

func newScriptClient(v *visitor) client { return scriptClient{newSession(v, v.dial), scripts()} }

func (c scriptClient) round() (string, error) {
	s := &c.scripts[c.rnd.IntN(len(c.scripts))]
	method := s.method
	if method == "" {
		method = "GET"
	}
	q := c.call(method, brokenHost, "/"+s.name)
	outcome, err := c.try(q, s)
	if err == nil && !slices.Contains(s.allowed, outcome) {
		err = fmt.Errorf("got %s instead of %q", outcome, s.allowed)
		if err = timely(outcome, err); outcome == torn && s.rest != "" { // as much of a drip as came
			err = timeoutError{err}
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", q, err)
	}
	return outcome, nil
}

func (c scriptClient) try(q *call, s *script) (string, error) {
	w, err := c.open()
	if err != nil {
		return "", err
	}
	outcome, goesOn, err := c.follow(w, q, s)
	c.settle(goesOn && err == nil)
	return outcome, err
}

// follow sends the request and says what came of it.
func (c scriptClient) follow(w *wire, q *call, s *script) (outcome string, goesOn bool, err error) {
	if err := c.sendInPieces(w, q.head()); err != nil {
		return "", false, fmt.Errorf("sending: %w", err)
	}
	r, err := w.receive(q.method)
	switch {
	case isTimeout(err):
		return "", false, err
	case err != nil:
		return torn, false, nil
	case r.reason != "":
		return r.outcome(), r.goesOn(), r.explained()
	}
	// A field of the endpoint's connection is not for the client.
	if r.Header.Get(hopField) != "" {
		return "", false, errors.New("a field that Connection named was passed on")
	}
	if err := w.genuine(r, q, r.StatusCode); err != nil {
		return "", false, err
	}
	if got := len(r.informational); got != s.informational {
		return "", false, fmt.Errorf("%d informational responses came before the final one instead of %d", got, s.informational)
	}
	var content strings.Builder
	if _, err := io.Copy(&content, r.Body); isTimeout(err) {
		return "", false, err
	} else if err != nil {
		return torn, false, nil
	}
	if content.String() != s.content {
		return "", false, fmt.Errorf("the content is %q instead of %q", content.String(), s.content)
	}
	return r.outcome(), r.goesOn(), nil
}

// hurriedClient asks for what takes longer than the route allows for the whole exchange.
type hurriedClient struct{ *session }

func newHurriedClient(v *visitor) client { return hurriedClient{newSession(v, v.dial)} }

func (c hurriedClient) round() (string, error) {
	if c.rnd.IntN(2) == 0 {
		return lateAnswer, c.answered(c.call("GET", hurriedHost, "/wait/9000"), lateAnswer)
	}
	// A drip takes longer than a second. Its head was sent long before.
	q := c.call("GET", hurriedHost, "/drip-chunks")
	outcome, err := scriptClient{session: c.session}.try(q, &script{content: "hello"})
	if err == nil && outcome != torn && outcome != lateAnswer { // the latter if the head was late
		err = fmt.Errorf("got %s instead of %s", outcome, torn)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", q, err)
	}
	return outcome, nil
}

// fickleClient uses an endpoint that closes idle connections whenever it likes. What may be sent twice must always
// succeed. What may not can fail in one way.
type fickleClient struct{ *session }

func newFickleClient(v *visitor) client { return fickleClient{newSession(v, v.dial)} }

func (c fickleClient) round() (string, error) {
	const content = "hello"
	methods := []string{"GET", "GET", "HEAD", "DELETE", "POST"}
	method := methods[c.rnd.IntN(len(methods))]
	var fields []string
	if method == "POST" {
		fields = append(fields, fmt.Sprintf("Content-Length: %d", len(content)))
	}
	q := c.call(method, fickleHost, "/", fields...)
	w, err := c.open()
	if err != nil {
		return "", err
	}
	outcome, goesOn, err := c.try(w, q, content)
	c.settle(goesOn && err == nil)
	if err == nil && outcome != "200" && (method != "POST" || outcome != resetAnswer) {
		err = timely(outcome, fmt.Errorf("got %s", outcome))
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", q, err)
	}
	return outcome, nil
}

func (c fickleClient) try(w *wire, q *call, content string) (outcome string, goesOn bool, err error) {
	text := q.head()
	if q.method == "POST" {
		text += content
	}
	if err := c.sendInPieces(w, text); err != nil {
		return "", false, fmt.Errorf("sending: %w", err)
	}
	r, err := w.receive(q.method)
	if err != nil {
		return "", false, err
	}
	if r.reason != "" {
		return r.outcome(), r.goesOn(), r.explained()
	}
	got, err := io.ReadAll(r.Body)
	if err != nil {
		return "", false, fmt.Errorf("reading the content: %w", err)
	}
	if want := fickleContent; q.method != "HEAD" && string(got) != want {
		return "", false, fmt.Errorf("the content is %q instead of %q", got, want)
	}
	return r.outcome(), r.goesOn(), w.genuine(r, q, 200)
}

// refusedClient uses endpoints that refuse connections: a pool's only one, or one of two.
type refusedClient struct{ *session }

func newRefusedClient(v *visitor) client { return refusedClient{newSession(v, v.dial)} }

func (c refusedClient) round() (string, error) {
	const answer = "502 UpstreamConnectFailed"
	switch c.rnd.IntN(3) {
	case 0:
		return answer, c.answered(c.call("GET", refusedHost, "/"), answer)
	case 1:
		// Nothing was sent to the endpoint that refused, so the other one may get what must not be sent twice.
		return "on the other endpoint", c.upload(spareHost, c.spread(0, rollingSize), c.rnd.IntN(2) == 0)
	}
	_, err := c.fetch(spareHost, "", c.rnd.Int64N(smallSize))
	return "on the other endpoint", err
}
