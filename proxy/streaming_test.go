// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

const mebi = 1 << 20

// flat runs a transfer. It fails the test if the heap grows by more than the bound meanwhile.
func flat(t *testing.T, bound uint64, transfer func()) {
	t.Helper()
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var highest atomic.Uint64
	done, sampled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sampled)
		for {
			runtime.ReadMemStats(&now)
			highest.Store(max(highest.Load(), now.HeapInuse))
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	transfer()
	close(done)
	<-sampled
	if grown := highest.Load() - min(highest.Load(), before.HeapInuse); grown > bound {
		t.Errorf("the heap grew by %d KiB, want at most %d KiB", grown>>10, bound>>10)
	}
}

// The following two do not run beside other tests, because they would count their memory.

func TestLargeDownloadNeedsLittleMemory(t *testing.T) {
	const size = 100 * mebi
	for name, head := range map[string]string{
		"with a length": fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size),
		"chunked":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			go func() {
				block := strings.Repeat("0123456789abcdef", mebi/16)
				if name == "chunked" {
					block = fmt.Sprintf("%x\r\n%s\r\n", len(block), block)
				}
				_, err := io.WriteString(up, head)
				for range size / mebi {
					if err == nil {
						_, err = io.WriteString(up, block)
					}
				}
				if name == "chunked" && err == nil {
					_, err = io.WriteString(up, "0\r\n\r\n")
				}
				if err != nil {
					t.Errorf("sending the response: %v", err)
				}
			}()
			flat(t, 24*mebi, func() {
				response, err := http.ReadResponse(client.in, &http.Request{Method: "GET"})
				if err != nil {
					t.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, response.Body); n != size || err != nil {
					t.Errorf("received %d bytes (%v), want %d", n, err, size)
				}
			})
		})
	}
}

func TestLargeUploadNeedsLittleMemory(t *testing.T) {
	const size = 100 * mebi
	for _, coding := range []string{"with a length", "chunked"} {
		t.Run(coding, func(t *testing.T) {
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			go func() {
				block := strings.Repeat("0123456789abcdef", mebi/16)
				head := fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", size)
				end := ""
				if coding == "chunked" {
					head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
					block = fmt.Sprintf("%x\r\n%s\r\n", len(block), block)
					end = "0\r\n\r\n"
				}
				_, err := io.WriteString(client, head)
				for range size / mebi {
					if err == nil {
						_, err = io.WriteString(client, block)
					}
				}
				if err == nil && end != "" {
					_, err = io.WriteString(client, end)
				}
				if err != nil {
					t.Errorf("sending the request: %v", err)
				}
			}()
			flat(t, 24*mebi, func() {
				up := endpoint.accept()
				request, err := http.ReadRequest(up.in)
				if err != nil {
					t.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, request.Body); n != size || err != nil {
					t.Errorf("the endpoint received %d bytes (%v), want %d", n, err, size)
				}
				up.send(okReply)
				if got := client.reply("POST"); got.Status != 200 {
					t.Errorf("got %d %q, want 200", got.Status, got.reason())
				}
			})
		})
	}
}

// The endpoint answers word by word while it still receives. Neither direction waits for the other.
func TestContentFlowsBothWaysAtOnce(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"chunked":       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		"with a length": "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
				control := http.NewResponseController(w)
				if err := control.EnableFullDuplex(); err != nil {
					t.Errorf("full duplex: %v", err)
				}
				w.WriteHeader(200)
				_ = control.Flush()
				buf := make([]byte, 5)
				for {
					n, err := io.ReadFull(r.Body, buf)
					if n > 0 {
						_, _ = w.Write([]byte(strings.ToUpper(string(buf[:n]))))
						_ = control.Flush()
					}
					if err != nil {
						return
					}
				}
			})
			p := serve(t)
			p.apply(everything(b.address))
			client := p.dial()
			client.send(head)
			response, err := http.ReadResponse(client.in, &http.Request{Method: "POST"})
			if err != nil {
				t.Fatal(err)
			}
			word := make([]byte, 5)
			for i := range 100 {
				if name == "chunked" {
					client.send(fmt.Sprintf("5\r\nw%04d\r\n", i))
				} else {
					client.send(fmt.Sprintf("w%04d", i))
				}
				if _, err := io.ReadFull(response.Body, word); err != nil || string(word) != fmt.Sprintf("W%04d", i) {
					t.Fatalf("word %d came back as %q (%v)", i, word, err)
				}
			}
			if name == "chunked" {
				client.send("0\r\n\r\n")
			}
			if rest, err := io.ReadAll(response.Body); len(rest) > 0 || err != nil {
				t.Errorf("after the last word came %q (%v)", rest, err)
			}
			// The exchange is over on both sides. The connection carries another.
			client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
			if got := client.reply("POST"); got.Status != 200 {
				t.Errorf("the next request got %d %q", got.Status, got.reason())
			}
		})
	}
}

func TestTrailersReachTheOtherSide(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: trailers\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"5;ext=1\r\nhello\r\n0;last\r\nX-Sum: 42\r\nX-More: a, b\r\n\r\n")
	up := endpoint.accept()
	request, err := http.ReadRequest(up.in)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil || string(body) != "hello" {
		t.Errorf("the endpoint got %q (%v), want hello", body, err)
	}
	if diff := cmp.Diff(http.Header{"X-Sum": {"42"}, "X-More": {"a, b"}}, request.Trailer); diff != "" {
		t.Errorf("trailers at the endpoint (-want +got):\n%s", diff)
	}
	if te := request.Header["Te"]; len(te) != 1 || te[0] != "trailers" {
		t.Errorf("the endpoint is told TE %q, want trailers", te)
	}
	up.send("HTTP/1.1 200 OK\r\nTrailer: X-Time\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Time: 7\r\n\r\n")
	got := client.reply("POST")
	if diff := cmp.Diff(http.Header{"X-Time": {"7"}}, got.Trailer); diff != "" {
		t.Errorf("trailers at the client (-want +got):\n%s", diff)
	}
}

// The proxy drops trailers that are the connection's fields, and those that would reframe the message.
func TestTrailersThatConcernTheConnectionAreNotForwarded(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nConnection: close\r\nKeep-Alive: 5\r\nX-End: 1\r\n\r\n")
	got := client.reply("GET")
	if diff := cmp.Diff(http.Header{"X-End": {"1"}}, got.Trailer); diff != "" {
		t.Errorf("trailers at the client (-want +got):\n%s", diff)
	}
}

// A trailer must not bring in what a field of the same name could not.
func TestForwardingFieldsInTrailersAreDropped(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{"at once": "", "later": "5\r\nhello\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, trust("127.0.0.1/32"))
			p.apply(everything(endpoint.address))
			client := p.dial()
			const head, end = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
				"0\r\nX-Forwarded-For: 10.0.0.1\r\nX-Real-IP: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\nX_Forwarded_For: 10.0.0.1\r\nX-Sum: 1\r\n\r\n"
			if begin == "" {
				client.send(head + end)
			} else {
				client.send(head)
			}
			up := endpoint.accept()
			up.head()
			if begin != "" {
				client.send(begin + end)
			}
			up.expect(begin + "0\r\nX-Sum: 1\r\n\r\n")
			up.send(okReply)
			client.reply("POST")
		})
	}
}

// Each event is there before the next one is sent, however small it is.
func TestServerSentEventsArriveOneByOne(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ head, frame, end string }{
		"chunked":  {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n", "9\r\ndata: %d\n\n\r\n", "0\r\n\r\n"},
		"to close": {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", "data: %d\n\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send(test.head)
			response, err := http.ReadResponse(client.in, &http.Request{Method: "GET"})
			if err != nil {
				t.Fatal(err)
			}
			events := bufio.NewReader(response.Body)
			for i := range 10 {
				up.send(fmt.Sprintf(test.frame, i))
				line, err := events.ReadString('\n')
				if err != nil || line != fmt.Sprintf("data: %d\n", i) {
					t.Fatalf("event %d came as %q (%v)", i, line, err)
				}
				if empty, err := events.ReadString('\n'); err != nil || empty != "\n" {
					t.Fatalf("event %d ended with %q (%v)", i, empty, err)
				}
			}
			up.send(test.end)
			_ = up.Close()
			if rest, err := io.ReadAll(events); len(rest) > 0 || err != nil {
				t.Errorf("after the last event came %q (%v)", rest, err)
			}
		})
	}
}

// A stream lives as long as it moves, even if that is much longer than the stall times.
func TestStreamOutlivesTheStallTimes(t *testing.T) {
	t.Parallel()
	const stall, pause, steps = 2500 * time.Millisecond, 100 * time.Millisecond, 30
	short := func(c *Config) { c.ReadTimeout, c.WriteTimeout, c.IdleTimeout = stall, stall, stall }
	for name, test := range map[string]struct {
		request, response string
		uploads           bool
	}{
		"download": {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n", false},
		"upload":   {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n", okReply, true},
		// The response's head comes at once, its content after the upload.
		"upload after an early head": {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, short)
			p.apply(everythingBy(idleAfter(stall), endpoint.address))
			client := p.dial()
			client.send(test.request)
			up := endpoint.accept()
			up.head()
			early := strings.HasSuffix(test.response, "\r\n\r\n")
			if early {
				up.send(test.response)
			}
			from, to := up, client
			if test.uploads {
				from, to = client, up
			} else {
				client.head()
			}
			for range steps {
				<-time.After(pause)
				from.send(".")
				to.expect(".")
			}
			if test.uploads {
				if early {
					up.send("ok")
				} else {
					up.send(test.response)
				}
				if got := client.reply("POST"); got.Status != 200 || got.Body != "ok" {
					t.Errorf("got %d %q (%s), want ok", got.Status, got.Body, got.reason())
				}
			}
		})
	}
}

func TestResponsesWithoutContentEndWithTheirHead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, method, response, want string
	}{
		{"HEAD with a length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"},
		{"HEAD chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"},
		{"HEAD with nothing", "HEAD", "HTTP/1.1 200 OK\r\nX: y\r\n\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"},
		{"204", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 5\r\n\r\n"},
		{"205 of length 0", "GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"},
		{"an error to HEAD", "HEAD", "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send(test.method + " / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send(test.response)
			client.expect(test.want)
			if got := up.request().URL.Path; got != "/next" {
				t.Errorf("the endpoint got %s next, want /next", got)
			}
			up.send(okReply)
			client.expect(okReply)
		})
	}
}

// The part of a message that is there is sent on, even if it ends in the midst of a chunk's size.
func TestHeadDoesNotWaitForTheRestOfAChunk(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"", "5", "5\r", "5\r\n", "5;ext"} {
		t.Run(fmt.Sprintf("%q", part), func(t *testing.T) {
			t.Parallel()
			rest := "5\r\nhello\r\n0\r\n\r\n"
			if part == "5;ext" {
				rest = "5;ext\r\nhello\r\n0\r\n\r\n"
			}
			rest = rest[len(part):]
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + part)
			up := endpoint.accept()
			up.head()
			client.send(rest)
			up.expect("5\r\nhello\r\n0\r\n\r\n")
			up.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + part)
			client.head()
			up.send(rest)
			client.expect("5\r\nhello\r\n0\r\n\r\n")
		})
	}
}

// The wait for the response is bounded again once the whole request was sent.
func TestEndpointThatDoesNotAnswerAnUploadIs504(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(idleAfter(100*time.Millisecond), endpoint.address))
	for range 5 {
		client := p.dial()
		client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
		up := endpoint.accept()
		up.head()
		client.send("hello")
		up.expect("hello")
		if got := client.reply("POST"); got.Status != 504 || got.reason() != "UpstreamTimeout" {
			t.Errorf("got %d %q, want 504 UpstreamTimeout", got.Status, got.reason())
		}
	}
}

// A route sets deadlines on a connection. They must not end another route's request there.
func TestRouteWithoutTimeoutsInheritsNoneFromAnother(t *testing.T) {
	t.Parallel()
	const short, pause = 2 * time.Second, 2500 * time.Millisecond
	endpoint := startScript(t)
	p := serve(t)
	bounded, unbounded := prefix("/bounded", "pool"), prefix("/unbounded", "pool")
	bounded.Timeouts = snapshot.Timeouts{Idle: short}
	unbounded.Timeouts = snapshot.Timeouts{}
	p.apply(snapshotOf([]snapshot.Host{hostOf("", bounded, unbounded)}, poolOf("pool", endpoint.address)))
	client := p.dial()
	client.send("POST /bounded HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
	up := endpoint.accept()
	up.head()
	client.send("hello")
	up.expect("hello")
	up.send(okReply)
	client.reply("POST")
	for range 2 {
		<-time.After(pause)
		client.send("GET /unbounded HTTP/1.1\r\nHost: a\r\n\r\n")
		up.head()
		<-time.After(pause)
		up.send(okReply)
		if got := client.reply("GET"); got.Status != 200 {
			t.Errorf("got %d %q, want 200", got.Status, got.reason())
		}
	}
}
