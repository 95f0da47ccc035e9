// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// acceptFrames takes the next connection that the proxy made to the script. It is a server of HTTP/2 whose frames the
// test plays.
func (s *script) acceptFrames(settings ...http2.Setting) *frames {
	s.tb.Helper()
	c := s.accept().TCPConn
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		s.tb.Fatal(err)
	}
	f := bareFrames(s.tb, c)
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(c, preface); err != nil || string(preface) != http2.ClientPreface {
		s.tb.Fatalf("the proxy began with %q, %v", preface, err)
	}
	f.check(f.WriteSettings(settings...))
	return f
}

// received is a request as an endpoint gets it.
type received struct {
	stream uint32
	path   string
	fields map[string]string
	body   string
	ended  bool
}

// received reads to the head of the next request. With whole it reads to the request's end.
func (f *frames) received(whole bool) received {
	f.tb.Helper()
	var a received
	for a.stream == 0 || whole && !a.ended {
		switch frame := f.next().(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				f.check(f.WriteSettingsAck())
			}
		case *http2.MetaHeadersFrame:
			a.stream, a.path, a.ended = frame.StreamID, frame.PseudoValue("path"), frame.StreamEnded()
			a.fields = make(map[string]string)
			for _, field := range frame.Fields {
				a.fields[field.Name] = field.Value
			}
		case *http2.DataFrame:
			a.body += string(frame.Data())
			a.ended = frame.StreamEnded()
		case *http2.RSTStreamFrame:
			f.tb.Fatalf("the proxy reset the stream: %v", frame.ErrCode)
		}
	}
	return a
}

// respond answers a request.
func (f *frames) respond(stream uint32, body string) {
	f.tb.Helper()
	f.request(stream, false, ":status", "200")
	f.check(f.WriteData(stream, true, []byte(body)))
}

// resetOf reads until a stream is reset, and returns the code.
func (f *frames) resetOf(stream uint32) http2.ErrCode {
	f.tb.Helper()
	for {
		if frame, ok := f.next().(*http2.RSTStreamFrame); ok && frame.StreamID == stream {
			return frame.ErrCode
		}
	}
}

const post = "POST /call HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"

// An endpoint that refused a stream, or that goes away and does not know it, did nothing with the request (RFC 9113,
// section 8.7). So another one gets it, with its content, even if the method is not idempotent.
func TestRequestThatCertainlyDidNothingIsSentAgain(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(f *frames, stream uint32){
		"REFUSED_STREAM": func(f *frames, stream uint32) { f.check(f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)) },
		"GOAWAY":         func(f *frames, _ uint32) { f.check(f.WriteGoAway(0, http2.ErrCodeNo, nil)) },
	} {
		for _, request := range []string{
			post,
			"POST /call HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
		} {
			t.Run(name+" "+request[30:40], func(t *testing.T) {
				t.Parallel()
				s := startScript(t)
				other := startH2C(t, echoed)
				p := serve(t)
				p.apply(inH2C(everythingBy(retries(1), s.address)))
				client := p.dial()
				client.send(request)
				f := s.acceptFrames()
				a := f.received(true)
				p.apply(inH2C(everythingBy(retries(1), s.address, other.address)))
				refuse(f, a.stream)
				if got := client.reply("POST"); got.Status != 200 || got.Body != `HTTP/2.0 POST a "hello"` {
					t.Errorf("got %d %q, want what the other endpoint answered", got.Status, got.Body)
				}
			})
		}
	}
}

// The same is true while the content is still on its way. What was sent is sent again, and the rest follows.
func TestRequestWhoseContentIsOnItsWayIsSentAgain(t *testing.T) {
	t.Parallel()
	s := startScript(t)
	p := serve(t, h2c)
	p.apply(inH2C(everythingBy(retries(0), s.address)))
	c := p.dialFrames()
	c.get(1, "/first")
	f := s.acceptFrames()
	f.respond(f.received(true).stream, "first")
	c.answer(1)
	c.request(3, false, head("POST", "/call")...)
	c.check(c.WriteData(3, false, []byte("hel")))
	if a := f.received(false); a.path != "/call" {
		t.Fatalf("the endpoint got %v", a)
	}
	for body := ""; body != "hel"; {
		if data, ok := f.next().(*http2.DataFrame); ok {
			body += string(data.Data())
		}
	}
	f.check(f.WriteGoAway(1, http2.ErrCodeNo, nil))
	// The connection was there before the request. So another one to the same endpoint is no retry.
	again := s.acceptFrames()
	c.check(c.WriteData(3, true, []byte("lo")))
	a := again.received(true)
	if a.path != "/call" || a.body != "hello" {
		t.Errorf("the endpoint got %v, want the whole content again", a)
	}
	again.respond(a.stream, "done")
	if got := c.answer(3); got.status != "200" || got.body != "done" {
		t.Errorf("got %v, want 200", got)
	}
}

// A request that is too long to be kept is sent once.
func TestLongRequestThatDidNothingIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := startScript(t)
	other := startH2C(t, echoed)
	p := serve(t)
	p.apply(inH2C(everythingBy(retries(1), s.address)))
	client := p.dial()
	const kept = 64 << 10
	long := strings.Repeat("x", kept+1)
	client.send("POST /call HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n" + long)
	f := s.acceptFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 20})
	f.check(f.WriteWindowUpdate(0, 1<<20))
	a := f.received(true)
	p.apply(inH2C(everythingBy(retries(1), s.address, other.address)))
	f.check(f.WriteRSTStream(a.stream, http2.ErrCodeRefusedStream))
	if got := client.reply("POST"); got.Status != 502 || got.reason() != "UpstreamReset" {
		t.Errorf("got %d %q, want 502 UpstreamReset", got.Status, got.Body)
	}
}

// What is kept to be sent again takes memory that is bounded for all requests together. Beyond it nothing is kept.
func TestContentIsKeptAsLongAsThereIsMemory(t *testing.T) {
	t.Parallel()
	for limit, again := range map[int64]bool{1: false, 2 * buffer.Small: true} {
		s, other := startScript(t), startH2C(t, echoed)
		p := serve(t)
		p.engine.ContentMemory.Limit = limit
		p.apply(inH2C(everythingBy(retries(1), s.address)))
		client := p.dial()
		client.send(post)
		f := s.acceptFrames()
		a := f.received(true)
		if got := p.engine.ContentMemory.Taken() > 0; got != again {
			t.Errorf("with %d bytes, content is kept: %t, want %t", limit, got, again)
		}
		p.apply(inH2C(everythingBy(retries(1), s.address, other.address)))
		f.check(f.WriteRSTStream(a.stream, http2.ErrCodeRefusedStream))
		status, answer := 502, ""
		if again {
			status, answer = 200, fmt.Sprintf("%q", a.body)
		}
		if got := client.reply("POST"); got.Status != status || a.body == "" || !strings.HasSuffix(got.Body, answer) {
			t.Errorf("with %d bytes: got %d %q, want %d %s", limit, got.Status, got.Body, status, answer)
		}
		await(t, "the memory to be free", func() bool { return p.engine.ContentMemory.Taken() == 0 })
	}
}

// A request that may have been begun is sent again only if it does no harm twice.
func TestResetRequestIsSentAgainOnlyIfIdempotent(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]int{post: 502, "GET /call HTTP/1.1\r\nHost: a\r\n\r\n": 200} {
		s := startScript(t)
		other := startH2C(t, echoed)
		p := serve(t)
		p.apply(inH2C(everythingBy(retries(1), s.address)))
		client := p.dial()
		client.send(request)
		f := s.acceptFrames()
		a := f.received(true)
		p.apply(inH2C(everythingBy(retries(1), s.address, other.address)))
		f.check(f.WriteRSTStream(a.stream, http2.ErrCodeInternal))
		method, _, _ := strings.Cut(request, " ")
		if got := client.reply(method); got.Status != want {
			t.Errorf("%s: got %d %q, want %d", method, got.Status, got.Body, want)
		}
	}
}

func TestFaultsOfAnEndpointOfHTTP2AreToldApart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault func(f *frames, stream uint32)
		want  string
	}{
		"a frame that is none":   {func(f *frames, _ uint32) { f.check(f.WriteRawFrame(http2.FrameData, 0, 0, nil)) }, "UpstreamMalformed"},
		"a head that is none":    {func(f *frames, stream uint32) { f.request(stream, true, ":status", "2x0") }, "UpstreamMalformed"},
		"the connection's end":   {func(f *frames, _ uint32) { _ = f.conn.Close() }, "UpstreamReset"},
		"a reset of the stream":  {func(f *frames, stream uint32) { f.check(f.WriteRSTStream(stream, http2.ErrCodeInternal)) }, "UpstreamReset"},
		"silence":                {func(*frames, uint32) {}, "UpstreamTimeout"},
		"silence, but for pings": {func(f *frames, _ uint32) { f.check(f.WritePing(false, [8]byte{1})) }, "UpstreamTimeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startScript(t)
			p := serve(t)
			p.apply(inH2C(everythingBy(func(r *snapshot.Route) {
				r.Timeouts.Idle = patience
				if test.want == "UpstreamTimeout" {
					r.Timeouts.Idle = 2 * time.Second // the endpoint has to get the request in this time
				}
			}, s.address)))
			client := p.dial()
			client.send(post)
			f := s.acceptFrames()
			test.fault(f, f.received(true).stream)
			if got := client.reply("POST"); got.reason() != test.want {
				t.Errorf("got %d %q, want %s", got.Status, got.Body, test.want)
			}
		})
	}
}

// The client gets the code with which the endpoint ends a response that has begun.
func TestCodeOfABrokenResponseReachesTheClient(t *testing.T) {
	t.Parallel()
	for _, code := range []http2.ErrCode{http2.ErrCodeCancel, http2.ErrCodeEnhanceYourCalm, http2.ErrCodeInternal, 0x99} {
		s := startScript(t)
		p := serve(t, h2c)
		p.apply(inH2C(everything(s.address)))
		c := p.dialFrames()
		c.get(1, "/")
		f := s.acceptFrames()
		a := f.received(true)
		f.request(a.stream, false, ":status", "200")
		f.check(f.WriteData(a.stream, false, []byte("some")))
		for body := ""; body != "some"; {
			if data, ok := c.next().(*http2.DataFrame); ok {
				body += string(data.Data())
			}
		}
		f.check(f.WriteRSTStream(a.stream, code))
		if got := c.resetOf(1); got != code {
			t.Errorf("the client's stream was reset with %v, want %v", got, code)
		}
	}
}

// A client that goes away ends its own stream at once, and nothing else on the connection.
func TestClientThatGoesAwayResetsItsStreamAlone(t *testing.T) {
	t.Parallel()
	s := startScript(t)
	p := serve(t, h2c)
	p.apply(inH2C(everything(s.address)))
	c := p.dialFrames()
	c.get(1, "/gone")
	f := s.acceptFrames()
	gone := f.received(true)
	c.get(3, "/stays")
	stays := f.received(true)
	c.check(c.WriteRSTStream(1, http2.ErrCodeCancel))
	if code := f.resetOf(gone.stream); code != http2.ErrCodeCancel {
		t.Errorf("the endpoint's stream was reset with %v, want CANCEL", code)
	}
	f.respond(stays.stream, "stayed")
	if got := c.answer(3); got.body != "stayed" {
		t.Errorf("got %v, want what the endpoint answered", got)
	}
	if n := s.accepted.Load(); n != 1 {
		t.Errorf("%d connections to the endpoint, want 1", n)
	}
}

// Once a response has begun, its client may listen for as long as it likes. It is no fault that it sends nothing.
func TestClientThatOnlyListensIsNotLate(t *testing.T) {
	t.Parallel()
	const readTimeout, pause = 2500 * time.Millisecond, 100 * time.Millisecond
	s := startScript(t)
	p := serve(t, h2c, func(c *Config) { c.ReadTimeout = readTimeout })
	p.apply(inH2C(everything(s.address)))
	c := p.dialFrames()
	c.request(1, false, head("POST", "/listen")...)
	f := s.acceptFrames()
	a := f.received(false)
	f.request(a.stream, false, ":status", "200")
	for range readTimeout/pause + 5 {
		<-time.After(pause)
		f.check(f.WriteData(a.stream, false, []byte("x")))
		if data, ok := c.next().(*http2.DataFrame); ok && data.StreamEnded() {
			t.Fatal("the stream ended")
		}
	}
	c.check(c.WriteData(1, true, []byte("at last")))
	for body := ""; body != "at last"; {
		if data, ok := f.next().(*http2.DataFrame); ok {
			body += string(data.Data())
		}
	}
	f.check(f.WriteData(a.stream, true, nil))
	if got := c.answer(1); !got.ended {
		t.Errorf("got %v, want the response's end", got)
	}
}

// A stream on which neither side says anything any more ends after the rule's idle time.
func TestSilentConversationEnds(t *testing.T) {
	t.Parallel()
	s := startScript(t)
	p := serve(t, h2c, unlimited)
	p.apply(inH2C(everythingBy(idleAfter(2*time.Second), s.address)))
	c := p.dialFrames()
	c.request(1, false, head("POST", "/listen")...)
	f := s.acceptFrames()
	a := f.received(false)
	f.request(a.stream, false, ":status", "200")
	f.check(f.WriteData(a.stream, false, []byte("x")))
	if code := f.resetOf(a.stream); code != http2.ErrCodeCancel {
		t.Errorf("the endpoint's stream was reset with %v, want CANCEL", code)
	}
	if code := c.resetOf(1); code != http2.ErrCodeInternal {
		t.Errorf("the client's stream was reset with %v, want INTERNAL_ERROR", code)
	}
}

// Traffic in one direction keeps both alive, as in a tunnel.
func TestConversationWithTrafficInOneDirectionLives(t *testing.T) {
	t.Parallel()
	const idle, pause = 2500 * time.Millisecond, 100 * time.Millisecond
	s := startScript(t)
	p := serve(t, h2c, unlimited)
	p.apply(inH2C(everythingBy(idleAfter(idle), s.address)))
	c := p.dialFrames()
	c.request(1, false, head("POST", "/talk")...)
	f := s.acceptFrames()
	a := f.received(false)
	f.request(a.stream, false, ":status", "200")
	for range idle/pause + 5 {
		<-time.After(pause)
		c.check(c.WriteData(1, false, []byte("x")))
		for sent := false; !sent; {
			_, sent = f.next().(*http2.DataFrame)
		}
	}
	f.check(f.WriteData(a.stream, true, []byte("heard")))
	if got := c.answer(1); got.body != "heard" || !got.ended {
		t.Errorf("got %v, want the response's end", got)
	}
}

// An answer may come before the request has ended. The client gets it whole, and is then told to stop (RFC 9113,
// section 8.1).
func TestAnswerBeforeTheRequestsEndPassesFromHTTP2ToHTTP2(t *testing.T) {
	t.Parallel()
	b := startH2C(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Grpc-Status", "7")
		w.WriteHeader(http.StatusOK)
	})
	p := serve(t, h2c)
	p.apply(inH2C(everything(b.address)))
	c := p.dialFrames()
	c.request(1, false, head("POST", "/call")...)
	got := c.answer(1)
	if got.status != "200" || got.fields["grpc-status"] != "7" || !got.ended {
		t.Errorf("got %v, want the whole answer", got)
	}
	if code := c.resetOf(1); code != http2.ErrCodeNo {
		t.Errorf("the stream was reset with %v, want NO_ERROR", code)
	}
}
