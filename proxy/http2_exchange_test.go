// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// client2 is net/http's client. All its requests go over HTTP/2.
type client2 struct {
	*http.Client
	tb   testing.TB
	base string
	// made counts the connections.
	made *counter
}

// http2Client returns a client for the proxy: over TLS, or with prior knowledge.
func (s *served) http2Client(secure bool) *client2 {
	s.tb.Helper()
	var protocols http.Protocols
	address := s.address
	scheme := "http"
	if secure {
		scheme, address = "https", s.listen("127.0.0.1:0", s.ServeTLS)
		protocols.SetHTTP2(true)
	} else {
		protocols.SetUnencryptedHTTP2(true)
	}
	made := new(counter)
	transport := &http.Transport{
		Protocols:       &protocols,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			made.Add(1)
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	s.tb.Cleanup(transport.CloseIdleConnections)
	return &client2{
		Client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		tb:     s.tb, base: scheme + "://a", made: made,
	}
}

func (c *client2) request(method, path string, content io.Reader) *http.Request {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	c.tb.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		c.tb.Fatal(err)
	}
	return r
}

func (c *client2) do(r *http.Request) (*http.Response, string) {
	c.tb.Helper()
	resp, err := c.Do(r)
	if err != nil {
		c.tb.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.tb.Fatalf("%s %s: reading the content: %v", r.Method, r.URL, err)
	}
	if resp.ProtoMajor != 2 {
		c.tb.Errorf("%s %s went over %s", r.Method, r.URL, resp.Proto)
	}
	return resp, string(body)
}

// overBoth runs a test over TLS and without.
func overBoth(t *testing.T, test func(t *testing.T, secure bool)) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("over TLS %v", secure), func(t *testing.T) {
			t.Parallel()
			test(t, secure)
		})
	}
}

func TestMethodsAndContentPassOverHTTP2(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	long := strings.Repeat("0123456789abcdef", 1<<16)
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Seen", fmt.Sprintf("%s %s %s %d %v", r.Method, r.Host, r.URL, r.ContentLength, r.TransferEncoding))
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/304":
			w.WriteHeader(http.StatusNotModified)
		default:
			_ = http.NewResponseController(w).EnableFullDuplex()
			_, _ = io.Copy(w, r.Body)
		}
	})
	overBoth(t, func(t *testing.T, secure bool) {
		p := serve(t, h2c)
		p.apply(with(everything(b.address), issue(t, "a", key, "a")))
		c := p.http2Client(secure)
		for _, test := range []struct {
			name, method, path string
			content            io.Reader
			status             int
			seen, body         string
		}{
			{"GET", "GET", "/x?y", nil, 200, "GET a /x?y 0 []", ""},
			{"HEAD", "HEAD", "/", nil, 200, "HEAD a / 0 []", ""},
			{"another method", "PROPFIND", "/", nil, 200, "PROPFIND a / 0 []", ""},
			{"content", "POST", "/", strings.NewReader("hello"), 200, "POST a / 5 []", "hello"},
			{"content of unknown length", "PUT", "/", struct{ io.Reader }{strings.NewReader("hello")}, 200, "PUT a / 5 []|PUT a / -1 [chunked]", "hello"}, // it may have come with the head
			{"long content", "POST", "/", strings.NewReader(long), 200, "POST a / 1048576 []", long},
			{"long content of unknown length", "POST", "/", struct{ io.Reader }{strings.NewReader(long)}, 200, "POST a / -1 [chunked]", long},
			{"no content", "GET", "/204", nil, 204, "GET a /204 0 []", ""},
			{"not modified", "GET", "/304", nil, 304, "GET a /304 0 []", ""},
			{"path that is not canonical", "GET", "/a/%2e%2e//%62/", nil, 200, "GET a /b/ 0 []", ""},
		} {
			resp, body := c.do(c.request(test.method, test.path, test.content))
			if resp.StatusCode != test.status || !slices.Contains(strings.Split(test.seen, "|"), resp.Header.Get("Seen")) || body != test.body {
				t.Errorf("%s: got %d, seen %q, %d bytes; want %d, %q, %d bytes", test.name,
					resp.StatusCode, resp.Header.Get("Seen"), len(body), test.status, test.seen, len(test.body))
			}
		}
		if n := c.made.Load(); n != 1 {
			t.Errorf("%d connections were made, want 1", n)
		}
	})
}

func TestEndpointGetsTheSameHeadOverHTTP2(t *testing.T) {
	t.Parallel()
	echo := startEcho(t, "e", "Connection: x-hop", "X-Hop: 1", "X-Mixed-Case: 2", "Keep-Alive: timeout=1")
	p := serve(t, h2c)
	p.apply(everything(echo))
	c := p.dialFrames()
	c.request(1, true, head("GET", "/a?b", "cookie", "a=1", "x-forwarded-for", "1.2.3.4", "cookie", "b=2", "te", "trailers", "user-agent", "t",
		"x_forwarded_for", "1.2.3.4", "cookie", "c=3", "host", "A")...)
	got := c.answer(1)
	want := "e\nGET /a?b HTTP/1.1\r\nHost: a\r\ncookie: a=1; b=2; c=3\r\nuser-agent: t\r\n" +
		"X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 80" +
		"\r\nX-Forwarded-Host: a\r\nCDN-Loop: " + markAt(p) + "\r\nConnection: TE\r\nTE: trailers\r\n\r\n"
	if diff := cmp.Diff(want, withoutRequestID(got.body)); diff != "" {
		t.Errorf("the endpoint got (-want +got):\n%s", diff)
	}
	if got.fields["x-mixed-case"] != "2" || len(got.fields) != 4 {
		t.Errorf("the client got the fields %v", got.fields)
	}
}

func withoutRequestID(head string) string {
	var kept strings.Builder
	for line := range strings.Lines(head) {
		if !strings.HasPrefix(strings.ToLower(line), "x-request-id:") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

func TestPoliciesHoldOverHTTP2(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	echo := startEcho(t, "e", "Server: x")
	denied, limited, changed := prefix("/denied", "pool"), prefix("/limited", "pool"), prefix("/changed", "pool")
	*accessOf(&denied) = policy.Access{Denied: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	*rateLimitOf(&limited) = policy.RateLimit{PerSecond: 0.001, Burst: 1}
	rewriteOf(&changed).StripPrefix = "/changed"
	headersOf(&changed).Request.Set = []policy.Header{{Name: "X-App", Value: "1"}}
	headersOf(&changed).Response.Remove = []string{"Server"}
	overBoth(t, func(t *testing.T, secure bool) {
		p := serve(t, h2c)
		redirected := hostOf("a", changed, denied, limited)
		redirected.RedirectHTTPS = secure
		p.apply(with(snapshotOf([]snapshot.Host{redirected}, poolOf("pool", echo)), issue(t, "a", key, "a")))
		c := p.http2Client(secure)
		for _, test := range []struct {
			path   string
			status int
			reason string
		}{
			{"/none", 404, "RouteNotFound"},
			{"/denied", 403, "AccessDenied"},
			{"/limited", 200, ""},
			{"/limited", 429, "RateLimited"},
			{"/limited/%zz", 400, "MalformedPath"},
		} {
			r := c.request("GET", "/", nil)
			r.URL.Opaque = "//a" + test.path
			resp, _ := c.do(r)
			if got := resp.Header.Get("Proxy-Status"); resp.StatusCode != test.status || test.reason != "" && !strings.Contains(got, test.reason) {
				t.Errorf("%s: got %d %q, want %d %s", test.path, resp.StatusCode, got, test.status, test.reason)
			}
		}
		resp, body := c.do(c.request("GET", "/changed/x", nil))
		if !strings.Contains(body, "GET /x HTTP/1.1\r\n") || !strings.Contains(body, "X-App: 1\r\n") || resp.Header.Get("Server") != "" {
			t.Errorf("got %v and the endpoint %q", resp.Header, body)
		}
		if !secure {
			return
		}
		f := p.dialFrames()
		f.get(1, "/changed/x?y")
		if got := f.answer(1); got.status != "308" || got.fields["location"] != "https://a/changed/x?y" {
			t.Errorf("without TLS got %v, want a redirect", got)
		}
	})
}

func TestTrailersPassBothWaysOverHTTP2(t *testing.T) {
	t.Parallel()
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Out")
		_, _ = w.Write(body)
		w.Header().Set("X-Out", r.Trailer.Get("X-In")+r.Trailer.Get("X-Real-Ip"))
	})
	p := serve(t, h2c)
	p.apply(everything(b.address))
	c := p.http2Client(false)
	r := c.request("POST", "/", struct{ io.Reader }{strings.NewReader("hello")})
	r.Trailer = http.Header{"X-In": {"in"}, "X-Real-Ip": {"1.2.3.4"}}
	resp, body := c.do(r)
	if got := resp.Trailer.Get("X-Out"); got != "in" || body != "hello" {
		t.Errorf("got %q and the trailer %q, want hello and in", body, got)
	}
}

func TestInformationalResponsesPassOverHTTP2(t *testing.T) {
	t.Parallel()
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
		body, _ := io.ReadAll(r.Body) // this sends the 100
		_, _ = w.Write(body)
	})
	p := serve(t, h2c)
	p.apply(everything(b.address))
	c := p.http2Client(false)
	var got []int
	r := c.request("POST", "/", strings.NewReader("hello"))
	r.Header.Set("Expect", "100-continue")
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, _ textproto.MIMEHeader) error { got = append(got, code); return nil },
	}))
	_, body := c.do(r)
	if diff := cmp.Diff([]int{103, 100}, got); diff != "" || body != "hello" {
		t.Errorf("got %q after informational responses (-want +got):\n%s", body, diff)
	}
}

func TestContentFlowsBothWaysAtOnceOverHTTP2(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		w.WriteHeader(200)
		_ = control.Flush()
		buf := make([]byte, 4096)
		for {
			n, err := r.Body.Read(buf)
			_, _ = w.Write(buf[:n])
			_ = control.Flush()
			if err != nil {
				return
			}
		}
	})
	overBoth(t, func(t *testing.T, secure bool) {
		p := serve(t, h2c)
		p.apply(with(everything(b.address), issue(t, "a", key, "a")))
		c := p.http2Client(secure)
		content, send := io.Pipe()
		resp, err := c.Do(c.request("POST", "/", content))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			text := fmt.Sprintf("message %d", i)
			if _, err := io.WriteString(send, text); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(text))
			if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != text {
				t.Fatalf("received %q (%v), want %q", got, err, text)
			}
		}
		_ = send.Close()
		if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
			t.Errorf("received %q (%v), want the end", rest, err)
		}
	})
}

func TestManyStreamsShareAConnection(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_, _ = io.Copy(w, r.Body)
		_, _ = io.WriteString(w, r.URL.Path)
	})
	p := serve(t)
	p.apply(with(everything(b.address), issue(t, "a", key, "a")))
	c := p.http2Client(true)
	c.do(c.request("GET", "/", nil)) // otherwise each client would make a connection
	errs := make(chan error)
	const clients, each = 24, 6
	for i := range clients {
		go func() {
			errs <- func() error {
				for j := range each {
					path := fmt.Sprintf("/%d/%d", i, j)
					content := bytes.Repeat([]byte{byte(i)}, 1+(i*j*997)%60_000)
					resp, err := c.Post(c.base+path, "x/y", bytes.NewReader(content))
					if err != nil {
						return err
					}
					got, err := io.ReadAll(resp.Body)
					_ = resp.Body.Close()
					if err != nil {
						return fmt.Errorf("%s: after %d bytes: %w", path, len(got), err)
					}
					if string(got) != string(content)+path {
						return fmt.Errorf("%s: %d bytes came back for %d", path, len(got), len(content))
					}
				}
				return nil
			}()
		}()
	}
	for range clients {
		if err := receive(t, "the end of a client", errs); err != nil {
			t.Error(err)
		}
	}
	if n := c.made.Load(); n != 1 {
		t.Errorf("%d connections were made, want 1", n)
	}
}

// If HTTP/2 is off on plain connections, its preface is a request that cannot be served. If it is on, requests of
// HTTP/1 are served as before.
func TestPriorKnowledgeIsServedWhereItIsOn(t *testing.T) {
	t.Parallel()
	off := serve(t)
	if got := off.ask(http2.ClientPreface); got.Status != 505 || got.reason() != "VersionNotSupported" {
		t.Errorf("where it is off got %d %q, want 505 VersionNotSupported", got.Status, got.reason())
	}
	on := serve(t, h2c)
	c := on.dial()
	for i := range http2.ClientPreface {
		c.send(http2.ClientPreface[i : i+1])
	}
	framer := http2.NewFramer(c, c.in)
	if frame, err := framer.ReadFrame(); err != nil || frame.Header().Type != http2.FrameSettings {
		t.Errorf("where it is on got %v (%v), want SETTINGS", frame, err)
	}
	later := on.dial()
	for _, request := range []string{"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "P"} {
		later.send(request)
		if len(request) > 1 {
			later.reply("POST")
		}
	}
	later.send(http2.ClientPreface[1:])
	if got := later.reply("PRI"); got.Status != 505 {
		t.Errorf("behind another request got %d, want 505", got.Status)
	}
}

func TestEndpointThatBreaksOffIsToldByAReset(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	c.get(1, "/")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
	for got := ""; got != "hello"; {
		if data, ok := c.next().(*http2.DataFrame); ok {
			got += string(data.Data())
		}
	}
	up.abort()
	if got := c.answer(1); got.reset != http2.ErrCodeInternal {
		t.Errorf("got %v, want a reset with INTERNAL_ERROR", got)
	}
	c.get(3, "/")
	up = endpoint.accept()
	up.head()
	up.abort()
	if got := c.answer(3); got.status != "502" || got.reason() != "UpstreamReset" {
		t.Errorf("then got %v, want 502 UpstreamReset", got)
	}
}

// A response that does not wait for the rest of the request ends it.
func TestResponseBeforeTheEndOfTheContentStopsIt(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	c.request(1, false, head("POST", "/", "content-length", "100")...)
	c.check(c.WriteData(1, false, []byte("hello")))
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
	got := c.answer(1)
	if got.status != "413" || got.body != "no" || !got.ended {
		t.Errorf("got %v, want the whole response", got)
	}
	for {
		if frame, ok := c.next().(*http2.RSTStreamFrame); ok {
			if frame.StreamID != 1 || frame.ErrCode != http2.ErrCodeNo {
				t.Errorf("got %v, want a reset with NO_ERROR", frame)
			}
			break
		}
	}
	c.check(c.WriteData(1, false, []byte("what was on its way")))
	c.ping()
}
