// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	scripts "github.com/warren-dev/ingress/proxy/script"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// mostPasses is how often a request may pass through proxies of this kind.
const mostPasses = 10

// markAt returns the mark of the only route of everything.
func markAt(p *served) string {
	return string(p.engine.Generation.Load().Find(new(message.Request), []byte("a"), []byte("/"), canonical.AsItIs).Mark)
}

// at returns where a proxy of these tests listens.
func at(p *served) netip.AddrPort { return netip.MustParseAddrPort(p.address) }

// A backend may lead back to the proxy, in any version, through another proxy or an old server. The request ends as
// soon as it comes by the same rule again.
func TestRequestThatComesBackIsRefused(t *testing.T) {
	t.Parallel()
	// relay starts a server that sends a request on to the proxy, by HTTP/1.0 if old is set.
	relay := func(t *testing.T, p *served, host string, old bool) netip.AddrPort {
		return startBackend(t, func(w http.ResponseWriter, r *http.Request) {
			if old {
				c := dial(t, p.address)
				defer func() { _ = c.Close() }()
				var fields strings.Builder
				_ = r.Header.Write(&fields)
				c.send("GET " + r.URL.Path + " HTTP/1.0\r\nHost: " + host + "\r\n" + fields.String() + "\r\n")
				copyResponse(w, c.in, r)
				return
			}
			out := r.Clone(r.Context())
			out.RequestURI, out.Host = "", host
			out.URL = &url.URL{Scheme: "http", Host: p.address, Path: r.URL.Path}
			resp, err := http.DefaultTransport.RoundTrip(out)
			if err != nil {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			defer func() { _ = resp.Body.Close() }()
			w.WriteHeader(resp.StatusCode)
			_, _ = io.Copy(w, resp.Body)
		}).address
	}
	for name, test := range map[string]struct {
		// make makes p's requests come back to it.
		make func(t *testing.T, p *served)
		// passes is how often a request comes until it is refused.
		passes int
	}{
		"itself": {func(_ *testing.T, p *served) { p.apply(everything(at(p))) }, 2},
		"itself, and a rule that takes out the mark": {func(_ *testing.T, p *served) {
			p.apply(everythingBy(func(r *snapshot.Route) { headersOf(r).Request.Remove = []string{"cdn-loop"} }, at(p)))
		}, 2},
		"itself, and a rule that sets another mark": {func(_ *testing.T, p *served) {
			p.apply(everythingBy(func(r *snapshot.Route) {
				headersOf(r).Request.Set = []policy.Header{{Name: "CDN-Loop", Value: "other"}}
			}, at(p)))
		}, 2},
		"itself, and a path that grows": {func(_ *testing.T, p *served) {
			p.apply(everythingBy(func(r *snapshot.Route) { rewriteOf(r).Path.Replace = "/x/y" }, at(p)))
		}, 2},
		"itself, with retries": {func(_ *testing.T, p *served) { p.apply(everythingBy(retries(3), at(p), at(p))) }, 2},
		"HTTP/2 without TLS":   {func(_ *testing.T, p *served) { p.apply(inH2C(everything(at(p)))) }, 2},
		"HTTP/2 over TLS": {func(t *testing.T, p *served) {
			secure := p.listen("127.0.0.1:0", p.ServeTLS)
			p.apply(with(over(snapshot.UpstreamTLS{ServerName: backendName, SkipVerify: true}, everything(netip.MustParseAddrPort(secure))),
				issue(t, "a", ecdsaKey(t), backendName)))
		}, 2},
		"another proxy": {func(t *testing.T, p *served) {
			other := serve(t)
			other.apply(everything(at(p)))
			p.apply(everything(at(other)))
		}, 2},
		"two others, and both take out marks": {func(t *testing.T, p *served) {
			bare := func(r *snapshot.Route) { headersOf(r).Request.Remove = []string{"cdn-loop"} }
			second, third := serve(t), serve(t)
			third.apply(everythingBy(bare, at(p)))
			second.apply(everythingBy(bare, at(third)))
			p.apply(everythingBy(bare, at(second)))
		}, 2},
		"a server of HTTP/1.1": {func(t *testing.T, p *served) { p.apply(everything(relay(t, p, "a", false))) }, 2},
		"a server of HTTP/1.0": {func(t *testing.T, p *served) { p.apply(everything(relay(t, p, "a", true))) }, 2},
		"as many rules as there are": {func(_ *testing.T, p *served) {
			var routes []snapshot.Route
			for i := range 50 {
				r := exact(fmt.Sprintf("/%d", i), "pool")
				rewriteOf(&r).Path.Replace = fmt.Sprintf("/%d", i+1)
				routes = append(routes, r)
			}
			p.apply(snapshotOf([]snapshot.Host{hostOf("", routes...)}, poolOf("pool", at(p))))
		}, mostPasses + 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c)
			test.make(t, p)
			got := p.get("a", "/0")
			if got.Status != 508 || got.reason() != "LoopDetected" && !strings.Contains(name, "server of") {
				t.Errorf("got %d %q, want 508 LoopDetected", got.Status, got.reason())
			}
			await(t, "the record of every pass", func() bool {
				passes := 0.0
				for series, n := range p.scrape() {
					if strings.HasPrefix(series, "warren_ingress_requests_total ") || strings.HasPrefix(series, "warren_ingress_requests_total code") {
						passes += n
					}
				}
				return int(passes) == test.passes
			})
		})
	}
}

func copyResponse(w http.ResponseWriter, from *bufio.Reader, r *http.Request) {
	resp, err := http.ReadResponse(from, r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

// A backend may send a request on to another rule, with all its fields. That is not a request that comes back.
func TestRequestThatGoesOnToAnotherRuleIsServed(t *testing.T) {
	t.Parallel()
	p := serve(t)
	cache := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.RequestURI, out.Host = "", "origin.example.com"
		out.URL = &url.URL{Scheme: "http", Host: p.address, Path: r.URL.Path}
		resp, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	})
	origin := named(t, "origin")
	p.apply(snapshotOf([]snapshot.Host{hostOf("origin.example.com", prefix("/", "origin")), hostOf("www.example.com", prefix("/", "cache"))},
		poolOf("cache", cache.address), poolOf("origin", origin.address)))
	if got := p.get("www.example.com", "/"); got.Status != 200 || got.Body != "origin" {
		t.Errorf("got %d %q %q, want what the origin answers", got.Status, got.reason(), got.Body)
	}
}

// What others, or clients who guess, put into CDN-Loop stops nothing.
func TestMarksOfOthersAreNoLoop(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	mark := markAt(p)
	for _, theirs := range []string{
		"CDN-Loop: cdn.example.com; loops=1, warren-0\r\n", "cdn-loop: warren\r\nCDN-Loop: , ,\r\n", "CDN-Loop: x" + mark + "\r\n", "CDN-Loop: " + mark + "0\r\n",
		"Via: 1.1 " + mark + "\r\n", "CDN-Loop: cdn; id=" + mark + "\r\n",
	} {
		client := p.dial()
		client.send("GET / HTTP/1.1\r\nHost: a\r\n" + theirs + "\r\n")
		up := endpoint.accept()
		head := up.head()
		_ = up.Close()
		if !strings.Contains(head, theirs) || !strings.HasSuffix(head, "\r\nCDN-Loop: "+mark+"\r\n\r\n") {
			t.Errorf("the endpoint got\n%s\nwant %q, and the mark after it", head, theirs)
		}
		client.reply("GET")
	}
	for _, ours := range []string{"CDN-Loop: " + mark, "cdn-loop: other ,\t" + mark + " ;x=y, another", "CDN-Loop: a\r\nCDN-Loop: " + mark} {
		got := p.ask("GET / HTTP/1.1\r\nHost: a\r\n" + ours + "\r\n\r\n")
		if got.Status != 508 || got.reason() != "LoopDetected" {
			t.Errorf("%q: got %d %q, want 508 LoopDetected", ours, got.Status, got.reason())
		}
	}
}

// A rule whose snippet has another one found must not lead back to that one for ever.
func TestTheMarkOfARuleThatIsFoundAnewCounts(t *testing.T) {
	t.Parallel()
	endpoint := named(t, "endpoint")
	p := serve(t)
	from := exact("/a", "pool")
	from.Policies = append(from.Policies, &policy.Script{Location: []scripts.Step{{Op: scripts.RewriteLast, Expression: "^", Value: "/b"}}})
	p.apply(snapshotOf([]snapshot.Host{hostOf("", from, exact("/b", "pool"))}, poolOf("pool", endpoint.address)))
	mark := func(path string) string {
		return string(p.engine.Generation.Load().Find(new(message.Request), []byte("a"), []byte(path), canonical.AsItIs).Mark)
	}
	if got := p.ask("GET /a HTTP/1.1\r\nHost: a\r\nCDN-Loop: other\r\n\r\n"); got.Status != 200 {
		t.Errorf("got %d %q without a mark", got.Status, got.reason())
	}
	for _, path := range []string{"/a", "/b"} {
		if got := p.ask("GET /a HTTP/1.1\r\nHost: a\r\nCDN-Loop: " + mark(path) + "\r\n\r\n"); got.Status != 508 || got.reason() != "LoopDetected" {
			t.Errorf("with the mark of %s: got %d %q, want 508 LoopDetected", path, got.Status, got.reason())
		}
	}
}

// The answer comes at once, and explain knows it.
func TestExplainForeseesALoop(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everything(closedPort(t)))
	got := p.explain(explain.Question{URL: "http://a/", Headers: []string{"CDN-Loop: " + markAt(p)}})
	if got.Answer.Status != 508 || got.Answer.Reason != "LoopDetected" {
		t.Errorf("got %+v, want 508 LoopDetected", got.Answer)
	}
	var text strings.Builder
	if err := got.WriteText(&text, time.Now()); err != nil || !strings.Contains(text.String(), "LoopDetected") {
		t.Errorf("the text is %v\n%s", err, text.String())
	}
}
