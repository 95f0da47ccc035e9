// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// persisting has a route keep sessions by a cookie s, or as change says.
func persisting(change func(*snapshot.Persistence)) func(*snapshot.Route) {
	return func(r *snapshot.Route) {
		r.Persistence = &snapshot.Persistence{Name: "s"}
		if change != nil {
			change(r.Persistence)
		}
	}
}

func byHeader(p *snapshot.Persistence) { p.Type, p.Name = snapshot.SessionByHeader, "x-session" }

// namedAt starts endpoints that answer their names.
func namedAt(t *testing.T, n int) (addresses []netip.AddrPort) {
	t.Helper()
	for i := range n {
		addresses = append(addresses, named(t, fmt.Sprint("endpoint-", i)).address)
	}
	return addresses
}

// token returns the token that begins a session, "" if none does.
func (r reply) token() string {
	for _, c := range (&http.Response{Header: r.Header}).Cookies() {
		if c.Name == "s" {
			return c.Value
		}
	}
	return r.Header.Get("X-Session")
}

// askIn asks for a path within a session.
func (s *served) askIn(token, path string) reply {
	s.tb.Helper()
	return s.ask("GET " + path + " HTTP/1.1\r\nHost: a\r\nCookie: a=b; s=" + token + "\r\nX-Session: " + token + "\r\n\r\n")
}

func TestSessionStaysWithItsEndpoint(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*snapshot.Persistence){"by cookie": nil, "by header": byHeader} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addresses := namedAt(t, 8)
			p, other := serve(t), serve(t)
			apply := func(addresses ...netip.AddrPort) {
				for _, p := range []*served{p, other} {
					p.SetSessionKey([32]byte{1})
					p.apply(everythingBy(persisting(change), addresses...))
				}
			}
			apply(addresses[:4]...)
			at, tokens := map[string]string{}, map[string]bool{}
			for range 40 {
				first := p.get("a", "/")
				token := first.token()
				if len(token) != 22 {
					t.Fatalf("the session begins with the token %q", token)
				}
				at[token], tokens[first.Body] = first.Body, true
			}
			if len(at) != 40 || len(tokens) != 4 {
				t.Errorf("40 sessions have %d tokens and %d endpoints", len(at), len(tokens))
			}
			expect := func(when string) {
				t.Helper()
				for token, want := range at {
					for _, p := range []*served{p, other} {
						got := p.askIn(token, "/")
						if got.Body != want || got.token() != "" {
							t.Fatalf("%s: the session of %s is at %s, and gets the token %q", when, want, got.Body, got.token())
						}
					}
				}
			}
			expect("at once")
			apply(addresses...)
			expect("among more endpoints")
		})
	}
}

// A session moves only if its endpoint takes no more requests. Then it stays where it went to.
func TestSessionMovesOnceItsEndpointTakesNoRequests(t *testing.T) {
	t.Parallel()
	addresses := namedAt(t, 3)
	p := serve(t)
	s := everythingBy(persisting(nil), addresses...)
	p.apply(s)
	first := p.get("a", "/")
	for i := range s.Pools[0].Endpoints {
		drained := everythingBy(persisting(nil), addresses...)
		if fmt.Sprint("endpoint-", i) != first.Body {
			continue
		}
		drained.Pools[0].Endpoints[i].Draining = true
		p.apply(drained)
	}
	moved := p.askIn(first.token(), "/")
	if moved.Body == first.Body || moved.token() == "" {
		t.Fatalf("the session is at %s, which drains, or has no new token", moved.Body)
	}
	p.apply(s)
	if again := p.askIn(moved.token(), "/"); again.Body != moved.Body || again.token() != "" {
		t.Errorf("the session came back to %s from %s", again.Body, moved.Body)
	}
}

func TestSessionMovesAwayFromAnEndpointThatFails(t *testing.T) {
	t.Parallel()
	bad := startScript(t)
	p := serve(t)
	p.apply(everythingBy(persisting(nil), bad.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := bad.accept()
	up.head()
	up.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbad")
	_ = up.Close()
	token := client.reply("GET").token()
	s := everythingBy(func(r *snapshot.Route) {
		persisting(nil)(r)
		r.Retries = 1
	}, bad.address, named(t, "good").address)
	p.apply(s)
	client.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: s=" + token + "\r\n\r\n")
	up = bad.accept()
	up.head()
	up.abort()
	moved := client.reply("GET")
	if moved.Body != "good" || moved.token() == "" {
		t.Fatalf("got %d %q with the token %q", moved.Status, moved.Body, moved.token())
	}
	if again := p.askIn(moved.token(), "/"); again.Body != "good" || again.token() != "" {
		t.Errorf("the session went on to %q", again.Body)
	}
}

// A session is at one of the backends that share a route's requests, whatever their weights become.
func TestSessionStaysWithItsBackend(t *testing.T) {
	t.Parallel()
	p := serve(t)
	pools := echoes(t, "0", "1")
	apply := func(weights ...int) {
		r := shared("/", weights...)
		r.Backends[0].Policies, r.Backends[1].Policies = headersFor("X-0"), headersFor("X-1")
		persisting(nil)(&r)
		p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, pools...))
	}
	for by, weights := range map[string][]int{"0": {1, 0}, "1": {0, 1}} {
		apply(weights...)
		token := p.get("a", "/").token()
		for _, later := range [][]int{{1, 1}, {1, 0}, {0, 1}, {0, 0}} {
			apply(later...)
			got := p.askIn(token, "/")
			if at, _ := got.seen(t); at != by || got.header(t).Get("X-"+by) != "yes" {
				t.Errorf("with the weights %v the session of %s is at %s", later, by, at)
			}
		}
	}
	apply(0, 1)
	for range 20 {
		if at, _ := p.get("a", "/").seen(t); at != "1" {
			t.Fatal("a new session is at a backend with the weight 0")
		}
	}
}

// The parts of a route that a canary divides have the same backends. So a session stays on its side, whatever a header
// says.
func TestSessionStaysOnItsSideOfACanary(t *testing.T) {
	t.Parallel()
	p := serve(t)
	pools := echoes(t, "0", "1")
	always, rest := shared("/", 0, 1), shared("/", 1, 0)
	always.Conditions = &snapshot.Conditions{Headers: []snapshot.Condition{{Name: "x-next", Value: "always"}}}
	for _, r := range []*snapshot.Route{&always, &rest} {
		r.Canary = "default/next"
		persisting(nil)(r)
	}
	p.apply(snapshotOf([]snapshot.Host{hostOf("", always, rest)}, pools...))
	ask := func(token, next string) reply {
		return p.ask("GET / HTTP/1.1\r\nHost: a\r\nCookie: s=" + token + "\r\nX-Next: " + next + "\r\n\r\n")
	}
	for next, by := range map[string]string{"always": "1", "never": "0"} {
		begun := ask("", next)
		if at, _ := begun.seen(t); at != by {
			t.Errorf("%s begins a session at %s", next, at)
		}
		for _, later := range []string{"always", "never"} {
			if at, _ := ask(begun.token(), later).seen(t); at != by {
				t.Errorf("a session of %s is at %s with %s", next, at, later)
			}
		}
	}
}

// What a client writes in place of a token leads to no endpoint that it could not come to without.
func TestNobodyMakesASessionButTheProxy(t *testing.T) {
	t.Parallel()
	p := serve(t)
	one, two := prefix("/one", "one"), prefix("/two", "two")
	persisting(nil)(&one)
	persisting(nil)(&two)
	apply := func(p *served) {
		p.apply(snapshotOf([]snapshot.Host{hostOf("", one, two)}, poolOf("one", named(t, "one").address), poolOf("two", named(t, "two").address)))
	}
	apply(p)
	token := p.get("a", "/one").token()
	other := serve(t)
	apply(other)
	if got := other.askIn(token, "/one"); got.token() == "" {
		t.Error("another key's token is a session")
	}
	if got := p.askIn(token, "/two"); got.Body != "two" || got.token() == "" {
		t.Errorf("the token of /one leads from /two to %q, with the new token %q", got.Body, got.token())
	}
	forged := []string{"", "x", strings.Repeat("A", 22), strings.Repeat("-", 22), token + "A", token[1:], token[:21] + "=", strings.Repeat("A", 4000)}
	for i := range token[:21] { // the last one has bits that mean nothing
		other := byte('A')
		if token[i] == other {
			other = 'B'
		}
		forged = append(forged, token[:i]+string(other)+token[i+1:])
	}
	for _, forgery := range forged {
		if got := p.askIn(forgery, "/one"); got.Body != "one" || got.token() == "" {
			t.Errorf("%.40q: got %q, with the new token %q", forgery, got.Body, got.token())
		}
	}
}

func TestSessionEnds(t *testing.T) {
	t.Parallel()
	p := serve(t)
	addresses := namedAt(t, 1)
	for lasts, ends := range map[time.Duration]bool{0: false, time.Hour: false, time.Nanosecond: true} {
		p.apply(everythingBy(persisting(func(s *snapshot.Persistence) { s.Absolute = lasts }), addresses...))
		token := p.get("a", "/").token()
		if got := p.askIn(token, "/"); (got.token() != "") != ends {
			t.Errorf("a session of %v: the next response has the token %q", lasts, got.token())
		}
	}
}

func TestCookieOfASession(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path    string
		match   snapshot.PathMatch
		request string
		lasts   time.Duration
		want    string
	}{
		"of a host":         {"/", snapshot.MatchPrefix, "/a", 0, "Path=/; HttpOnly; SameSite=Lax"},
		"of a prefix":       {"/a/b", snapshot.MatchPrefix, "/a/b/c", 0, "Path=/a/b; HttpOnly; SameSite=Lax"},
		"of a path":         {"/a/b", snapshot.MatchExact, "/a/b", 0, "Path=/a/b; HttpOnly; SameSite=Lax"},
		"of an expression":  {"/p1/p2/.*/p3", snapshot.MatchExpression, "/p1/p2/x/p3", 0, "Path=/p1/p2/; HttpOnly; SameSite=Lax"},
		"of any expression": {"(?i)/A", snapshot.MatchExpression, "/a", 0, "Path=/; HttpOnly; SameSite=Lax"},
		"of what ends it":   {"/a/b;Domain=c", snapshot.MatchExact, "/a/b;Domain=c", 0, "Path=/a/; HttpOnly; SameSite=Lax"},
		"that is permanent": {"/", snapshot.MatchPrefix, "/", 90 * time.Minute, "Path=/; HttpOnly; SameSite=Lax; Max-Age=5400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, trust("127.0.0.0/8"))
			r := routeTo(test.path, test.match, "pool")
			persisting(func(s *snapshot.Persistence) { s.Absolute, s.Permanent = test.lasts, test.lasts > 0 })(&r)
			p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, poolOf("pool", named(t, "a").address)))
			for scheme, want := range map[string]string{"http": test.want, "https": strings.Replace(test.want, "HttpOnly", "Secure; HttpOnly", 1)} {
				got := p.ask("GET " + test.request + " HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: " + scheme + "\r\n\r\n")
				_, attributes, _ := strings.Cut(got.Header.Get("Set-Cookie"), "; ")
				if attributes != want {
					t.Errorf("over %s: the attributes are %q, want %q", scheme, attributes, want)
				}
			}
		})
	}
}

func TestCookieOfASessionHasTheAttributesOfItsRule(t *testing.T) {
	t.Parallel()
	for want, cookie := range map[string]snapshot.CookieAttributes{
		"Path=/; HttpOnly":                         {SameSite: snapshot.SameSiteUnsaid},
		"Path=/p; Domain=a.io; HttpOnly":           {Path: "/p", Domain: "a.io", SameSite: snapshot.SameSiteUnsaid},
		"Path=/; Secure; HttpOnly; SameSite=None":  {SameSite: "None", Secure: true},
		"Path=/; Domain=b; HttpOnly; SameSite=Lax": {Domain: "b"},
	} {
		p := serve(t)
		p.apply(everythingBy(persisting(func(s *snapshot.Persistence) { s.Cookie = cookie }), named(t, "a").address))
		got := p.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, attributes, _ := strings.Cut(got.Header.Get("Set-Cookie"), "; "); attributes != want {
			t.Errorf("the attributes are %q, want %q", attributes, want)
		}
	}
}

// What the endpoint itself says under the name is its own.
func TestEndpointsOwnTokenOfTheNameStays(t *testing.T) {
	t.Parallel()
	b := startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "s=own")
		w.Header().Set("X-Session", "own")
	})
	for _, change := range []func(*snapshot.Persistence){nil, byHeader} {
		p := serve(t)
		p.apply(everythingBy(persisting(change), b.address))
		got := p.get("a", "/").Header
		if len(got["Set-Cookie"]) != 1 || len(got["X-Session"]) != 1 {
			t.Errorf("got %v, want the endpoint's own", got)
		}
	}
}

// A session whose endpoint is full waits for it, and goes to no other.
func TestSessionWaitsForItsEndpoint(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(persisting(nil), endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send(okReply)
	token := client.reply("GET").token()
	p.apply(everythingBy(func(r *snapshot.Route) {
		persisting(nil)(r)
		r.Balancing.MaxConnections = 1
	}, endpoint.address, named(t, "other").address))
	client.send("GET / HTTP/1.1\r\nHost: a\r\nCookie: s=" + token + "\r\n\r\n")
	up.head()
	if got := p.askIn(token, "/"); got.reason() != "UpstreamBusy" {
		t.Errorf("got %d %q %q beside the session's other request, want UpstreamBusy", got.Status, got.reason(), got.Body)
	}
	if got := p.get("a", "/"); got.Body != "other" {
		t.Errorf("a new session is at %q", got.Body)
	}
	up.send(okReply)
	client.reply("GET")
}

func TestTunnelBeginsASession(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(persisting(nil), endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	if head := client.head(); !strings.Contains(head, "Set-Cookie: s=") {
		t.Errorf("the 101 begins no session: %q", head)
	}
	_ = up.Close()
	_ = client.Close()
	await(t, "the tunnel's end", func() bool { return p.endpoint(endpoint.address).Load() == 0 })
}

func TestExplainSaysWhichSessionARequestBelongsTo(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everythingBy(persisting(func(s *snapshot.Persistence) { s.Absolute = time.Hour }), namedAt(t, 1)...))
	token := p.get("a", "/").token()
	for cookie, want := range map[string]explanation.Session{
		"":            {Why: "the request names none"},
		"s=x":         {Why: "the request has something else in its place"},
		"s=" + token:  {Stays: true, Task: "task/default/pool-000"},
		"s=A" + token: {Why: "the request has something else in its place"},
	} {
		want.Type, want.Name, want.Absolute = "Cookie", "s", 3600
		q := &explain.Question{URL: "http://a/"}
		if cookie != "" {
			q.Headers = []string{"Cookie: " + cookie}
		}
		e, err := p.Explainer().Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, e.Session); diff != "" {
			t.Errorf("%q (-want +got):\n%s", cookie, diff)
		}
		line := "by the cookie s, for 1h0m0s: a new one begins, because " + want.Why
		if want.Stays {
			line = "by the cookie s, for 1h0m0s: the request stays with " + want.Task
		}
		var text strings.Builder
		if err := e.WriteText(&text, time.Now()); err != nil || !strings.Contains(text.String(), line) {
			t.Errorf("%q: %v, want %q in:\n%s", cookie, err, line, text.String())
		}
	}
}
