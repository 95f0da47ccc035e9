// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// provocation is a way to get an answer of the proxy's own.
type provocation struct {
	reason reason.Reason
	// request has METHOD in the place of its method.
	request  string
	snapshot *snapshot.Snapshot
	// status, proxyStatus and body are what the answer has to be. kept says that the connection can carry another request.
	status      int
	proxyStatus string
	body        string
	kept        bool
	// once is set if the request is refused before its method is known, so that HEAD makes no difference.
	once bool
}

// provocations has every reason that a plain request can provoke.
func provocations(t *testing.T) []provocation {
	t.Helper()
	b := named(t, "b")
	broken := startScripted(t, func(w *wire) { _ = w.Close() })
	gibberish := startScripted(t, func(w *wire) { w.send("220 smtp.example.com ESMTP\r\n\r\n") })
	mute := startScripted(t, func(*wire) {})
	serving := everything(b.address)
	manyPasses := "METHOD / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("CDN-Loop: warren-0\r\n", mostPasses) + "\r\n"
	with := func(change func(*snapshot.Route)) *snapshot.Snapshot { return everythingBy(change, b.address) }
	panics := everything(b.address)
	redirecting := everything(b.address)
	redirecting.Hosts[0].RedirectHTTPS = true
	unusable := with(func(r *snapshot.Route) { r.Pool, r.Backends = "", []snapshot.Backend{{Weight: 1}} })
	answering := func(p policy.Policy) *snapshot.Snapshot {
		return with(func(r *snapshot.Route) { r.Pool, r.Policies = "", []policy.Policy{p} })
	}
	denied := guarded("", askingService(), poolOf("pool", b.address),
		poolOf("auth", startBackend(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }).address))
	const plain = "METHOD / HTTP/1.1\r\nHost: a\r\n\r\n"
	return []provocation{
		{reason.MalformedRequest, "METHOD / HTTP/1.1\r\nHost: a\r\nBad Field: x\r\n\r\n", serving, 400, "http_request_error", "white space", false, false},
		{reason.MalformedPath, "METHOD /../x HTTP/1.1\r\nHost: a\r\n\r\n", serving, 400, "http_request_error", "climbs above the root", true, false},
		{reason.AmbiguousPath, "METHOD /x%2F..%2F.. HTTP/1.1\r\nHost: a\r\n\r\n", serving, 400, "http_request_error", "%2F or %5C", true, false},
		{reason.TargetTooLong, "METHOD /" + strings.Repeat("x", longestLine) + " HTTP/1.1\r\nHost: a\r\n\r\n", serving, 414, "http_request_error", "too long", false, true},
		{reason.HeadTooLarge, "METHOD / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("X: y\r\n", 200) + "\r\n", serving, 431, "http_request_error", "too many fields", false, false},
		{reason.MethodNotSupported, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", serving, 501, "http_request_error", "CONNECT", false, true},
		{reason.MethodNotAllowed, "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", serving, 405, "http_request_denied", "would send back", true, true},
		{reason.OptionsAnswered, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", serving, 200, "proxy_internal_response", "passes on these methods", true, true},
		{reason.VersionNotSupported, "METHOD / HTTP/2.0\r\nHost: a\r\n\r\n", serving, 505, "http_request_error", "version", false, true},
		{reason.RedirectToHTTPS, plain, redirecting, 308, "proxy_internal_response", "served over HTTPS", true, false},
		{reason.RouteNotFound, plain, &snapshot.Snapshot{}, 404, "destination_not_found", "no rule matches", true, false},
		{reason.RuleClosed, plain, with(func(r *snapshot.Route) { r.Closed = "ForeignAnnotation" }), 503, "proxy_configuration_error",
			"closed until its Ingress is mended", true, false},
		{reason.AccessDenied, plain, with(func(r *snapshot.Route) { accessOf(r).Denied = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }), 403, "http_request_denied", "does not admit", true, false},
		{reason.RateLimited, plain, with(func(r *snapshot.Route) { *rateLimitOf(r) = policy.RateLimit{PerSecond: 1e-9, Burst: 1} }), 429, "http_request_denied", "more requests", true, false},
		{reason.ConnectionsLimited, plain, with(withPolicies(&policy.ConnectionLimit{})), 429, "http_request_denied", "under way", true, false},
		{reason.CertificateRequired, plain, with(withPolicies(&auth.ClientCertificate{Terms: &clientcert.Terms{Authorities: newAuthority(t, "a").pem}})), 403, "http_request_denied",
			"without asking for a certificate", false, false},
		{reason.AuthRequired, plain, with(withPolicies(basicAuth)), 401, "http_request_denied", "wants to know who you are", true, false},
		{reason.AuthDenied, plain, denied, 403, "http_request_denied", "does not admit you", true, false},
		{reason.AuthUnavailable, plain, with(withPolicies(&auth.ClientCertificate{Missing: "there is no Secret"})), 503, "proxy_internal_error", "nobody can say now", true, false},
		{reason.ContentTooLarge, "METHOD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", with(bufferingUpTo(1)), 413, "http_request_error", "without a Content-Length", true, false},
		{reason.Redirected, plain, answering(&policy.Redirect{Status: 302}), 302, "proxy_internal_response", "sends its clients", true, false},
		{reason.FixedResponse, plain, answering(&policy.FixedResponse{Status: 200, ContentType: "text/plain; charset=utf-8", Body: "FixedResponse: all is well\n"}), 200,
			"proxy_internal_response", "all is well", true, false},
		{reason.PreflightAnswered, "OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: https://b\r\nAccess-Control-Request-Method: PUT\r\n\r\n",
			with(func(r *snapshot.Route) { r.Policies = []policy.Policy{&policy.CORS{AllowOrigins: []string{"*"}}} }), 200, "proxy_internal_response", "who may read", true, true},
		{reason.LoopDetected, manyPasses, serving, 508, "proxy_loop_detected", "leads back", true, false},
		{reason.InvalidBackend, plain, unusable, 500, "proxy_configuration_error", "does not exist", true, false},
		{reason.NoHealthyTask, plain, everything(), 503, "destination_unavailable", "no endpoint", true, false},
		{reason.UpstreamConnectFailed, plain, everything(closedPort(t)), 502, "connection_refused", "no connection", true, false},
		{reason.UpstreamTLSFailed, plain, over(snapshot.UpstreamTLS{ServerName: "a"}, everything(b.address)), 502, "tls_protocol_error", "does not speak TLS", true, false},
		{reason.UpstreamReset, plain, everything(broken), 502, "connection_terminated", "closed the connection", true, false},
		{reason.UpstreamMalformed, plain, everything(gibberish), 502, "http_protocol_error", "not a well-formed response", true, false},
		{reason.UpstreamTimeout, plain, everythingBy(idleAfter(50*time.Millisecond), mute), 504, "http_response_timeout", "did not answer in time", true, false},
		{reason.UpstreamConnectTimeout, plain, everythingBy(func(r *snapshot.Route) { r.Timeouts.Connect = 50 * time.Millisecond }, deafAddress(t)), 504, "connection_timeout", "did not take the connection in time", true, false},
		{reason.UpstreamRequestTimeout, plain, everythingBy(func(r *snapshot.Route) { r.Timeouts.Request = 50 * time.Millisecond }, mute), 504, "http_response_timeout", "longer than the rule allows", true, false},
		{reason.InternalError, plain, panics, 500, "proxy_internal_error", "the proxy failed", false, false},
	}
}

// startScripted starts an endpoint that reads a request's head on each connection and then calls then. The proxy may
// give a connection up before it has sent a head.
func startScripted(t *testing.T, then func(*wire)) netip.AddrPort {
	t.Helper()
	s := startScript(t)
	done := make(chan struct{})
	stop := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case c, ok := <-s.conns:
				if !ok {
					return
				}
				w := newWire(t, c)
				if _, err := http.ReadRequest(w.in); err == nil {
					then(w)
				}
			case <-stop:
				return
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-done })
	return s.address
}

func TestOwnAnswersSayWhyToPeopleAndMachines(t *testing.T) {
	t.Parallel()
	seen := map[reason.Reason]bool{
		// Other tests are for what a plain request cannot provoke. For ClientClosed, nobody is there to get an answer.
		reason.None: true, reason.ClientClosed: true, reason.RequestTimeout: true, reason.ConnectionLimit: true, reason.ACMEChallenge: true, reason.UpstreamBusy: true,
		reason.MisdirectedRequest: true,
	}
	for _, test := range provocations(t) {
		seen[test.reason] = true
		methods := []string{"GET", "HEAD"}
		if test.once {
			methods = methods[:1]
		}
		for _, method := range methods {
			t.Run(test.reason.String()+" "+method, func(t *testing.T) { provoke(t, test, method) })
		}
	}
	for r := range reason.Count {
		if !seen[r] {
			t.Errorf("no test provokes %v", r)
		}
	}
}

func provoke(t *testing.T, test provocation, method string) {
	p := serve(t)
	p.apply(test.snapshot)
	switch test.reason {
	case reason.RateLimited: // the first request is within the burst
		p.get("a", "/")
	case reason.InternalError:
		breakGeneration(p)
	}
	client := p.dial()
	client.send(strings.Replace(test.request, "METHOD", method, 1))
	got := client.reply(method)
	want := fmt.Sprintf("warren; error=%s; details=%q", test.proxyStatus, test.reason)
	if got.Status != test.status || got.Header.Get("Proxy-Status") != want {
		t.Errorf("got %d and Proxy-Status %q, want %d and %q", got.Status, got.Header.Get("Proxy-Status"), test.status, want)
	}
	if got.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("Content-Type is %q", got.Header.Get("Content-Type"))
	}
	switch {
	case method == "HEAD" && (got.Body != "" || got.Length <= int64(len(test.body))):
		t.Errorf("got a body of %q and a length of %d, want none and what GET gets", got.Body, got.Length)
	case method == "GET" && (!strings.HasPrefix(got.Body, test.reason.String()+": ") || !strings.Contains(got.Body, test.body) || !strings.HasSuffix(got.Body, "\n")):
		t.Errorf("the body is %q, want a line with %q", got.Body, test.body)
	}
	if got.Close != !test.kept {
		t.Errorf("the response says that the connection closes: %v, want %v", got.Close, !test.kept)
	}
	if !test.kept {
		client.expectEnd()
		return
	}
	p.apply(&snapshot.Snapshot{})
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if got := client.reply("GET"); got.reason() != "RouteNotFound" {
		t.Errorf("the next request got %d %q, want RouteNotFound", got.Status, got.reason())
	}
}

// breakGeneration makes every request panic once it is routed.
func breakGeneration(p *served) { changeRoute(p, func(r *routing.Route) { r.Backend.Pool = nil }) }

// changeRoute changes the route of everything after it was compiled. It changes a route that was compiled again,
// because others read the one that is served.
func changeRoute(p *served, change func(*routing.Route)) {
	p.tb.Helper()
	before := p.engine.Generation.Load()
	again := *before.Snapshot
	again.Hosts = slices.Clone(again.Hosts)
	again.Hosts[0].Owner += "'s"
	next, err := routing.Compile(&again, before, p.state)
	if err != nil {
		p.tb.Fatal(err)
	}
	change(next.Find(new(message.Request), []byte("a"), []byte("/"), canonical.AsItIs))
	p.engine.Generation.Store(next)
}

func TestRateLimitedAnswerSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { *rateLimitOf(r) = policy.RateLimit{PerSecond: 0.01, Burst: 2} }, b.address))
	begun := time.Now()
	p.get("a", "/")
	p.get("a", "/")
	got := p.get("a", "/")
	after := got.Header.Get("Retry-After")
	if wait, err := strconv.Atoi(after); err != nil || wait > 100 || wait < 100-int(time.Since(begun).Seconds()) {
		t.Errorf("Retry-After is %q, want 100 but for the time since the first request", after)
	}
	want := map[string][]string{
		"Retry-After": {after}, "Ratelimit-Limit": {"2"}, "Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {after},
	}
	fields := fieldsBut(got.Header, "Content-Type", "Content-Length", "Proxy-Status", "X-Content-Type-Options", "X-Request-Id")
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestRedirectKeepsPathAndQuery(t *testing.T) {
	t.Parallel()
	p := serve(t)
	redirecting := everything()
	redirecting.Hosts[0].RedirectHTTPS = true
	p.apply(redirecting)
	got := p.get("Shop.example.com:8000", "/a/%7Eb?q=1&r=%2f")
	if location := got.Header.Get("Location"); got.Status != 308 || location != "https://shop.example.com/a/%7Eb?q=1&r=%2f" {
		t.Errorf("got %d to %q, want 308 to https://shop.example.com/a/%%7Eb?q=1&r=%%2f", got.Status, location)
	}
}

// If an answer does not need the content, the proxy must not mistake it for the next request.
func TestContentOfARefusedRequestIsNotTakenForARequest(t *testing.T) {
	t.Parallel()
	const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(smuggled), smuggled)
	for _, test := range []struct {
		name, head, content string
		// whole says that the proxy gets all of it at once and can go on.
		whole bool
	}{
		{"with the head", fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", len(smuggled)), smuggled, true},
		{"chunked with the head", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", chunked, true},
		{"late", fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", len(smuggled)), smuggled, false},
		{"late chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", chunked, false},
		{"malformed chunks", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + "zz\r\n", smuggled, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			client := p.dial()
			if test.whole {
				client.send(test.head + test.content + "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			} else {
				client.send(test.head)
			}
			if got := client.reply("POST"); got.reason() != "RouteNotFound" || got.Close == test.whole {
				t.Errorf("got %d %q, close %v, want RouteNotFound, close %v", got.Status, got.reason(), got.Close, !test.whole)
			}
			if test.whole {
				if got := client.reply("GET"); got.reason() != "RouteNotFound" {
					t.Errorf("the next request got %d %q", got.Status, got.reason())
				}
				return
			}
			client.send(test.content)
			client.expectEnd()
		})
	}
}
