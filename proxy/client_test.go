// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// unlimited sets no time limits at all, so that only what a test is about can end anything.
func unlimited(c *Config) { c.ReadTimeout, c.WriteTimeout, c.IdleTimeout = 0, 0, 0 }

func noTimeouts(r *snapshot.Route) { r.Timeouts = snapshot.Timeouts{} }

func TestClientThatGoesAwayEndsItsRequest(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	leaving := map[string]func(*wire){"closes": func(w *wire) { _ = w.Close() }, "resets": (*wire).abort}
	// Only a read, a write or time can tell a client that closed from one that waits for its response.
	soon := func(c *Config) { c.ReadTimeout = 300 * time.Millisecond }
	for _, test := range []struct {
		name, request, response string
		// reads is set if the proxy waits for more of the request, so that it notices the end.
		reads bool
	}{
		{"before the response", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", false},
		{"with the next request sent already", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n", "", false},
		{"after an informational response", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n", false},
		{"in the midst of the response", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", false},
		{"in the midst of a long response", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nhello", 2*splicedFrom), false},
		{"in the midst of an endless response", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false},
		{"after its content", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "", false},
		{"in the midst of its content", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nhi", "", true},
		{"in the midst of its long content", fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\nhi", 2*splicedFrom), "", true},
		{"in the midst of its chunks", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n", "", true},
		{"in the midst of a chunk's size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2", "", true},
	} {
		for how, leave := range leaving {
			for _, secure := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s, over TLS %v", test.name, how, secure), func(t *testing.T) {
					t.Parallel()
					endpoint := startScript(t)
					changes := []func(*Config){unlimited}
					if !test.reads {
						changes = append(changes, soon)
					}
					p := serve(t, changes...)
					p.apply(with(everythingBy(noTimeouts, endpoint.address), issue(t, "a", key, "a")))
					client, send := p.dialAs(secure)
					send(test.request)
					up := endpoint.accept()
					up.head()
					up.send(test.response)
					if test.response != "" {
						client.head()
					}
					leave(client)
					if rest, err := up.ending(); err != nil && !isReset(err) {
						t.Errorf("the endpoint received %q (%v), want the end", rest, err)
					}
					await(t, "the end of the connection", func() bool { return p.server.Open() == 0 })
					if n := endpoint.accepted.Load(); n != 1 {
						t.Errorf("%d connections to the endpoint, want 1", n)
					}
				})
			}
		}
	}
}

// A client may end its side when it has sent its request, and wait for the response (RFC 9112, section 9.6).
func TestClientThatEndedItsSideIsAnswered(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	const patient = 1500 * time.Millisecond
	for _, test := range []struct{ name, request string }{
		{"after a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
		{"after a request of HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n"},
		{"after content", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, over TLS %v", test.name, secure), func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t, func(c *Config) { c.ReadTimeout = patient })
				p.apply(with(everythingBy(noTimeouts, endpoint.address), issue(t, "a", key, "a")))
				client, send := p.dialAs(secure)
				send(test.request)
				if err := client.CloseWrite(); err != nil {
					t.Fatal(err)
				}
				up := endpoint.accept()
				up.request()
				// Each part of the response takes longer than a look at the client, all together longer than the time after
				// which a client that takes nothing is given up.
				for _, part := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "a", "b", "c", "d"} {
					began := p.engine.Clock.Now()
					await(t, "some looks", func() bool { return p.engine.Clock.Now()-began > patient/3 })
					up.send(part)
				}
				if got := client.reply("GET"); got.Status != 200 || got.Body != "abcd" {
					t.Errorf("got %d %q %q, want 200 abcd", got.Status, got.reason(), got.Body)
				}
				client.expectEnd()
			})
		}
	}
}

// dialAs connects to the proxy, by a listener of its own for TLS. It returns how to send on the connection.
func (s *served) dialAs(secure bool) (client *wire, send func(string)) {
	s.tb.Helper()
	if !secure {
		client = s.dial()
		return client, client.send
	}
	c, err := dialTLS(s.tb, s.listen("127.0.0.1:0", s.ServeTLS), &tls.Config{ServerName: "a"})
	if err != nil {
		s.tb.Fatal(err)
	}
	return c.wire, c.send
}

func TestClientThatGoesAwayEndsTheMakingOfAConnection(t *testing.T) {
	t.Parallel()
	p := serve(t, unlimited, func(c *Config) { c.ReadTimeout = 300 * time.Millisecond })
	deaf := deafAddress(t)
	p.apply(everythingBy(noTimeouts, deaf))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	await(t, "the wait for the endpoint", func() bool { return p.endpoint(deaf).Stats().Dialling == 1 })
	_ = client.Close()
	await(t, "the end of the connection", func() bool { return p.server.Open() == 0 })
}

func TestClientThatWentAwayIsLoggedAs499(t *testing.T) {
	t.Parallel()
	var log safeBuffer
	endpoint := startScript(t)
	p := serve(t, unlimited, func(c *Config) {
		c.AccessLog, c.AccessLogWriter, c.ReadTimeout = observe.LogJSON, &log, 300*time.Millisecond
	})
	p.apply(everythingBy(noTimeouts, endpoint.address))
	client := p.dial()
	client.send("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	_ = client.Close()
	up.expectClosed()
	await(t, "the record", func() bool { return strings.Contains(log.text(), "/gone") })
	if got := log.text(); !strings.Contains(got, `"status":499`) || !strings.Contains(got, `"reason":"ClientClosed"`) {
		t.Errorf("the record is %s, want status 499 and reason ClientClosed", got)
	}
}

// safeBuffer can be read while it is written to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// An upload without its end must not look whole to the endpoint.
func TestBrokenUploadIsNotWholeForTheEndpoint(t *testing.T) {
	t.Parallel()
	closing := func(w *wire) { _ = w.Close() }
	for _, test := range []struct {
		name, head, first, then string
		leave                   func(*wire)
		// want is the status that the client gets. It is 0 if the client is gone.
		want   int
		reason string
	}{
		{"short of its length", "Content-Length: 10\r\n\r\n", "hello", "", closing, 0, ""},
		{"short of its last chunk", "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n", "", closing, 0, ""},
		{"short of its last line", "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n", "0\r\n", closing, 0, ""},
		{"with a malformed chunk", "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n", "x\r\n\r\n", nil, 400, "MalformedRequest"},
		{"with a bare LF", "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n", "0\n\n", nil, 400, "MalformedRequest"},
		{"with too much data in a chunk", "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n", "1\r\nab\r\n", nil, 400, "MalformedRequest"},
		{"with a malformed trailer", "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n", "0\r\nX : y\r\n\r\n", nil, 400, "MalformedRequest"},
		{"with a malformed chunk at once", "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX", "", "", nil, 400, "MalformedRequest"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("POST / HTTP/1.1\r\nHost: a\r\n" + test.head)
			up := endpoint.accept()
			if test.first != "" { // the head is on its way before the fault comes
				if _, err := up.in.Peek(1); err != nil {
					t.Fatal(err)
				}
			}
			client.send(test.first + test.then)
			if test.leave != nil {
				test.leave(client)
			}
			if test.want != 0 {
				if got := client.reply("POST"); got.Status != test.want || got.reason() != test.reason || !got.Close {
					t.Errorf("got %d %q, close %v, want %d %s and a close", got.Status, got.reason(), got.Close, test.want, test.reason)
				}
			}
			request, err := http.ReadRequest(up.in)
			if err != nil {
				return // not even the head came, which is as good
			}
			if body, err := io.ReadAll(request.Body); err == nil {
				t.Errorf("the endpoint received the whole content %q", body)
			}
		})
	}
}

func TestClientThatSendsAByteAtATimeIsServed(t *testing.T) {
	t.Parallel()
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading the content: %v", err)
		}
		_, _ = fmt.Fprintf(w, "%s %s", r.URL.Path, body)
	})
	p := serve(t)
	p.apply(everything(b.address))
	client := p.dial()
	for _, request := range []string{
		"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX-T: 1\r\n\r\n",
	} {
		for i := range len(request) {
			client.send(request[i : i+1])
		}
		if got := client.reply("POST"); got.Body != "/slow hello" {
			t.Errorf("got %d %q, want /slow hello", got.Status, got.Body)
		}
	}
}

func TestRequestThatDoesNotArriveInTimeIs408(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, sent string
		upstream   bool
	}{
		{"one byte", "G", false},
		{"part of a head", "GET / HTTP/1.1\r\nHost: a\r\n", false},
		{"part of a content", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello", true},
		{"none of a content", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", true},
		{"part of a long content", fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\nhello", 2*splicedFrom), true},
		{"part of a chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", true},
		{"part of a chunk's size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, func(c *Config) { c.ReadTimeout = 150 * time.Millisecond })
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send(test.sent)
			if got := client.reply("POST"); got.Status != 408 || got.reason() != "RequestTimeout" || !got.Close {
				t.Errorf("got %d %q, close %v, want 408 RequestTimeout and a close", got.Status, got.reason(), got.Close)
			}
			client.expectEnd()
			if test.upstream {
				_, _ = endpoint.accept().ending() // it matters that it ends, not how
			}
		})
	}
}

// The time for a head is for the whole head. A byte now and then does not prolong it.
func TestHeadThatDripsIs408(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.ReadTimeout = 500 * time.Millisecond })
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\nX: ")
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = client.in.Peek(1)
	}()
	for dripping := true; dripping; {
		select {
		case <-answered:
			dripping = false
		case <-time.After(50 * time.Millisecond):
			_, _ = client.Write([]byte("x"))
		}
	}
	if got := client.reply("GET"); got.Status != 408 {
		t.Errorf("got %d %q, want 408", got.Status, got.reason())
	}
}

func TestClientThatTakesNothingIsCut(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"with a length": fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 64*mebi),
		"chunked":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4000000\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, func(c *Config) { c.WriteTimeout = 300 * time.Millisecond })
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			up.send(head)
			block := make([]byte, mebi)
			var err error
			for i := 0; i < 64 && err == nil; i++ {
				_, err = up.Write(block)
			}
			if !isReset(err) {
				t.Errorf("sending what nobody takes ended with %v, want a closed connection", err)
			}
			client.expectTorn("GET")
		})
	}
}

// An endpoint may answer an upload that it does not want to read. The response arrives whole, and ends both
// connections.
func TestEarlyRefusalOfAnUploadArrives(t *testing.T) {
	t.Parallel()
	const refusal = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!"
	for name, then := range map[string]func(*wire){
		"and closes":      func(w *wire) { _ = w.Close() },
		"and waits":       func(*wire) {},
		"and half-closes": func(w *wire) { _ = w.CloseWrite() },
	} {
		for coding, head := range map[string]string{
			"with a length": fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 64*mebi),
			"chunked":       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4000000\r\n",
		} {
			t.Run(name+" "+coding, func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t)
				p.apply(everything(endpoint.address))
				client := p.dial()
				client.send(head)
				up := endpoint.accept()
				up.head()
				sending := make(chan struct{})
				go func() {
					defer close(sending)
					for block := make([]byte, 64<<10); ; {
						if _, err := client.Write(block); err != nil {
							return
						}
					}
				}()
				up.send(refusal)
				then(up)
				if got := client.reply("POST"); got.Status != 413 || got.Body != "no!" {
					t.Errorf("got %d %q, want 413 no!", got.Status, got.Body)
				}
				receive(t, "the end of the upload", sending)
			})
		}
	}
}

// A connection without requests ends after the idle time. Nothing is sent on it.
func TestIdleConnectionEndsInSilence(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *Config) { c.IdleTimeout = 2 * time.Second })
	fresh, used := p.dial(), p.dial()
	used.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	used.reply("GET")
	fresh.expectEnd()
	used.expectEnd()
}

// The idle time begins anew after each request, even if requests follow each other without a break that would reset it.
func TestConnectionInUseOutlivesTheIdleTime(t *testing.T) {
	t.Parallel()
	const idle, pause = 2500 * time.Millisecond, 100 * time.Millisecond
	p := serve(t, func(c *Config) { c.IdleTimeout = idle })
	client := p.dial()
	for range idle/pause + 5 {
		client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		client.reply("GET")
		<-time.After(pause)
	}
}

// A response may take longer than a client may idle. The connection stays usable.
func TestLongWaitForAResponseIsNoIdleTime(t *testing.T) {
	t.Parallel()
	const idle = 2 * time.Second // the client has to send each request in this time
	endpoint := startScript(t)
	p := serve(t, func(c *Config) { c.IdleTimeout = idle })
	p.apply(everythingBy(noTimeouts, endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	<-time.After(idle + idle/2)
	up.send(okReply)
	client.reply("GET")
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up.head()
	up.send(okReply)
	if got := client.reply("GET"); got.Status != 200 {
		t.Errorf("got %d %q, want 200", got.Status, got.reason())
	}
}
