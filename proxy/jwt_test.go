// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// keyServer publishes the keys of an issuer, or does what it is told.
type keyServer struct {
	*httptest.Server
	asked  atomic.Int32
	answer atomic.Pointer[http.HandlerFunc]
}

func startKeyServer(tb testing.TB) *keyServer {
	k := new(keyServer)
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.asked.Add(1)
		(*k.answer.Load())(w, r)
	}))
	tb.Cleanup(k.Close)
	return k
}

func (k *keyServer) answers(h http.HandlerFunc) { k.answer.Store(&h) }

func (k *keyServer) publishes(text string) {
	k.answers(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, text) })
}

// A request whose token is of a new key waits until that key is there. Nobody is refused.
func TestARotatedKeyRefusesNobody(t *testing.T) {
	t.Parallel()
	server := startKeyServer(t)
	p := serve(t, h2c)
	before := newTokens(t, "0")
	server.publishes(before.published())
	p.apply(guardedBy(startEcho(t, "b"), before.takes(server.URL)))
	overEach(t, p, func(t *testing.T, c prover) {
		c.ask("GET", "/", brings(before.token(nil))).expectPassed(t, "the first key", []string{"X-User: alice"})
	})
	for i := range 3 {
		after := newTokens(t, fmt.Sprint(i+1))
		server.publishes(after.published())
		var all sync.WaitGroup
		asked := server.asked.Load()
		for j := range 10 {
			all.Go(func() {
				prover{p, j%2 == 0}.ask("GET", "/", brings(after.token(nil))).expectPassed(t, "a new key", []string{"X-User: alice"})
			})
		}
		all.Wait()
		if n := server.asked.Load() - asked; n > 2 {
			t.Errorf("the keys were asked for %d times for ten requests", n)
		}
		prover{p, false}.ask("GET", "/", brings(before.token(nil))).expectRefused(t, "a key that is gone", 401, "AuthRequired")
		before = after
	}
}

// A server of keys that hangs has a request wait no longer than the request may take, and no client that went away.
func TestARequestDoesNotWaitForKeysForEver(t *testing.T) {
	t.Parallel()
	issuer, server := newTokens(t, "k"), startKeyServer(t)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	server.answers(func(http.ResponseWriter, *http.Request) { <-hang })
	p := serve(t, h2c)
	p.apply(everythingBy(func(r *snapshot.Route) {
		r.Policies, r.Timeouts.Request = []policy.Policy{issuer.takes(server.URL)}, 50*time.Millisecond
	}, startEcho(t, "b")))
	overEach(t, p, func(t *testing.T, c prover) {
		c.ask("GET", "/", brings(issuer.token(nil))).expectRefused(t, "a request that may wait", 504, "UpstreamRequestTimeout")
	})
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n" + brings(issuer.token(nil)) + "\r\n\r\n")
	client.abort()
}

// When the keys' server is away, those that were there go on, beyond a change of the rule too.
func TestKeysThatVanishGoOn(t *testing.T) {
	t.Parallel()
	server := startKeyServer(t)
	issuer := newTokens(t, "k")
	server.publishes(issuer.published())
	p := serve(t, h2c)
	b := startEcho(t, "b")
	p.apply(guardedBy(b, issuer.takes(server.URL)))
	prover{p, false}.ask("GET", "/", brings(issuer.token(nil))).expectPassed(t, "while it is there", nil)
	server.Close()
	changed := issuer.takes(server.URL)
	changed.ForwardClaims = changed.ForwardClaims[:1]
	for _, s := range []*snapshot.Snapshot{guardedBy(b, issuer.takes(server.URL)), guardedBy(b, changed)} {
		p.apply(s)
		overEach(t, p, func(t *testing.T, c prover) {
			c.ask("GET", "/", brings(issuer.token(nil))).expectPassed(t, "a new token of a key that is known", []string{"X-User: alice"})
			c.ask("GET", "/", brings(newTokens(t, "new").token(nil))).expectRefused(t, "an unknown key", 503, "AuthUnavailable")
		})
	}
}

// While the keys in a Secret change a hundred times, everybody gets in whose token is of a key of the time, and nobody
// else.
func TestNoAnswerIsWrongWhileKeysChange(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	b := startEcho(t, "b")
	issuers := []*tokens{newTokens(t, "0"), newTokens(t, "1"), newTokens(t, "0")} // two keys of one id
	var all []string
	for _, i := range issuers {
		all = append(all, brings(i.token(nil)))
	}
	c := prover{p, true}
	for i := range 100 {
		right := i % len(issuers)
		p.apply(guardedBy(b, issuers[right].takes("")))
		for j, token := range all {
			want := 401
			if j == right {
				want = 200
			}
			if got := c.ask("GET", "/", token); got.status != want {
				t.Errorf("change %d, token %d: got %d %q, want %d", i, j, got.status, got.body, want)
			}
		}
	}
}

// Each of several rules asks for what it asks for, although the same token was verified for another.
func TestATokenIsVerifiedForEachRule(t *testing.T) {
	t.Parallel()
	issuer := newTokens(t, "k")
	shop, till := prefix("/shop", "b"), prefix("/till", "b")
	of := issuer.takes("")
	of.Audiences = []string{"till"}
	shop.Policies, till.Policies = []policy.Policy{issuer.takes("")}, []policy.Policy{of}
	p := serve(t, h2c)
	p.apply(snapshotOf([]snapshot.Host{hostOf("", shop, till)}, poolOf("b", startEcho(t, "b"))))
	token := brings(issuer.token(nil))
	overEach(t, p, func(t *testing.T, c prover) {
		c.ask("GET", "/shop", token).expectPassed(t, "its audience", nil)
		c.ask("GET", "/till", token).expectRefused(t, "another audience", 401, "AuthRequired")
	})
}

func TestExplainSaysWhatTokenWouldBeVerified(t *testing.T) {
	t.Parallel()
	issuer := newTokens(t, "k")
	p := serve(t)
	p.apply(guardedBy(startEcho(t, "b"), issuer.takes("")))
	const says = `a token of https://id.example.com for ["shop"], signed by a key of the rule`
	for name, test := range map[string]struct {
		fields []string
		status int
		want   explanation.Policy
	}{
		"nothing": {nil, 401, explanation.Policy{Name: "jwt", Text: "the request has no Authorization: Bearer, which has to bring " + says}},
		"expired": {[]string{brings(issuer.token(map[string]any{"exp": 1}))}, 401, explanation.Policy{Name: "jwt", Text: "the token has expired; it has to be " + says}},
		"good":    {[]string{brings(issuer.token(nil))}, 0, explanation.Policy{Name: "jwt", Passed: true, Text: "the request brings " + says}},
	} {
		e, err := p.Explainer().Explain(&explain.Question{URL: "http://a/", Headers: test.fields})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]explanation.Policy{test.want}, e.Policies); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if e.Answer.Status != test.status && (test.status != 0 || e.Answer.Reason != "") {
			t.Errorf("%s: answered by %v, want %d", name, e.Answer, test.status)
		}
	}
}
