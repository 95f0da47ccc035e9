// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// pages keeps what an access log writes.
type pages struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *pages) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

// count returns how many lines there are so far.
func (p *pages) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Count(p.text.String(), "\n")
}

// lines returns the lines so far, once there are as many as expected.
func (p *pages) lines(tb testing.TB, want int) []string {
	tb.Helper()
	var lines []string
	await(tb, fmt.Sprintf("the writing of %d lines", want), func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		lines = strings.Split(p.text.String(), "\n")
		return len(lines) > want
	})
	if n := len(lines) - 1; n != want || lines[n] != "" {
		tb.Fatalf("%d lines, and %q behind them, want %d", n, lines[n], want)
	}
	return lines[:want]
}

func logTo(w *pages, format observe.LogFormat) func(*Config) {
	return func(c *Config) { c.AccessLog, c.AccessLogWriter = format, w }
}

// madeID matches the ids that the proxy makes.
var madeID = regexp.MustCompile("^[0-9a-f]{32}$")

// parsedLine reads a line of JSON. It checks what differs from run to run, and leaves that out.
func parsedLine(t *testing.T, line string) map[string]any {
	t.Helper()
	got := map[string]any{}
	if err := json.Unmarshal([]byte(line), &got); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	at, err := time.Parse("2006-01-02T15:04:05.000Z", fmt.Sprint(got["time"]))
	if err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("the time is %v (%v)", got["time"], err)
	}
	if d, ok := got["durationSeconds"].(float64); !ok || d < 0 || d > patience.Seconds() {
		t.Errorf("the duration is %v", got["durationSeconds"])
	}
	if d, ok := got["upstreamSeconds"].(float64); ok != (got["endpoint"] != nil) || d > got["durationSeconds"].(float64) {
		t.Errorf("the service took %v of %v", got["upstreamSeconds"], got["durationSeconds"])
	}
	if id, ok := got["requestId"].(string); ok && madeID.MatchString(id) {
		delete(got, "requestId")
	}
	delete(got, "time")
	delete(got, "durationSeconds")
	delete(got, "upstreamSeconds")
	return got
}

func TestAccessLogAsJSONSaysWhatBecameOfARequest(t *testing.T) {
	t.Parallel()
	backend, down := startEcho(t, "b"), closedPort(t)
	routed := func(path, pool string, n int) snapshot.Route {
		r := prefix(path, pool)
		r.Rule = snapshot.RuleID{Ingress: "default/shop", Rule: 1, Path: n}
		return r
	}
	rewritten := routed("/api/v1", "b", 0)
	rewriteOf(&rewritten).StripPrefix = "/api/v1"
	refusing := routed("/down", "down", 1)
	refusing.Retries = 1
	denied := routed("/denied", "b", 2)
	accessOf(&denied).Denied = prefixes("203.0.113.0/24")
	written := &pages{}
	p := serve(t, logTo(written, observe.LogJSON), trust("127.0.0.1/32"))
	p.apply(snapshotOf([]snapshot.Host{hostOf("shop.example.com", rewritten, refusing, denied)},
		poolOf("b", backend), poolOf("down", down)))
	requests := []struct {
		name, request string
		// status and bytes are filled in from the response.
		want map[string]any
	}{
		{"forwarded", "GET /api//v1/%61?x=1&code=2 HTTP/1.1\r\nHost: Shop.example.com:80\r\nX-Forwarded-For: 2001:db8::1\r\nX-Request-Id: a\"b\r\n\r\n", map[string]any{
			"requestId": `a"b`, "client": "2001:db8::1", "method": "GET", "host": "Shop.example.com:80", "path": "/api/v1/a", "query": "x=1&code=***", "protocol": "HTTP/1.1", "scheme": "http",
			"ingress": "default/shop", "rule": "1.0", "service": "default/b", "task": "task/default/b-000", "endpoint": backend.String(), "attempts": 1.0,
		}},
		{"failed", "POST /down HTTP/1.0\r\nHost: shop.example.com\r\nContent-Length: 2\r\n\r\nhi", map[string]any{
			"client": "127.0.0.1", "method": "POST", "host": "shop.example.com", "path": "/down", "protocol": "HTTP/1.0", "scheme": "http",
			"ingress": "default/shop", "rule": "1.1", "service": "default/down", "task": "task/default/down-000", "endpoint": down.String(), "attempts": 1.0, "reason": "UpstreamConnectFailed",
		}},
		{"denied", "GET /denied HTTP/1.1\r\nHost: shop.example.com\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n", map[string]any{
			"client": "203.0.113.7", "method": "GET", "host": "shop.example.com", "path": "/denied", "protocol": "HTTP/1.1", "scheme": "http",
			"ingress": "default/shop", "rule": "1.2", "service": "default/b", "reason": "AccessDenied",
		}},
		{"not found", "GET /x HTTP/1.1\r\nHost: other\r\n\r\n", map[string]any{
			"client": "127.0.0.1", "method": "GET", "host": "other", "path": "/x", "protocol": "HTTP/1.1", "scheme": "http", "reason": "RouteNotFound",
		}},
		{"without a canonical path", "GET /../x HTTP/1.1\r\nHost: a\r\n\r\n", map[string]any{
			"client": "127.0.0.1", "method": "GET", "host": "a", "path": "/../x", "protocol": "HTTP/1.1", "scheme": "http", "reason": "MalformedPath",
		}},
	}
	for i, r := range requests {
		got := p.ask(r.request)
		r.want["status"], r.want["bytes"] = float64(got.Status), float64(len(got.Body))
		line := parsedLine(t, written.lines(t, i+1)[i])
		if diff := cmp.Diff(r.want, line); diff != "" {
			t.Errorf("%s (-want +got):\n%s", r.name, diff)
		}
	}
}

// A line of JSON stays one line, whatever a client sends.
func TestAccessLogAsJSONSurvivesHostileBytes(t *testing.T) {
	t.Parallel()
	written := &pages{}
	p := serve(t, logTo(written, observe.LogJSON))
	p.apply(everything(startEcho(t, "b")))
	everyByte := func(but string) string {
		var b strings.Builder
		for c := '!'; c < 0x7f; c++ {
			if !strings.ContainsRune(but, c) {
				b.WriteRune(c)
			}
		}
		return b.String()
	}
	token := everyByte(`"(),/:;<=>?@[\]{}`)
	requests := []struct{ name, request, method, host, path string }{
		{"every byte of a path", "GET /" + everyByte("#%?") + " HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "a", "/" + everyByte("#%?")},
		{"quotes", "GET /\",\"status\":200,\"x\":\" HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "a", `/","status":200,"x":"`},
		{"backslashes", `GET /\"\u0000\ HTTP/1.1` + "\r\nHost: a\r\n\r\n", "GET", "a", `/\"\u0000\`},
		{"escapes", "GET /%0a%22%c3%a9 HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "a", "/%0A%22%C3%A9"},
		{"a method of all that a token may be", token + " / HTTP/1.1\r\nHost: a\r\n\r\n", token, "a", "/"},
		{"a host of all that it may be", "GET / HTTP/1.1\r\nHost: " + everyByte(`"#%/:<>?@[\]^`+"`{|}") + "\r\n\r\n", "GET", everyByte(`"#%/:<>?@[\]^` + "`{|}"), "/"},
		{"bytes beyond ASCII in a target", "GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "a", "/%FF%FE"},
		{"bytes beyond ASCII in a host", "GET / HTTP/1.1\r\nHost: \xff\r\n\r\n", "", "", ""},
		{"no HTTP at all", "\x16\x03\x01\x00\xff\r\n\r\n", "", "", ""},
		{"control characters", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "", "", ""},
	}
	for i, r := range requests {
		status := p.ask(r.request).Status
		line := parsedLine(t, written.lines(t, i+1)[i])
		if line["status"] != float64(status) {
			t.Errorf("%s: the status is %v, want %d", r.name, line["status"], status)
		}
		if r.method == "" {
			if line["reason"] != "MalformedRequest" {
				t.Errorf("%s: the reason is %v, want MalformedRequest", r.name, line["reason"])
			}
			continue
		}
		got := []any{line["method"], line["host"], line["path"]}
		if diff := cmp.Diff([]any{r.method, r.host, r.path}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", r.name, diff)
		}
	}
}

func TestAccessLogInTheCombinedFormat(t *testing.T) {
	t.Parallel()
	written := &pages{}
	p := serve(t, logTo(written, observe.LogCombined), trust("127.0.0.1/32"))
	p.apply(snapshotOf([]snapshot.Host{hostOf("shop", prefix("/", "b"))}, poolOf("b", startEcho(t, "b"))))
	const date = `\[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]`
	for i, test := range []struct{ name, request, want string }{
		{"all there is", "GET /a//b?c=d HTTP/1.1\r\nHost: shop\r\nUser-Agent: curl/8.0\r\nReferer: http://a/\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n",
			`203\.0\.113\.7 - - ` + date + ` "GET /a/b\?c=d HTTP/1\.1" 200 \d+ "http://a/" "curl/8\.0"`},
		{"neither referer nor agent", "GET / HTTP/1.0\r\nHost: shop\r\n\r\n",
			`127\.0\.0\.1 - - ` + date + ` "GET / HTTP/1\.0" 200 \d+ "-" "-"`},
		{"an answer of ours", "HEAD / HTTP/1.1\r\nHost: other\r\nX-Forwarded-For: 2001:db8::1\r\n\r\n",
			`2001:db8::1 - - ` + date + ` "HEAD / HTTP/1\.1" 404 0 "-" "-"`},
		{"quotes", "GET /\"?\"\\ HTTP/1.1\r\nHost: shop\r\nUser-Agent: \" 200 0 \"\\\r\nReferer: \xe4\t\r\n\r\n",
			`127\.0\.0\.1 - - ` + date + ` "GET /\\"\?\\"\\\\ HTTP/1\.1" 200 \d+ "\\u00e4" "\\" 200 0 \\"\\\\"`},
		{"a tab within", "GET / HTTP/1.1\r\nHost: shop\r\nUser-Agent: a\tb\r\n\r\n",
			`127\.0\.0\.1 - - ` + date + ` "GET / HTTP/1\.1" 200 \d+ "-" "a\\u0009b"`},
	} {
		method, _, _ := strings.Cut(test.request, " ")
		c := p.dial()
		c.send(test.request)
		c.reply(method)
		_ = c.Close()
		line := written.lines(t, i+1)[i]
		if !regexp.MustCompile("^" + test.want + "$").MatchString(line) {
			t.Errorf("%s: the line is %s, want %s", test.name, line, test.want)
		}
	}
}

// blocked is a writer that takes nothing until it is released.
type blocked struct {
	pages
	entered, release chan struct{}
	once             sync.Once
}

func (b *blocked) Write(p []byte) (int, error) {
	b.once.Do(func() { close(b.entered) })
	<-b.release
	return b.pages.Write(p)
}

// Requests go on while nobody reads the log. It drops and counts what it cannot hold meanwhile. It writes the rest
// later.
func TestLogThatIsNotReadBlocksNoRequest(t *testing.T) {
	t.Parallel()
	w := &blocked{entered: make(chan struct{}), release: make(chan struct{})}
	release := sync.OnceFunc(func() { close(w.release) })
	p := serve(t, func(c *Config) { c.AccessLog, c.AccessLogWriter = observe.LogJSON, w })
	t.Cleanup(release)
	p.get("a", "/first")
	receive(t, "the first write", w.entered)
	const batch, most = 100, 50_000
	client := p.dial()
	sent := 1
	for p.engine.Log.Dropped() < batch {
		if sent > most {
			t.Fatalf("%d lines wait, and none was dropped", sent)
		}
		client.send(strings.Repeat("GET / HTTP/1.1\r\nHost: a\r\n\r\n", batch))
		for range batch {
			if got := client.reply("GET"); got.Status != 404 {
				t.Fatalf("got %d, want 404", got.Status)
			}
		}
		sent += batch
	}
	release()
	// The last line is recorded after its response was sent.
	await(t, "the writing or dropping of a line for each request", func() bool { return w.count()+int(p.engine.Log.Dropped()) >= sent })
	dropped := p.engine.Log.Dropped()
	lines := w.lines(t, sent-int(dropped))
	for i, line := range lines {
		want := "/"
		if i == 0 {
			want = "/first"
		}
		if got := parsedLine(t, line)["path"]; got != want {
			t.Fatalf("line %d is of %v, want %s", i, got, want)
		}
	}
	p.get("a", "/last")
	all := w.lines(t, len(lines)+1)
	if got := parsedLine(t, all[len(all)-1])["path"]; got != "/last" {
		t.Errorf("the line after that is of %v, want /last", got)
	}
	if got := p.engine.Log.Dropped(); got != dropped {
		t.Errorf("%d lines were dropped, want %d", got, dropped)
	}
}

func TestWithoutAnAccessLogNothingIsWritten(t *testing.T) {
	t.Parallel()
	for _, format := range []observe.LogFormat{"", observe.LogNone} {
		written := &pages{}
		p := serve(t, logTo(written, format))
		if got := p.get("a", "/"); got.Status != 404 {
			t.Errorf("got %d, want 404", got.Status)
		}
		p.end()
		if got := written.lines(t, 0); len(got) != 0 {
			t.Errorf("%q was written", got)
		}
	}
}
