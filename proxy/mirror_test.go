// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	teed "github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// mirroring has a route copy all its requests to pools.
func mirroring(pools ...string) func(*snapshot.Route) {
	return func(r *snapshot.Route) {
		for _, id := range pools {
			r.Mirrors = append(r.Mirrors, snapshot.Mirror{Pool: id, Numerator: 1, Denominator: 1})
		}
	}
}

// mirroredTo sends all requests to a pool and copies of them to others.
func mirroredTo(answers snapshot.Pool, mirrors ...snapshot.Pool) *snapshot.Snapshot {
	r := prefix("/", answers.ID)
	for _, p := range mirrors {
		mirroring(p.ID)(&r)
	}
	return snapshotOf([]snapshot.Host{hostOf("", r)}, append(mirrors, answers)...)
}

// observed is a request as a service saw it.
type observed struct {
	Line, Host, Body string
	Header           http.Header
	Length           int64
	Version          int
}

// observing starts a service that answers requests and passes on what it saw.
func observing(tb testing.TB, protocols *http.Protocols) (*backend, <-chan observed) {
	tb.Helper()
	seen := make(chan observed, 1000)
	b := newBackend(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			tb.Errorf("reading a request: %v", err)
		}
		seen <- observed{
			Line: r.Method + " " + r.RequestURI, Host: r.Host, Body: string(body), Header: r.Header, Length: r.ContentLength, Version: r.ProtoMajor,
		}
		_, _ = fmt.Fprint(w, "a copy's answer")
	})
	b.server.Config.Protocols = protocols
	b.server.Start()
	b.started(tb)
	return b, seen
}

// expectMirrored expects that one copy was counted, with a result.
func (s *served) expectMirrored(result string) {
	s.tb.Helper()
	s.expectSeries("warren_ingress_mirrored_requests_total", map[string]float64{
		"warren_ingress_mirrored_requests_total ingress=default/pool result=" + result + " service=default/shadow": 1,
	})
}

func TestMirrorGetsWhatTheEndpointGets(t *testing.T) {
	t.Parallel()
	inClear := new(http.Protocols)
	inClear.SetUnencryptedHTTP2(true)
	for version, protocols := range map[int]*http.Protocols{1: nil, 2: inClear} {
		for name, request := range map[string]string{
			"without content":   "GET /a%20b/c?d=e HTTP/1.1\r\nHost: shop\r\nX-A: 1\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n",
			"with content":      "POST /c HTTP/1.1\r\nHost: shop\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello",
			"in chunks":         "PUT /c HTTP/1.1\r\nHost: shop\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n",
			"in no chunks":      "POST /c HTTP/1.1\r\nHost: shop\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"with much content": "POST /c HTTP/1.1\r\nHost: shop\r\nX-A: 1\r\nContent-Length: 1048576\r\n\r\n" + strings.Repeat("0123456789abcdef", teed.TeeMost/16),
		} {
			t.Run(fmt.Sprintf("HTTP/%d, %s", version, name), func(t *testing.T) {
				t.Parallel()
				service, got := observing(t, nil)
				shadow, copied := observing(t, protocols)
				p := serve(t)
				mirror := poolOf("shadow", shadow.address)
				mirror.H2C = version == 2
				p.apply(mirroredTo(poolOf("pool", service.address), mirror))
				client := p.dial()
				client.send(request)
				if r := client.reply("GET"); r.Status != 200 || r.Body != "a copy's answer" {
					t.Fatalf("the client got %d %q", r.Status, r.Body)
				}
				want, copy := receive(t, "the request", got), receive(t, "its copy", copied)
				if copy.Length != int64(len(copy.Body)) {
					t.Errorf("the length is %d, that of %d bytes", copy.Length, len(copy.Body))
				}
				if copy.Version != version {
					t.Errorf("the copy came in HTTP/%d", copy.Version)
				}
				for _, o := range []*observed{&want, &copy} { // these may differ: a copy has no trailers, and so a length
					o.Length, o.Version = 0, 0
					o.Header.Del("Trailer")
					o.Header.Del("Content-Length")
				}
				if diff := cmp.Diff(want, copy); diff != "" {
					t.Errorf("the copy differs (-want +got):\n%.2000s", diff)
				}
				p.expectMirrored("answered")
				if n := p.engine.Mirrors.Memory.Taken(); n != 0 {
					t.Errorf("%d bytes are still taken", n)
				}
			})
		}
	}
}

// A mirror may be asked for another host, and without content. Then a content that is too long to be kept is none.
func TestMirrorOfAnotherHostAndWithoutContent(t *testing.T) {
	t.Parallel()
	service, got := observing(t, nil)
	shadow, copied := observing(t, nil)
	p := serve(t)
	r := prefix("/", "pool")
	r.Mirrors = []snapshot.Mirror{{Pool: "shadow", Numerator: 1, Denominator: 1, Host: "shadow.io:81", Bare: true}}
	p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, poolOf("pool", service.address), poolOf("shadow", shadow.address)))
	length := strconv.Itoa(teed.TeeMost + 1)
	for _, framing := range []string{"Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "Content-Length: " + length + "\r\n\r\n" + strings.Repeat("x", teed.TeeMost+1)} {
		client := p.dial()
		client.send("POST /c?d HTTP/1.1\r\nHost: shop\r\nX-A: 1\r\n" + framing)
		if r := client.reply("POST"); r.Status != 200 {
			t.Fatalf("the client got %d", r.Status)
		}
		want, copy := receive(t, "the request", got), receive(t, "its copy", copied)
		if copy.Host != "shadow.io:81" || len(copy.Body) != 0 || copy.Length != 0 || want.Host != "shop" || len(want.Body) == 0 {
			t.Errorf("the copy is for %q with %d bytes (length %d), and the request for %q with %d", copy.Host, len(copy.Body), copy.Length, want.Host, len(want.Body))
		}
		if copy.Line != want.Line || copy.Header.Get("X-A") != "1" || copy.Header.Get("X-Forwarded-Host") != "shop" {
			t.Errorf("the copy is %+v", copy)
		}
	}
}

// A route's policies are for its mirrors too, and those of one backend are for that alone.
func TestMirrorGetsNothingOfABackendsOwnPolicies(t *testing.T) {
	t.Parallel()
	service, _ := observing(t, nil)
	shadow, copied := observing(t, nil)
	p := serve(t)
	for _, test := range []struct {
		path, want string
		own        []policy.Policy
	}{
		{"/a/b", "GET /a/b", headersFor("X-Backend")},
		{"/a//b", "GET /a//b", headersFor("X-Backend")},
		{"/a/b", "GET /a/b", append(headersFor("X-Backend"), &policy.Rewrite{StripPrefix: "/a"})},
		{"/a//b", "GET /a/b", append(headersFor("X-Backend"), &policy.Rewrite{StripPrefix: "/a"})},
	} {
		r := prefix("/", "")
		r.Policies = headersFor("X-Rule")
		r.Backends = []snapshot.Backend{{Pool: "pool", Weight: 1, Policies: test.own}}
		mirroring("shadow")(&r)
		p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, poolOf("pool", service.address), poolOf("shadow", shadow.address)))
		p.get("a", test.path)
		got := receive(t, "the copy", copied)
		if got.Line != test.want || got.Header.Get("X-Rule") != "yes" || got.Header.Get("X-Backend") != "" || got.Header.Get("CDN-Loop") == "" {
			t.Errorf("the mirror got %q with %v, want %q with X-Rule and CDN-Loop, without X-Backend", got.Line, got.Header, test.want)
		}
	}
}

func TestEachMirrorGetsItsShare(t *testing.T) {
	t.Parallel()
	all, copiedToAll := observing(t, nil)
	some, copiedToSome := observing(t, nil)
	none, copiedToNone := observing(t, nil)
	r := prefix("/", "pool")
	r.Mirrors = []snapshot.Mirror{
		{Pool: "all", Numerator: 100, Denominator: 100}, {Pool: "some", Numerator: 1, Denominator: 4}, {Pool: "none", Denominator: 1},
	}
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, poolOf("pool", named(t, "pool").address),
		poolOf("all", all.address), poolOf("some", some.address), poolOf("none", none.address)))
	const requests = 400
	for range requests {
		p.get("a", "/")
	}
	for range requests {
		receive(t, "a copy", copiedToAll)
	}
	await(t, "the end of all copies", func() bool { return p.engine.Mirrors.Memory.Taken() == 0 })
	// 100 on average. It is below 40 or above 160 once in a thousand million runs.
	if n := len(copiedToSome); n < 40 || n > 160 {
		t.Errorf("%d of %d requests were copied to the mirror that gets a quarter", n, requests)
	}
	if n := len(copiedToNone); n != 0 {
		t.Errorf("%d requests were copied to the mirror that gets none", n)
	}
}

// No client waits for a mirror, whatever that does.
func TestMirrorThatDoesNotAnswerHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	shadow := startScript(t)
	p := serve(t)
	p.apply(mirroredTo(poolOf("pool", named(t, "pool").address), poolOf("shadow", shadow.address)))
	client := p.dial()
	for range 10 {
		client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
		if got := client.reply("POST"); got.Body != "pool" {
			t.Fatalf("got %d %q", got.Status, got.Body)
		}
	}
	for range 10 {
		up := shadow.accept()
		up.request() // and no answer
	}
	p.end() // which gives the copies up
	if n := p.engine.Mirrors.Memory.Taken(); n != 0 {
		t.Errorf("%d bytes are still taken", n)
	}
}

// An answer of a mirror is read for the sake of the connection, and no longer than that is worth it.
func TestMirrorWithALongAnswerLosesItsConnection(t *testing.T) {
	t.Parallel()
	shadow := startScript(t)
	p := serve(t)
	p.apply(mirroredTo(poolOf("pool", named(t, "pool").address), poolOf("shadow", shadow.address)))
	p.get("a", "/")
	up := shadow.accept()
	up.request()
	up.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
	piece := []byte(strings.Repeat("x", 64<<10))
	for sent := 0; ; sent += len(piece) {
		if _, err := up.Write(piece); err != nil {
			break
		}
		if sent > 900_000_000 {
			t.Fatal("the proxy reads all of the answer")
		}
	}
	await(t, "the end of the copy", func() bool { return p.engine.Mirrors.Memory.Taken() == 0 })
	p.expectMirrored("answered")
}

func TestCopiesThatAreNotSent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", teed.TeeMost+1)
	for _, test := range []struct {
		name, request, want string
		change              func(*testing.T, *served, *snapshot.Snapshot)
	}{
		{"nobody listens", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "failed", func(t *testing.T, _ *served, s *snapshot.Snapshot) {
			s.Pools[1].Endpoints[0].Address = closedPort(t)
		}},
		{"there is no endpoint", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "unavailable", func(_ *testing.T, _ *served, s *snapshot.Snapshot) {
			s.Pools[1].Endpoints = nil
		}},
		{"there is no memory", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "busy", func(_ *testing.T, p *served, _ *snapshot.Snapshot) {
			p.engine.Mirrors.Memory.Limit = 1000
		}},
		{"there is no memory for the content", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + long[:200000], "busy",
			func(_ *testing.T, p *served, _ *snapshot.Snapshot) { p.engine.Mirrors.Memory.Limit = 250_000 }},
		{"the content is long", fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(long), long), "too_long", nil},
		{"the content turns out to be long", fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(long), long), "too_long", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			service, got := observing(t, nil)
			shadow, copied := observing(t, nil)
			p := serve(t)
			s := mirroredTo(poolOf("pool", service.address), poolOf("shadow", shadow.address))
			if test.change != nil {
				test.change(t, p, s)
			}
			p.apply(s)
			if got := p.ask(test.request); got.Status != 200 {
				t.Errorf("the client got %d %q", got.Status, got.reason())
			}
			receive(t, "the request", got)
			p.expectMirrored(test.want)
			await(t, "the end of the copy", func() bool { return p.engine.Mirrors.Memory.Taken() == 0 })
			if n := len(copied); n != 0 {
				t.Errorf("the mirror got %d copies", n)
			}
		})
	}
}

func TestContentThatNeverIsWholeIsNotMirrored(t *testing.T) {
	t.Parallel()
	shadow, copied := observing(t, nil)
	endpoint := startScript(t)
	p := serve(t)
	p.apply(mirroredTo(poolOf("pool", endpoint.address), poolOf("shadow", shadow.address)))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
	up := endpoint.accept()
	up.head()
	client.abort()
	p.expectMirrored("cut")
	if n := p.engine.Mirrors.Memory.Taken(); n != 0 || len(copied) != 0 {
		t.Errorf("%d bytes are still taken, and %d copies came", n, len(copied))
	}
}

// What its client means for a connection, a mirror gets on a connection of its own.
func TestMirrorsShareNoConnectionThatSomebodyLoggedInOn(t *testing.T) {
	t.Parallel()
	shadow, copied := observing(t, nil)
	p := serve(t)
	p.apply(mirroredTo(poolOf("pool", named(t, "pool").address), poolOf("shadow", shadow.address)))
	for range 3 {
		p.ask("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: NTLM TlRMTVNTUAABAAAA\r\n\r\n")
		receive(t, "the copy", copied)
		await(t, "the end of the copy", func() bool { return p.engine.Mirrors.Memory.Taken() == 0 })
	}
	if n := shadow.accepted.Load(); n != 3 {
		t.Errorf("3 copies came on %d connections", n)
	}
	await(t, "the end of their connections", func() bool { return shadow.open.Load() == 0 })
}

// A mirror that is this proxy itself gets its copy refused, and so nothing copies it again.
func TestMirrorThatLeadsBackEndsThere(t *testing.T) {
	t.Parallel()
	service, got := observing(t, nil)
	p := serve(t)
	s := mirroredTo(poolOf("pool", service.address), poolOf("shadow", closedPort(t)))
	s.Pools[1].Endpoints[0].Address = at(p)
	p.apply(s)
	p.get("a", "/")
	receive(t, "the request", got)
	p.expectMirrored("answered")
	p.expectSeries("warren_ingress_requests_total", map[string]float64{
		"warren_ingress_requests_total code=200 ingress=default/pool reason= service=default/pool":             1,
		"warren_ingress_requests_total code=508 ingress=default/pool reason=LoopDetected service=default/pool": 1,
	})
	if len(got) != 0 {
		t.Error("the service got a copy")
	}
}

func TestUpgradeIsNotMirrored(t *testing.T) {
	t.Parallel()
	shadow, copied := observing(t, nil)
	endpoint := startScript(t)
	p := serve(t)
	p.apply(mirroredTo(poolOf("pool", endpoint.address), poolOf("shadow", shadow.address)))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	client.head()
	_ = up.Close()
	_ = client.Close()
	await(t, "the tunnel's end", func() bool { return p.endpoint(endpoint.address).Load() == 0 })
	if len(copied) != 0 || p.engine.Mirrors.Memory.Taken() != 0 {
		t.Error("the opening of a tunnel was mirrored")
	}
}

func TestExplainSaysWhereRequestsAreMirroredAndMirrorsNothing(t *testing.T) {
	t.Parallel()
	shadow, copied := observing(t, nil)
	p := serve(t)
	r := prefix("/", "pool")
	r.Mirrors = []snapshot.Mirror{{Pool: "shadow", Numerator: 1, Denominator: 1}, {Pool: "shadow", Numerator: 1, Denominator: 8, Host: "b", Bare: true}}
	p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, poolOf("pool", named(t, "pool").address), poolOf("shadow", shadow.address)))
	e, err := p.Explainer().Explain(&explain.Question{URL: "http://a/"})
	if err != nil {
		t.Fatal(err)
	}
	want := []explanation.Mirror{{Pool: "shadow", Service: "default/shadow", Share: 1}, {Pool: "shadow", Service: "default/shadow", Share: 0.125, Host: "b", Bare: true}}
	if diff := cmp.Diff(want, e.Mirrors); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var text strings.Builder
	if err := e.WriteText(&text, time.Now()); err != nil || !strings.Contains(text.String(), "shadow  100%") || !strings.Contains(text.String(), "shadow  12.5%  for b  without content") {
		t.Errorf("the mirrors are not in the text (%v):\n%s", err, text.String())
	}
	if len(copied) != 0 || p.engine.Mirrors.Memory.Taken() != 0 {
		t.Error("explaining a request mirrored it")
	}
}

// A client of HTTP/2 says where its content ends, and perhaps not how long it is.
func TestMirrorGetsTheContentOfAClientOfHTTP2(t *testing.T) {
	t.Parallel()
	service, got := observing(t, nil)
	shadow, copied := observing(t, nil)
	p := serve(t, func(c *Config) { c.H2C = true })
	p.apply(mirroredTo(poolOf("pool", service.address), poolOf("shadow", shadow.address)))
	client := p.http2Client(false)
	for name, content := range map[string]io.Reader{
		"with a length":    strings.NewReader(strings.Repeat("x", 200_000)),
		"without a length": io.MultiReader(strings.NewReader("hello"), strings.NewReader(" world")),
		"nothing":          nil,
	} {
		if resp, _ := client.do(client.request("POST", "/", content)); resp.StatusCode != 200 {
			t.Errorf("%s: got %d", name, resp.StatusCode)
		}
		want, copy := receive(t, "the request", got), receive(t, "its copy", copied)
		if copy.Body != want.Body || copy.Length != int64(len(want.Body)) {
			t.Errorf("%s: the copy has %d bytes and the length %d, want %d", name, len(copy.Body), copy.Length, len(want.Body))
		}
	}
}
