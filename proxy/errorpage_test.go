// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// paged has a route get its pages for some statuses from a pool.
func paged(statuses ...int) func(*snapshot.Route) {
	return func(r *snapshot.Route) {
		r.ErrorPages = []snapshot.ErrorPage{{Pool: "pages", Statuses: statuses, Path: "/{status}.html"}}
	}
}

// handled has a pool decide how such requests are answered.
func handled(statuses ...int) func(*snapshot.Route) {
	return func(r *snapshot.Route) {
		r.ErrorPages = []snapshot.ErrorPage{{
			Pool: "pages", Statuses: statuses, Path: "/", Handles: true,
			Fields: []policy.Header{{Name: "X-Ingress-Name", Value: "shop"}, {Name: "X-Namespace", Value: "default"}},
		}}
	}
}

// pagedTo sends all requests to one pool, and gets pages from another.
func pagedTo(change func(*snapshot.Route), pool, pages snapshot.Pool) *snapshot.Snapshot {
	r := prefix("/", "pool")
	change(&r)
	return snapshotOf([]snapshot.Host{hostOf("", r)}, pool, pages)
}

// lost is an endpoint without what it is asked for.
func lost(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Retry-After", "7")
	h.Set("ETag", `"of-the-endpoint"`)
	h.Set("X-Internal", "secret")
	h.Set("Access-Control-Allow-Origin", "https://a.example.com")
	h.Add("Set-Cookie", "a=b")
	w.WriteHeader(http.StatusNotFound)
	_, _ = fmt.Fprint(w, `{"lost": true}`)
}

// library is a service with a page for every status.
func library(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html")
	h.Set("Content-Language", "en")
	h.Set("Cache-Control", "max-age=31536000")
	h.Set("ETag", `"of-the-page"`)
	h.Set("X-Frame-Options", "DENY")
	h.Add("Set-Cookie", "page=1")
	_, _ = fmt.Fprintf(w, "<p>%s %s</p>", r.Method, r.URL.Path)
}

// noPagesLeft expects that nothing of pages is left in memory.
func (s *served) noPagesLeft() {
	s.tb.Helper()
	await(s.tb, "the end of all pages", func() bool { return s.engine.ErrorPages.Memory.Taken() == 0 })
}

// expectPaged expects that so many requests for pages were counted, with one result.
func (s *served) expectPaged(result string, n float64) {
	s.tb.Helper()
	s.expectSeries("warren_ingress_error_pages_total", map[string]float64{
		"warren_ingress_error_pages_total ingress=default/pool result=" + result + " service=default/pages": n,
	})
}

func TestAPageStandsInPlaceOfAnAnswerOfOurs(t *testing.T) {
	t.Parallel()
	asked := make(chan observed, 10)
	shelf := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- observed{Line: r.Method + " " + r.RequestURI, Host: r.Host, Header: r.Header, Length: r.ContentLength}
		library(w, r)
	})
	log := &pages{}
	p := serve(t, logTo(log, observe.LogJSON))
	p.apply(pagedTo(paged(502, 503), poolOf("pool"), poolOf("pages", shelf.address)))
	client := p.dial()
	client.send("POST /a?b=c HTTP/1.1\r\nHost: Shop.example.com:80\r\nAccept: text/html\r\nAccept-Language: de\r\nUser-Agent: u\r\nCookie: a=b\r\n" +
		"Authorization: Basic YTpi\r\nIf-None-Match: \"of-the-page\"\r\nRange: bytes=0-1\r\nX-Own: 1\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
	got := client.reply("POST")
	if got.Status != 503 || got.Body != "<p>GET /503.html</p>" || got.reason() != "NoHealthyTask" || got.Close {
		t.Fatalf("got %d %q with %v", got.Status, got.Body, got.Header)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html", "Content-Language": "en", "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
		"Cache-Control": "", "Etag": "", "Set-Cookie": "",
	} {
		if is := strings.Join(got.Header.Values(name), "|"); is != want {
			t.Errorf("%s is %q, want %q", name, is, want)
		}
	}
	r := receive(t, "the request for the page", asked)
	if r.Line != "GET /503.html" || r.Host != "shop.example.com" || r.Length != 0 {
		t.Errorf("the service was asked for %q of %q with %d bytes", r.Line, r.Host, r.Length)
	}
	for name, want := range map[string]bool{
		"Accept": true, "Accept-Language": true, "User-Agent": true, "X-Forwarded-For": true, "X-Request-Id": true, "Cdn-Loop": true,
		"Cookie": false, "Authorization": false, "If-None-Match": false, "Range": false, "X-Own": false, "Content-Type": false, "X-Code": false,
	} {
		if _, has := r.Header[name]; has != want {
			t.Errorf("the service got %s: %v", name, has)
		}
	}
	client.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n")
	if head := client.reply("HEAD"); head.Status != 503 || head.Body != "" || head.Length != int64(len("<p>HEAD /503.html</p>")) {
		t.Errorf("HEAD got %d with %d bytes", head.Status, head.Length)
	}
	if r := receive(t, "the second request", asked); r.Line != "HEAD /503.html" {
		t.Errorf("the service was asked %q", r.Line)
	}
	lines := log.lines(t, 2)
	for _, line := range lines {
		if got := parsedLine(t, line); got["errorPage"] != "default/pages" || got["reason"] != "NoHealthyTask" || got["status"] != float64(503) {
			t.Errorf("the log has %s", line)
		}
	}
	p.expectPaged("served", 2)
	p.noPagesLeft()
	p.expectSeries("warren_ingress_requests_total", map[string]float64{
		"warren_ingress_requests_total code=503 ingress=default/pool reason=NoHealthyTask service=default/pool": 2,
	})
}

func TestAPageStandsInPlaceOfAnEndpointsResponse(t *testing.T) {
	t.Parallel()
	shelf, shop := startBackend(t, library), startBackend(t, lost)
	p := serve(t, h2c)
	r := prefix("/", "pool")
	paged(404)(&r)
	r.Policies = []policy.Policy{&policy.Headers{Response: policy.HeaderChanges{Remove: []string{"x-frame-options"}, Append: []policy.Header{{Name: "X-Rule", Value: "1"}}}}}
	p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, poolOf("pool", shop.address), poolOf("pages", shelf.address)))
	check := func(version string, status int, body string, header http.Header) {
		t.Helper()
		if status != 404 || body != "<p>GET /404.html</p>" {
			t.Fatalf("%s: got %d %q with %v", version, status, body, header)
		}
		for name, want := range map[string]string{
			"Content-Type": "text/html", "Content-Language": "en", "Cache-Control": "no-store", "Retry-After": "7", "Set-Cookie": "a=b",
			"Access-Control-Allow-Origin": "https://a.example.com", "X-Rule": "1", "Etag": "", "X-Internal": "", "X-Frame-Options": "", "Proxy-Status": "",
		} {
			if is := strings.Join(header.Values(name), "|"); is != want {
				t.Errorf("%s: %s is %q, want %q", version, name, is, want)
			}
		}
	}
	client := p.dial()
	for range 3 {
		client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
		got := client.reply("GET")
		check("HTTP/1.1", got.Status, got.Body, got.Header)
	}
	client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
	got := client.reply("POST")
	check("POST", got.Status, got.Body, got.Header)
	status, header, body := p.getHTTP2(t, "/a")
	check("HTTP/2", status, body, header)
	p.expectPaged("served", 5)
	p.noPagesLeft()
	if n := p.idle(); n != 2 {
		t.Errorf("%d connections rest, want one to the endpoint and one to the service", n)
	}
}

// getHTTP2 asks for a path over a connection of HTTP/2 without TLS.
func (s *served) getHTTP2(t *testing.T, path string) (status int, header http.Header, body string) {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport, Timeout: patience}
	resp, err := client.Get("http://" + s.address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	content, err := io.ReadAll(resp.Body)
	if err != nil || resp.ProtoMajor != 2 {
		t.Fatalf("a response of %s: %v", resp.Proto, err)
	}
	return resp.StatusCode, resp.Header, string(content)
}

// tooMuch answers with content for as long as somebody takes it, and at most 100 MiB.
func tooMuch(w http.ResponseWriter, _ *http.Request) {
	piece := make([]byte, 64<<10)
	for range 1600 {
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

// What is no page changes no response.
func TestAServiceWithoutAPageLeavesTheResponseAlone(t *testing.T) {
	t.Parallel()
	hangs := func(tb testing.TB) netip.AddrPort {
		gone := make(chan struct{})
		b := startBackend(tb, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
			case <-gone:
			}
		})
		tb.Cleanup(func() { close(gone) })
		return b.address
	}
	answers := func(handler http.HandlerFunc) func(testing.TB) netip.AddrPort {
		return func(tb testing.TB) netip.AddrPort { return startBackend(tb, handler).address }
	}
	says := func(bytes string) func(testing.TB) netip.AddrPort {
		return func(tb testing.TB) netip.AddrPort {
			s := startScript(tb)
			go func() {
				for c := range s.conns {
					_, _ = c.Read(make([]byte, 4096))
					_, _ = c.Write([]byte(bytes))
					_ = c.Close()
				}
			}()
			return s.address
		}
	}
	for name, test := range map[string]struct {
		pages  func(testing.TB) netip.AddrPort
		result string
	}{
		"away":     {closedPort, "failed"},
		"hangs":    {hangs, "failed"},
		"has none": {answers(http.NotFound), "refused"},
		"fails":    {answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }), "refused"},
		"redirects": {answers(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere/", http.StatusFound)
		}), "refused"},
		"sends a part":   {answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(206) }), "refused"},
		"sends too much": {answers(tooMuch), "too_long"},
		"says so": {answers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "104857600")
			_, _ = w.Write([]byte("x"))
		}), "too_long"},
		"changes":         {says("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"), "failed"},
		"sends garbage":   {says("\x00\xff nonsense\r\n\r\n"), "failed"},
		"breaks off":      {says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"), "failed"},
		"is two messages": {says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), "failed"},
		"ends":            {says(""), "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := startBackend(t, lost)
			p := serve(t)
			p.engine.ErrorPages.Within = 100 * time.Millisecond
			if test.result == "too_long" {
				p.engine.ErrorPages.Within = patience
			}
			ofOurs := byIngress(prefix("/ours", "none"), "default/pool")
			theirs := prefix("/", "pool")
			paged(404, 503)(&ofOurs)
			paged(404, 503)(&theirs)
			p.apply(snapshotOf([]snapshot.Host{hostOf("", ofOurs, theirs)}, poolOf("pool", shop.address), poolOf("none"), poolOf("pages", test.pages(t))))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			if got := client.reply("GET"); got.Status != 404 || got.Body != `{"lost": true}` || got.Header.Get("X-Internal") != "secret" || got.Header.Get("Etag") == "" {
				t.Errorf("the endpoint's response is %d %q with %v", got.Status, got.Body, got.Header)
			}
			client.send("GET /ours HTTP/1.1\r\nHost: a\r\n\r\n")
			if got := client.reply("GET"); got.Status != 503 || got.reason() != "NoHealthyTask" || !strings.HasPrefix(got.Body, "NoHealthyTask: ") {
				t.Errorf("our answer is %d %q with %v", got.Status, got.Body, got.Header)
			}
			p.expectPaged(test.result, 2)
			p.noPagesLeft()
		})
	}
}

func TestThereAreNoMorePagesThanMemoryForThem(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.engine.ErrorPages.Memory.Limit = 1000
	p.apply(pagedTo(paged(503), poolOf("pool"), poolOf("pages", startBackend(t, library).address)))
	if got := p.get("a", "/"); got.Status != 503 || !strings.HasPrefix(got.Body, "NoHealthyTask: ") {
		t.Errorf("got %d %q", got.Status, got.Body)
	}
	p.expectPaged("busy", 1)
	p.noPagesLeft()
}

// Of two endpoints, one that is gone takes no page away.
func TestASecondEndpointIsAskedForAPage(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(pagedTo(paged(503), poolOf("pool"), poolOf("pages", closedPort(t), startBackend(t, library).address)))
	for range 4 {
		if got := p.get("a", "/"); got.Body != "<p>GET /503.html</p>" {
			t.Errorf("got %d %q", got.Status, got.Body)
		}
	}
	p.expectPaged("served", 4)
}

func TestAServiceMayHandleErrorsItself(t *testing.T) {
	t.Parallel()
	asked := make(chan observed, 10)
	desk := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- observed{Line: r.Method + " " + r.RequestURI, Host: r.Host, Header: r.Header}
		w.Header().Set("Cache-Control", "max-age=1")
		w.Header().Add("Set-Cookie", "desk=1")
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprint(w, "handled ", r.Header.Get("X-Code"))
	})
	p := serve(t)
	ours := byIngress(prefix("/ours", "none"), "default/pool")
	theirs := prefix("/", "pool")
	handled(404, 503)(&ours)
	handled(404, 503)(&theirs)
	p.apply(snapshotOf([]snapshot.Host{hostOf("", ours, theirs)}, poolOf("pool", startBackend(t, lost).address), poolOf("none"), poolOf("pages", desk.address)))
	for path, code := range map[string]string{"/a/b": "404", "/ours//c": "503"} {
		got := p.ask("PUT " + path + "?q=1 HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\nCookie: a=b\r\nAuthorization: Basic YTpi\r\nX-Own: 1\r\n" +
			"X-Code: 200\r\nX-Namespace: other\r\nRange: bytes=0-1\r\nIf-None-Match: *\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi")
		if got.Status != http.StatusTeapot || got.Body != "handled "+code {
			t.Errorf("%s: got %d %q", path, got.Status, got.Body)
		}
		if got.Header.Get("Cache-Control") != "max-age=1" || strings.Join(got.Header.Values("Set-Cookie"), "|") != "desk=1" || got.Header.Get("X-Internal") != "" {
			t.Errorf("%s: the client got %v", path, got.Header)
		}
		r := receive(t, "the request for the page", asked)
		if r.Line != "GET /" || r.Host != "a" {
			t.Errorf("%s: the service was asked %q of %q", path, r.Line, r.Host)
		}
		for name, want := range map[string]string{
			"X-Code": code, "X-Format": "application/json", "X-Original-Uri": path + "?q=1", "X-Namespace": "default", "X-Ingress-Name": "shop",
			"Cookie": "a=b", "Authorization": "Basic YTpi", "X-Own": "1", "Accept": "application/json",
			"Range": "", "If-None-Match": "", "Content-Type": "", "Content-Length": "",
		} {
			if is := strings.Join(r.Header.Values(name), "|"); is != want {
				t.Errorf("%s: %s is %q, want %q", path, name, is, want)
			}
		}
	}
	p.expectPaged("served", 2)
	p.noPagesLeft()
}

func TestWhatGetsNoPage(t *testing.T) {
	t.Parallel()
	shelf := startBackend(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("a page was asked for, with %v", r.Header) })
	p := serve(t)
	callable := poolOf("pool")
	callable.H2C = true
	p.apply(pagedTo(paged(400, 404, 503, 508), callable, poolOf("pages", shelf.address)))
	for name, fields := range map[string]string{
		"gRPC":     "Content-Type: application/grpc+proto\r\n",
		"gRPC-Web": "Content-Type: application/grpc-web\r\n",
	} {
		if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"); got.Status != 503 || got.reason() != "NoHealthyTask" {
			t.Errorf("%s: got %d %q", name, got.Status, got.Body)
		}
	}
}

// A page service that is slow takes no response away, however little time the rule gives requests.
func TestAPageLeavesTimeForTheResponse(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	slow := startBackend(t, func(http.ResponseWriter, *http.Request) { <-gone })
	t.Cleanup(func() { close(gone) })
	p := serve(t)
	p.apply(pagedTo(func(r *snapshot.Route) {
		paged(404, 504)(r)
		r.Timeouts.Request = 600 * time.Millisecond
	}, poolOf("pool", startBackend(t, lost).address), poolOf("pages", slow.address)))
	if got := p.get("a", "/"); got.Status != 404 || got.Body != `{"lost": true}` {
		t.Errorf("got %d %q, want the endpoint's response", got.Status, got.Body)
	}
}

// Pages may be there to hide what endpoints say. No client says them away.
func TestNoClaimOfAClientTakesAPageAway(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(pagedTo(paged(503), poolOf("pool"), poolOf("pages", startBackend(t, library).address)))
	for name, fields := range map[string]string{
		"gRPC":         "Content-Type: application/grpc\r\n",
		"event stream": "Content-Type: text/event-stream\r\n",
		"WebSocket":    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
		"protocol":     "Connection: Upgrade\r\nUpgrade: foo\r\n",
	} {
		if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"); got.Status != 503 || got.Body != "<p>GET /503.html</p>" {
			t.Errorf("%s: got %d %q", name, got.Status, got.Body)
		}
	}
}

// A service that leads back here is asked once.
func TestAPageThatLeadsBackIsNone(t *testing.T) {
	t.Parallel()
	p := serve(t)
	own, err := netip.ParseAddrPort(p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.apply(pagedTo(paged(503, 508), poolOf("pool"), poolOf("pages", own)))
	if got := p.get("a", "/"); got.Status != 503 || got.reason() != "NoHealthyTask" || !strings.HasPrefix(got.Body, "NoHealthyTask: ") {
		t.Errorf("got %d %q", got.Status, got.Body)
	}
	p.expectPaged("refused", 1)
	p.expectSeries("warren_ingress_requests_total", map[string]float64{
		"warren_ingress_requests_total code=503 ingress=default/pool reason=NoHealthyTask service=default/pool": 1,
		"warren_ingress_requests_total code=508 ingress=default/pool reason=LoopDetected service=default/pool":  1,
	})
}

// What a policy says of a response it says of one with a page.
func TestPoliciesAreForResponsesWithAPageToo(t *testing.T) {
	t.Parallel()
	p := serve(t)
	ours, answered := prefix("/", "pool"), prefix("/soon", "")
	for _, r := range []*snapshot.Route{&ours, &answered} {
		paged(403, 503)(r)
		r.Policies = []policy.Policy{
			&policy.CORS{AllowOrigins: []string{"https://a.example.com"}}, &policy.Access{Denied: prefixes("192.0.2.0/24")},
			&policy.Headers{Response: policy.HeaderChanges{Set: []policy.Header{{Name: "X-Set", Value: "1"}}, Append: []policy.Header{{Name: "X-Rule", Value: "1"}}}},
		}
	}
	answered.Policies = append(answered.Policies, &policy.FixedResponse{Status: 503, ContentType: "text/x", Body: "soon"})
	p.apply(snapshotOf([]snapshot.Host{hostOf("", ours, answered)}, poolOf("pool"), poolOf("pages", startBackend(t, library).address)))
	for path, why := range map[string]string{"/": "NoHealthyTask", "/soon": "FixedResponse"} {
		got := p.ask("GET " + path + " HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example.com\r\n\r\n")
		if got.Status != 503 || got.Body != "<p>GET /503.html</p>" || got.reason() != why {
			t.Errorf("%s: got %d %q with %v", path, got.Status, got.Body, got.Header)
		}
		for name, want := range map[string]string{"Access-Control-Allow-Origin": "https://a.example.com", "X-Set": "1", "X-Rule": "1", "Content-Type": "text/html"} {
			if is := strings.Join(got.Header.Values(name), "|"); is != want {
				t.Errorf("%s: %s is %q, want %q", path, name, is, want)
			}
		}
	}
}

// Nobody waits for a page that nobody gets.
func TestAClientThatGoesAwayEndsTheRequestForItsPage(t *testing.T) {
	t.Parallel()
	for name, pool := range map[string]func(testing.TB) snapshot.Pool{
		"ours": func(testing.TB) snapshot.Pool { return poolOf("pool") },
		"theirs": func(tb testing.TB) snapshot.Pool {
			return poolOf("pool", startBackend(tb, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }).address)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked, ended := make(chan struct{}), make(chan struct{})
			shelf := startBackend(t, func(_ http.ResponseWriter, r *http.Request) {
				close(asked)
				<-r.Context().Done()
				close(ended)
			})
			p := serve(t)
			p.engine.ErrorPages.Within = patience
			p.apply(pagedTo(paged(503), pool(t), poolOf("pages", shelf.address)))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			receive(t, "the request for the page", asked)
			client.abort()
			receive(t, "its end", ended)
			p.noPagesLeft()
		})
	}
}

func TestExplainSaysWhichPageThereWouldBe(t *testing.T) {
	t.Parallel()
	shelf := startBackend(t, func(http.ResponseWriter, *http.Request) { t.Error("explaining a request asked for a page") })
	p := serve(t)
	p.apply(pagedTo(paged(502, 503), poolOf("pool"), poolOf("pages", shelf.address)))
	e, err := p.Explainer().Explain(&explain.Question{URL: "http://a/"})
	if err != nil {
		t.Fatal(err)
	}
	want := []explanation.ErrorPage{{Pool: "pages", Service: "default/pages", Statuses: []int{502, 503}, Path: "/{status}.html"}}
	if diff := cmp.Diff(want, e.ErrorPages); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if e.Answer.Status != 503 || e.Answer.Reason != reason.NoHealthyTask.String() || e.Answer.Page != "default/pages" {
		t.Errorf("the answer is %+v", e.Answer)
	}
	var text strings.Builder
	if err := e.WriteText(&text, time.Now()); err != nil || !strings.Contains(text.String(), "502, 503") ||
		!strings.Contains(text.String(), "with the page of default/pages") {
		t.Errorf("the page is not in the text (%v):\n%s", err, text.String())
	}
	p.noPagesLeft()
}

// The attempt ended as it ended, whatever stands in place of its response.
func TestASpanNamesThePage(t *testing.T) {
	t.Parallel()
	recorded := make(spans, 1)
	p := serve(t, tracing(recorded, 1))
	desk := startBackend(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	p.apply(pagedTo(handled(404), poolOf("pool", startBackend(t, lost).address), poolOf("pages", desk.address)))
	if got := p.get("a", "/"); got.Status != http.StatusTeapot {
		t.Errorf("got %d", got.Status)
	}
	span := receive(t, "the span", recorded)
	if span.Page != "default/pages" || span.Status != http.StatusTeapot || len(span.Attempts) != 1 || span.Attempts[0].Status != http.StatusNotFound {
		t.Errorf("the span is %+v", span)
	}
}

// A response that nobody gets is not waited for, and neither is a request that nobody reads.
func TestAPageEndsWhatItStandsInPlaceOf(t *testing.T) {
	t.Parallel()
	shelf := startBackend(t, library)
	for name, test := range map[string]struct {
		request, response string
		// closes is set if what the client sends next could not be told from content.
		closes bool
	}{
		"a response without an end":       {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false},
		"a response that is not sent":     {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\n", false},
		"a request that is not sent":      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", true},
		"a request that waits to be sent": {"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", true},
		"both":                            {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "HTTP/1.1 503 No\r\nContent-Length: 9\r\n\r\nhi", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(pagedTo(paged(503), poolOf("pool", endpoint.address), poolOf("pages", shelf.address)))
			client := p.dial()
			client.send(test.request)
			up := endpoint.accept()
			up.head()
			up.send(test.response)
			got := client.reply("GET")
			if got.Status != 503 || got.Body != "<p>GET /503.html</p>" || got.Close != test.closes {
				t.Errorf("got %d %q, and the connection ends: %v", got.Status, got.Body, got.Close)
			}
			if _, err := up.ending(); err != nil && !isReset(err) {
				t.Errorf("the endpoint's connection goes on: %v", err)
			}
			p.noPagesLeft()
		})
	}
}

func TestPagesComeOverHTTP2Too(t *testing.T) {
	t.Parallel()
	shop, shelf := startH2C(t, lost), startH2C(t, library)
	p := serve(t)
	pool, pages := poolOf("pool", shop.address), poolOf("pages", shelf.address)
	pool.H2C, pages.H2C = true, true
	p.apply(pagedTo(paged(404), pool, pages))
	client := p.dial()
	for range 3 {
		client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
		if got := client.reply("POST"); got.Status != 404 || got.Body != "<p>GET /404.html</p>" || got.Header.Get("Retry-After") != "7" {
			t.Errorf("got %d %q with %v", got.Status, got.Body, got.Header)
		}
	}
	p.expectPaged("served", 3)
	p.noPagesLeft()
}
