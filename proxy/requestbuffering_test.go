// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// bufferingUpTo has a route gather that much of each request's content.
func bufferingUpTo(most int64) func(*snapshot.Route) {
	return func(r *snapshot.Route) { r.Policies = []policy.Policy{&policy.RequestBuffering{MaxBytes: most}} }
}

// Some servers run one request a worker, and some see no content without a length.
func TestGatheredContentReachesTheEndpointAtOnceAndWithItsLength(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, head string
		pieces     []string
		want       string
	}{
		{"chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", []string{"5\r\nhello\r\n", "6\r\n world\r\n", "0\r\n\r\n"}, "hello world"},
		{"chunked, with trailers", "POST / HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n", []string{"5\r\nhello\r\n", "0\r\nX-Sum: 1\r\n\r\n"}, "hello"},
		{"chunked, as much as is gathered", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", []string{"f\r\n0123456789abcde\r\n", "1\r\nf\r\n", "0\r\n\r\n"}, "0123456789abcdef"},
		{"chunked, and empty", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", []string{"0\r\n\r\n"}, ""},
		{"with a length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n", []string{"hello", " world"}, "hello world"},
		{"with a length, as much as is gathered", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\n", []string{"0123456789abcde", "f"}, "0123456789abcdef"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everythingBy(bufferingUpTo(16), endpoint.address))
			client := p.dial()
			client.send(test.head)
			for i, piece := range test.pieces {
				if n := endpoint.accepted.Load(); n != 0 {
					t.Errorf("the endpoint was asked before piece %d", i)
				}
				p.get("nowhere", "/../") // a request of its own, which gives the proxy the time that it needs
				client.send(piece)
			}
			up := endpoint.accept()
			got := up.request()
			body, err := io.ReadAll(got.Body)
			if err != nil || string(body) != test.want || got.ContentLength != int64(len(test.want)) || len(got.TransferEncoding) > 0 {
				t.Errorf("the endpoint got %q (%v) of length %d, coded %v, want %q", body, err, got.ContentLength, got.TransferEncoding, test.want)
			}
			if announced := got.Header["Trailer"]; announced != nil {
				t.Errorf("trailers %q are announced, and none are sent", announced)
			}
			up.send(okReply)
			if got := client.reply("POST"); got.Status != 200 {
				t.Errorf("got %d %q, want 200", got.Status, got.reason())
			}
			// The connections go on, and the memory is given back.
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up.request()
			up.send(okReply)
			client.reply("GET")
			if n := p.engine.ContentMemory.Taken(); n != 0 {
				t.Errorf("%d bytes are still taken", n)
			}
		})
	}
}

func TestContentThatIsLongerThanWhatIsGathered(t *testing.T) {
	t.Parallel()
	const most = 100_000 // more than is sent with a head
	long := strings.Repeat("0123456789", 2*most/10)
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(bufferingUpTo(most), endpoint.address))

	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n" + long[:most+1] + "\r\n")
	if got := client.reply("POST"); got.Status != 413 || got.reason() != "ContentTooLarge" {
		t.Errorf("chunked: got %d %q, want 413 ContentTooLarge", got.Status, got.reason())
	}
	if n := endpoint.accepted.Load(); n != 0 {
		t.Errorf("chunked: %d connections to the endpoint, want none", n)
	}

	client = p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n" + long[:most])
	up := endpoint.accept()
	up.head()
	up.expect(long[:most]) // as soon as it is gathered
	client.send(long[most:])
	up.expect(long[most:])
	up.send(okReply)
	if got := client.reply("POST"); got.Status != 200 {
		t.Errorf("with a length: got %d %q, want 200", got.Status, got.reason())
	}
	await(t, "the end of both", func() bool { return p.engine.ContentMemory.Taken() == 0 })
}

func TestClientThatWaitsForA100GetsItWhereContentIsGathered(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(bufferingUpTo(64), endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if got := client.head(); !strings.HasPrefix(got, "HTTP/1.1 100 ") {
		t.Fatalf("got %q, want a 100", got)
	}
	client.send("hello")
	up := endpoint.accept()
	if got := up.request(); got.Header.Get("Expect") != "" || got.ContentLength != 5 {
		t.Errorf("the endpoint is told to expect %q, length %d", got.Header.Get("Expect"), got.ContentLength)
	}
	up.send(okReply)
	client.reply("POST")
}

// A call's client may wait for the endpoint's first message before it sends the next of its own.
func TestCallsAreNotGathered(t *testing.T) {
	t.Parallel()
	s := startScript(t)
	p := serve(t, h2c)
	p.apply(inH2C(everythingBy(bufferingUpTo(64), s.address)))
	c := p.dialFrames()
	c.request(1, false, append(head("POST", "/talk"), "content-type", "application/grpc")...)
	f := s.acceptFrames()
	a := f.received(false)
	f.respond(a.stream, "first")
	if got := c.answer(1); got.body != "first" {
		t.Errorf("got %v, want the endpoint's message", got)
	}
}

func TestContentOfAStreamIsGathered(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everythingBy(bufferingUpTo(64), endpoint.address))
	c := p.dialFrames()
	c.request(1, false, head("POST", "/")...)
	c.check(c.WriteData(1, false, []byte("hello")))
	c.ping()
	if n := endpoint.accepted.Load(); n != 0 {
		t.Error("the endpoint was asked before the content was whole")
	}
	c.check(c.WriteData(1, true, []byte(" world")))
	up := endpoint.accept()
	got := up.request()
	if body, _ := io.ReadAll(got.Body); string(body) != "hello world" || got.ContentLength != 11 {
		t.Errorf("the endpoint got %q of length %d", body, got.ContentLength)
	}
	up.send(okReply)
	if got := c.answer(1); got.body != "ok" {
		t.Errorf("got %v, want ok", got)
	}
}

// The memory is bounded for the whole process. A request that cannot have any goes on if nothing of it is lost by that.
func TestContentIsNotGatheredWithoutMemory(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.engine.ContentMemory.Limit = 1
	p.apply(everythingBy(bufferingUpTo(64), endpoint.address))
	if got := p.ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"); got.Status != 503 || got.reason() != "UpstreamBusy" {
		t.Errorf("chunked: got %d %q, want 503 UpstreamBusy", got.Status, got.reason())
	}
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
	up := endpoint.accept()
	up.head()
	client.send("hi")
	up.expect("hi")
	up.send(okReply)
	if got := client.reply("POST"); got.Status != 200 {
		t.Errorf("with a length: got %d %q, want 200", got.Status, got.reason())
	}
}

// Whoever has clients that take their time leaves memory to the routes of other namespaces.
func TestMemoryForContentIsSharedAmongNamespaces(t *testing.T) {
	t.Parallel()
	b := startBackend(t, echoed)
	p := serve(t)
	p.engine.ContentMemory.Limit = 8 * buffer.Small
	slow, other := prefix("/", "slow"), prefix("/", "other")
	bufferingUpTo(64)(&slow)
	bufferingUpTo(64)(&other)
	slowPool, otherPool := poolOf("slow", b.address), poolOf("other", b.address)
	otherPool.Service = "another/other"
	p.apply(snapshotOf([]snapshot.Host{hostOf("slow", slow), hostOf("other", other)}, slowPool, otherPool))
	const begun = "POST / HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n"
	for i := range 4 {
		p.dial().send(fmt.Sprintf(begun, "slow"))
		await(t, "the gathering", func() bool { return p.engine.ContentMemory.Taken() == int64(i+1)*buffer.Small })
	}
	for host, want := range map[string]int{"slow": 503, "other": 200} {
		if got := p.ask(fmt.Sprintf(begun, host) + "0\r\n\r\n"); got.Status != want {
			t.Errorf("%s: got %d %q, want %d", host, got.Status, got.reason(), want)
		}
	}
}

// What waits for a client ends with it, and with the time that the rule gives.
func TestGatheringEnds(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		bufferingUpTo(64)(r)
		r.Timeouts.Request = 500 * time.Millisecond
	}, endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
	if got := client.reply("POST"); got.Status != 504 || got.reason() != "UpstreamRequestTimeout" {
		t.Errorf("got %d %q, want 504 UpstreamRequestTimeout", got.Status, got.reason())
	}
	p.apply(everythingBy(bufferingUpTo(64), endpoint.address))
	client = p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
	await(t, "the gathering", func() bool { return p.engine.ContentMemory.Taken() > 0 })
	client.abort()
	await(t, "its end", func() bool { return p.engine.ContentMemory.Taken() == 0 })
	if n := endpoint.accepted.Load(); n != 0 {
		t.Errorf("%d connections to the endpoint, want none", n)
	}
}

// What was gathered is there for the next endpoint, too.
func TestGatheredContentGoesToAnotherEndpoint(t *testing.T) {
	t.Parallel()
	spare := startScript(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		bufferingUpTo(64)(r)
		r.Retries = 1
	}, closedPort(t), spare.address))
	for range 2 { // the choice goes round
		client := p.dial()
		client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
		up := spare.accept()
		got := up.request()
		if body, _ := io.ReadAll(got.Body); string(body) != "hello" {
			t.Errorf("the other endpoint got %q, want hello", body)
		}
		up.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
		if got := client.reply("POST"); got.Status != 200 {
			t.Errorf("got %d %q, want 200", got.Status, got.reason())
		}
	}
}

// A content of which a part was gathered is whole at the next endpoint too. What is kept to be sent again may have less
// of it than was gathered.
func TestPartlyGatheredContentIsWholeAtTheNextEndpoint(t *testing.T) {
	t.Parallel()
	const most = 100_000
	content := make([]byte, 2*most)
	for i := range content {
		content[i] = byte('a' + i/1000%26)
	}
	again := func(r *snapshot.Route) { bufferingUpTo(most)(r); r.Retries = 1 }
	first, second := startScript(t), startScript(t)
	p := serve(t)
	p.apply(inH2C(everythingBy(again, first.address)))
	client := p.dial()
	client.send(fmt.Sprintf("POST /call HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", len(content)) + string(content[:most]))
	f := first.acceptFrames()
	refused := f.received(false)
	for n := 0; n < 65535; { // the window of a connection
		if d, ok := f.next().(*http2.DataFrame); ok {
			n += len(d.Data())
		}
	}
	p.apply(inH2C(everythingBy(again, second.address)))
	f.check(f.WriteRSTStream(refused.stream, http2.ErrCodeRefusedStream))
	sent := make(chan struct{})
	go func() { defer close(sent); _, _ = client.Write(content[most:]) }()
	f = second.acceptFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	f.check(f.WriteWindowUpdate(0, 1<<20))
	f.received(false)
	var got []byte
	for ended := false; !ended && len(got) < len(content); {
		if d, ok := f.next().(*http2.DataFrame); ok {
			got, ended = append(got, d.Data()...), d.StreamEnded()
		}
	}
	<-sent
	if !bytes.Equal(got, content) {
		t.Errorf("the second endpoint got %d bytes, want the same %d", len(got), len(content))
	}
}

// Whatever a client says of its request, an endpoint that knows no calls is asked once the content is whole, and the
// content has to come fast enough.
func TestNoClaimOfAClientEvadesGathering(t *testing.T) {
	t.Parallel()
	for name, fields := range map[string]string{
		"nothing": "", "a call": "Content-Type: application/grpc\r\n", "an upgrade": "Connection: upgrade\r\nUpgrade: x\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, hurried)
			p.apply(everythingBy(bufferingUpTo(1000), endpoint.address))
			client := p.dial()
			client.send("POST / HTTP/1.1\r\nHost: a\r\n" + fields + "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
			done, dripping := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(dripping)
				drip(done, func() error { _, err := client.Write([]byte("1\r\nx\r\n")); return err })
			}()
			got := client.reply("POST")
			close(done)
			<-dripping
			if got.Status != 408 || got.reason() != "RequestTimeout" {
				t.Errorf("got %d %s, want 408 RequestTimeout", got.Status, got.reason())
			}
			if n := endpoint.accepted.Load(); n > 0 {
				t.Errorf("%d connections were made to the endpoint, want none", n)
			}
		})
	}
}

// A response may last. What was gathered of its request does not.
func TestGatheredContentIsForgottenOnceItIsAnswered(t *testing.T) {
	t.Parallel()
	for _, n := range []int{60_000, 100_000} { // the latter does not fit beside the head
		endpoint := startScript(t)
		p := serve(t)
		p.apply(everythingBy(bufferingUpTo(1<<20), endpoint.address))
		client := p.dial()
		client.send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", n) + strings.Repeat("x", n))
		up := endpoint.accept()
		up.head()
		up.expect(strings.Repeat("x", n))
		up.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\ndata: 1\n\n")
		client.head()
		await(t, "the gathered content to be forgotten", func() bool { return p.engine.ContentMemory.Taken() == 0 })
	}
}
