package proxy

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
)

// connect is an extended CONNECT's pseudo-headers (RFC 8441, section 4) with fields behind them.
func connect(path string, fields ...string) []string {
	return append([]string{":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":path", path, ":authority", "a"}, fields...)
}

// switchedFor is the 101 that answers a request with this Sec-WebSocket-Key (RFC 6455, section 4.2.2).
func switchedFor(key string, fields ...string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n" + strings.Join(fields, "") + "\r\n"
}

// socketOn opens a WebSocket on a stream and returns the endpoint's end of it.
func (f *frames) socketOn(stream uint32, endpoint *script) (up *wire) {
	f.tb.Helper()
	f.request(stream, false, connect("/chat")...)
	up = endpoint.accept()
	up.send(switchedFor(up.request().Header.Get("Sec-WebSocket-Key")))
	if got := f.responseHead(stream); got != "200" {
		f.tb.Fatalf("got %s, want 200", got)
	}
	return up
}

// responseHead reads until a head on the stream, which does not end it, and returns its status.
func (f *frames) responseHead(stream uint32) string {
	f.tb.Helper()
	for {
		switch frame := f.next().(type) {
		case *http2.MetaHeadersFrame:
			if frame.StreamID == stream && !frame.StreamEnded() {
				return frame.PseudoValue("status")
			}
			f.tb.Fatalf("received %v, want a head on stream %d", frame, stream)
		case *http2.RSTStreamFrame:
			f.tb.Fatalf("received %v, want a head on stream %d", frame, stream)
		}
	}
}

// tell sends bytes on a stream.
func (f *frames) tell(stream uint32, text string) {
	f.tb.Helper()
	f.check(f.WriteData(stream, false, []byte(text)))
}

// hear expects exactly these bytes on a stream, whatever comes on others, and gives the windows back.
func (f *frames) hear(stream uint32, want string) {
	f.tb.Helper()
	got := ""
	for len(got) < len(want) {
		switch frame := f.next().(type) {
		case *http2.DataFrame:
			n := uint32(len(frame.Data()))
			if n > 0 {
				f.check(f.WriteWindowUpdate(0, n))
			}
			if frame.StreamID != stream {
				continue
			}
			if n > 0 {
				f.check(f.WriteWindowUpdate(stream, n))
			}
			if got += string(frame.Data()); frame.StreamEnded() {
				f.tb.Fatalf("the stream ended after %q, want %q", got, want)
			}
		case *http2.RSTStreamFrame:
			if frame.StreamID == stream {
				f.tb.Fatalf("received %v after %q, want %q", frame, got, want)
			}
		}
	}
	if got != want {
		f.tb.Fatalf("received %q, want %q", got, want)
	}
}

// streamEnd reads to the stream's end and returns the code that it was reset with, NO_ERROR where it ended by itself.
func (f *frames) streamEnd(stream uint32) http2.ErrCode {
	f.tb.Helper()
	return f.answer(stream).reset
}

func TestWebSocketOverHTTP2IsAnUpgradeAtTheEndpoint(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	var log safeBuffer
	p := serve(t, h2c, func(c *Config) { c.AccessLog, c.AccessLogWriter = LogJSON, &log })
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	if got := c.settings[http2.SettingEnableConnectProtocol]; got != 1 {
		t.Errorf("SETTINGS_ENABLE_CONNECT_PROTOCOL is %d, want 1", got)
	}
	c.request(1, false, connect("/chat?room=1", "sec-websocket-version", "13", "sec-websocket-protocol", "chat", "sec-websocket-key", "client's",
		"sec-websocket-extensions", "permessage-deflate", "origin", "http://a")...)
	up := endpoint.accept()
	request := up.request()
	if got := fmt.Sprintf("%s %s %s of %s", request.Method, request.URL, request.Proto, request.Host); got != "GET /chat?room=1 HTTP/1.1 of a" {
		t.Errorf("the endpoint got %s", got)
	}
	key := request.Header.Get("Sec-WebSocket-Key")
	if random, err := base64.StdEncoding.DecodeString(key); err != nil || len(random) != 16 {
		t.Errorf("the key %q is not that of 16 bytes: %v", key, err)
	}
	want := map[string][]string{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {key},
		"Sec-Websocket-Protocol": {"chat"}, "Sec-Websocket-Extensions": {"permessage-deflate"}, "Origin": {"http://a"}}
	got := fieldsBut(request.Header, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Real-Ip", "X-Request-Id")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields at the endpoint (-want +got):\n%s", diff)
	}
	up.send(switchedFor(key, "Sec-WebSocket-Protocol: chat\r\n"))
	for {
		head, ok := c.next().(*http2.MetaHeadersFrame)
		if !ok {
			continue
		}
		got := map[string]string{}
		for _, f := range head.Fields {
			got[f.Name] = f.Value
		}
		if diff := cmp.Diff(map[string]string{":status": "200", "sec-websocket-protocol": "chat"}, got); diff != "" || head.StreamEnded() {
			t.Errorf("fields at the client, ended %v (-want +got):\n%s", head.StreamEnded(), diff)
		}
		break
	}
	for i := range 10 {
		c.tell(1, fmt.Sprintf("ping %d\x00", i))
		up.expect(fmt.Sprintf("ping %d\x00", i))
		up.send(fmt.Sprintf("pong %d\xff", i))
		c.hear(1, fmt.Sprintf("pong %d\xff", i))
	}
	await(t, "the record", func() bool { return strings.Contains(log.text(), "\n") })
	for _, want := range []string{`"method":"GET"`, `"status":101`, `"protocol":"HTTP/2"`} {
		if !strings.Contains(log.text(), want) {
			t.Errorf("the record is %s, want %s in it", log.text(), want)
		}
	}
}

func TestKeysOfWebSocketsDiffer(t *testing.T) {
	t.Parallel()
	var a, b opening
	a.begin(nil)
	b.begin(nil)
	if a.key == b.key {
		t.Errorf("both are %s", a.key)
	}
}

// Either side may be quick: the client sends before it knows that there is a tunnel, the endpoint along with its 101.
func TestBytesBeforeTheAnswerAreTheTunnelsOverHTTP2(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	c.request(1, false, connect("/")...)
	c.tell(1, "early client")
	up := endpoint.accept()
	request := up.request()
	c.ping() // what came before it was taken
	up.send(switchedFor(request.Header.Get("Sec-WebSocket-Key")) + "early endpoint")
	up.expect("early client")
	c.hear(1, "early endpoint")
	c.tell(1, ", late client")
	up.expect(", late client")
	up.send(", late endpoint")
	c.hear(1, ", late endpoint")
}

// What is no answer to the handshake must not look like a tunnel to the client, to which each success is one.
func TestAnswersOtherThanTheChangeOverHTTP2(t *testing.T) {
	t.Parallel()
	const change = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
	for _, test := range []struct{ name, answer, status, reason, body string }{
		{"a refusal", "HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!", "403", "", "no!"},
		{"another version", "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 14\r\nContent-Length: 0\r\n\r\n", "426", "", ""},
		{"a redirect", "HTTP/1.1 302 Found\r\nLocation: /\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "302", "", "hi"},
		{"a success", okReply, "502", "UpstreamMalformed", ""},
		{"a success without content", "HTTP/1.1 204 No Content\r\n\r\n", "502", "UpstreamMalformed", ""},
		{"a change without proof", change + "Upgrade: websocket\r\n\r\n", "502", "UpstreamMalformed", ""},
		{"a change with another proof", switched, "502", "UpstreamMalformed", ""},
		{"a change to another protocol", change + "Upgrade: chat\r\n\r\n", "502", "UpstreamMalformed", ""},
		{"a change to none", change + "\r\n", "502", "UpstreamMalformed", ""},
		{"something else", "SSH-2.0\r\n\r\n", "502", "UpstreamMalformed", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, h2c)
			p.apply(everything(endpoint.address))
			c := p.dialFrames()
			c.request(1, false, connect("/")...)
			c.tell(1, "bytes of the tunnel that will not be")
			up := endpoint.accept()
			up.head()
			up.send(test.answer)
			got := c.answer(1)
			if got.status != test.status || got.reason() != test.reason || !got.ended || test.body != "" && got.body != test.body {
				t.Errorf("got %v, want %s %s %q and the end", got, test.status, test.reason, test.body)
			}
			c.ping()
		})
	}
}

// What the proxy says by itself to a WebSocket is the same in both versions.
func TestPoliciesHoldForWebSocketsOverHTTP2(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	denied, limited, changed, none := prefix("/denied", "pool"), prefix("/limited", "pool"), prefix("/changed", "pool"), prefix("/none", "none")
	denied.Access = Access{Denied: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	limited.RateLimit = RateLimit{PerSecond: 0.0001, Burst: 1}
	changed.Rewrite.StripPrefix = "/changed"
	changed.Headers.Request.Set = []Header{{Name: "X-App", Value: "1"}}
	snapshot := snapshotOf([]Host{hostOf("a", changed, denied, limited, none)}, poolOf("pool", endpoint.address), poolOf("none"))
	for _, test := range []struct {
		path   string
		status int
		reason string
	}{
		{"/", 404, "RouteNotFound"},
		{"/denied/x", 403, "AccessDenied"},
		{"/changed/../denied", 403, "AccessDenied"},
		{"/changed/%zz", 400, "MalformedPath"},
		{"/changed/..%2fdenied", 400, "AmbiguousPath"},
		{"/none", 503, "NoHealthyTask"},
		{"/limited", 429, "RateLimited"},
	} {
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c)
			p.apply(snapshot)
			if test.path == "/limited" {
				first := p.dialFrames()
				first.request(1, false, connect(test.path)...)
				endpoint.accept()
			}
			c := p.dialFrames()
			c.request(1, false, connect(test.path)...)
			got := c.answer(1)
			if got.status != fmt.Sprint(test.status) || got.reason() != test.reason || !got.ended {
				t.Errorf("got %v, want %d %s and the end", got, test.status, test.reason)
			}
			over1 := p.dial()
			over1.send(strings.Replace(handshake, "/chat", test.path, 1))
			if got := over1.reply("GET"); got.Status != test.status || got.reason() != test.reason {
				t.Errorf("over HTTP/1.1 got %d %s, want %d %s", got.Status, got.reason(), test.status, test.reason)
			}
		})
	}
	t.Run("rewritten", func(t *testing.T) {
		t.Parallel()
		endpoint := startScript(t)
		p := serve(t, h2c)
		p.apply(snapshotOf([]Host{hostOf("a", changed)}, poolOf("pool", endpoint.address)))
		c := p.dialFrames()
		c.request(1, false, connect("/changed/./x?y")...)
		request := endpoint.accept().request()
		if got := request.URL.String() + " " + request.Header.Get("X-App"); got != "/x?y 1" {
			t.Errorf("the endpoint got %q, want /x?y with the field 1", got)
		}
	})
}

func TestConnectThatIsMalformedIsRefused(t *testing.T) {
	t.Parallel()
	without := func(name string) (fields []string) {
		all := connect("/")
		for i := 0; i < len(all); i += 2 {
			if all[i] != name {
				fields = append(fields, all[i], all[i+1])
			}
		}
		return fields
	}
	protocol := func(value string) []string {
		fields := connect("/")
		fields[3] = value
		return fields
	}
	p := serve(t, h2c)
	for name, test := range map[string]struct {
		fields []string
		want   string
	}{
		"another protocol":       {protocol("connect-udp"), "501 MethodNotSupported"},
		"a list of protocols":    {protocol("websocket, chat"), "400 MalformedRequest"},
		"an empty protocol":      {protocol(""), "400 MalformedRequest"},
		"two protocols":          {append([]string{":protocol", "websocket"}, connect("/")...), "400 MalformedRequest"},
		"a protocol behind":      {append(without(":protocol"), "x", "y", ":protocol", "websocket"), "400 MalformedRequest"},
		"without a scheme":       {without(":scheme"), "400 MalformedRequest"},
		"without a path":         {without(":path"), "400 MalformedRequest"},
		"without an authority":   {without(":authority"), "400 MalformedRequest"},
		"with GET":               {append([]string{":method", "GET"}, without(":method")...), "400 MalformedRequest"},
		"with a length":          {connect("/", "content-length", "5"), "400 MalformedRequest"},
		"with a length of none":  {connect("/", "content-length", "0"), "400 MalformedRequest"},
		"with Upgrade":           {connect("/", "upgrade", "websocket"), "400 MalformedRequest"},
		"with Connection":        {connect("/", "connection", "upgrade"), "400 MalformedRequest"},
		"a path that is no path": {connect("*"), "400 MalformedRequest"},
		"in upper case":          {protocol("WebSocket"), "404 RouteNotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := p.dialFrames()
			c.request(1, false, test.fields...)
			got := c.answer(1)
			if s := got.status + " " + got.reason(); s != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
			c.ping()
		})
	}
}

// A tunnel has no place for trailers (RFC 9113, section 8.5).
func TestHeadersWithinATunnelEndIt(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	up := c.socketOn(1, endpoint)
	c.request(1, true, "x", "y")
	if got := c.streamEnd(1); got != http2.ErrCodeProtocol {
		t.Errorf("the stream ended with %v, want PROTOCOL_ERROR", got)
	}
	up.expectClosed()
	c.ping()
}

func TestHalfClosesPassThroughAStream(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()

	up := c.socketOn(1, endpoint)
	c.check(c.WriteData(1, true, []byte("last words")))
	up.expect("last words")
	up.expectEnd()
	for i := range 3 {
		up.send(fmt.Sprintf("still here %d", i))
		c.hear(1, fmt.Sprintf("still here %d", i))
	}
	_ = up.Close()
	if got := c.answer(1); got.reset != http2.ErrCodeNo || !got.ended {
		t.Errorf("got %v, want the orderly end", got)
	}

	up = c.socketOn(3, endpoint)
	up.send("last words")
	_ = up.CloseWrite()
	if got := c.answer(3); got.body != "last words" || got.reset != http2.ErrCodeNo {
		t.Errorf("got %v, want the last words and the orderly end", got)
	}
	for i := range 3 {
		c.tell(3, fmt.Sprintf("still here %d", i))
		up.expect(fmt.Sprintf("still here %d", i))
	}
	c.check(c.WriteData(3, true, nil))
	up.expectEnd()

	// The client may have ended its direction before there is a tunnel.
	c.request(5, true, connect("/")...)
	up = endpoint.accept()
	up.send(switchedFor(up.request().Header.Get("Sec-WebSocket-Key")))
	up.expectEnd()
	c.responseHead(5)
	up.send("only words")
	c.hear(5, "only words")
}

// A reset is no end (RFC 8441, section 5), and other streams go on.
func TestResetsPassThroughAStream(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	other := c.socketOn(1, endpoint)

	up := c.socketOn(3, endpoint)
	c.check(c.WriteRSTStream(3, http2.ErrCodeCancel))
	if rest, err := up.ending(); rest != "" || !isReset(err) {
		t.Errorf("the endpoint received %q (%v), want a reset", rest, err)
	}
	up = c.socketOn(5, endpoint)
	up.abort()
	if got := c.streamEnd(5); got != http2.ErrCodeCancel {
		t.Errorf("the stream ended with %v, want CANCEL", got)
	}
	c.tell(1, "ping")
	other.expect("ping")
	other.send("pong")
	c.hear(1, "pong")
	_ = c.conn.Close()
	other.expectClosed()
	await(t, "the end of all tunnels", func() bool { return p.endpoint(endpoint.address).active.Load() == 0 })
}

// A client that is gone ends its tunnel also where all that is on its way there waits for the endpoint.
func TestResetOfAStuckTunnelIsNoticed(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, unlimited)
	p.apply(everythingBy(noTimeouts, endpoint.address))
	c := p.dialFrames()
	c.socketOn(1, endpoint)
	c.fill(1)
	c.check(c.WriteRSTStream(1, http2.ErrCodeCancel))
	await(t, "the end of the tunnel", func() bool { return p.endpoint(endpoint.address).active.Load() == 0 })
	c.ping()
}

// fill sends on a stream until its window is closed and, for as long as the kernels on the way may take some more, stays so.
func (f *frames) fill(stream uint32) {
	f.tb.Helper()
	w := f.windowsOf(stream)
	for still := 0; still < 5; still++ {
		if w.fill() {
			still = 0
		}
		<-time.After(20 * time.Millisecond)
		f.check(f.WritePing(false, [8]byte{}))
		for pinged := true; pinged; {
			frame := f.next()
			w.open(frame)
			_, answered := frame.(*http2.PingFrame)
			pinged = !answered
		}
	}
}

// windows is what a client may send on a stream, and has sent.
type windows struct {
	f                 *frames
	id                uint32
	stream, all, sent int
}

// block is what is sent again and again where it shall be much.
var block = strings.Repeat("0123456789abcdef", 1024)

// windowsOf are those of a stream that nothing was sent on, nor on others for long: the proxy opens the connection's window to 1 MiB at once.
func (f *frames) windowsOf(stream uint32) *windows {
	return &windows{f: f, id: stream, stream: int(f.settings[http2.SettingInitialWindowSize]), all: mebi - 256<<10}
}

// fill sends as many blocks as the windows allow, and says whether that were any.
func (w *windows) fill() (some bool) {
	for w.send(false) {
		some = true
	}
	return some
}

// send sends a block where the windows allow it.
func (w *windows) send(last bool) bool {
	if w.stream < len(block) || w.all < len(block) {
		return false
	}
	w.f.check(w.f.WriteData(w.id, last, []byte(block)))
	w.stream, w.all, w.sent = w.stream-len(block), w.all-len(block), w.sent+len(block)
	return true
}

// open notes what a frame allows.
func (w *windows) open(frame http2.Frame) {
	update, ok := frame.(*http2.WindowUpdateFrame)
	switch {
	case ok && update.StreamID == w.id:
		w.stream += int(update.Increment)
	case ok && update.StreamID == 0:
		w.all += int(update.Increment)
	}
}

func TestTunnelsCarryMuchBothWaysThroughTightWindows(t *testing.T) {
	t.Parallel()
	const size, window = 2 * mebi, 3000
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window})
	up := c.socketOn(1, endpoint)
	done := make(chan error, 2)
	go func() {
		var err error
		for n := 0; n < size && err == nil; n += len(block) {
			_, err = up.Write([]byte(block))
		}
		if err == nil {
			err = up.CloseWrite()
		}
		done <- err
	}()
	go func() {
		got, err := up.ending()
		if err == nil && got != strings.Repeat(block, size/len(block)) {
			err = fmt.Errorf("the endpoint received %d bytes, want %d", len(got), size)
		}
		done <- err
	}()
	w := c.windowsOf(1)
	received := 0
	for ended := false; !ended || w.sent < size; {
		for w.sent < size && w.send(w.sent+len(block) == size) {
		}
		if ended && w.sent == size {
			break
		}
		frame := c.next()
		w.open(frame)
		switch frame := frame.(type) {
		case *http2.DataFrame:
			n := len(frame.Data())
			if begin := received % 16; string(frame.Data()) != block[begin:begin+n] {
				t.Fatalf("the %d bytes behind %d are others", n, received)
			}
			if received += n; n > 0 {
				c.check(c.WriteWindowUpdate(0, uint32(n)))
				c.check(c.WriteWindowUpdate(1, uint32(n)))
			}
			ended = frame.StreamEnded()
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
			t.Fatalf("received %v, with %d bytes received and %d sent", frame, received, w.sent)
		}
	}
	if received != size {
		t.Errorf("the client received %d bytes, want %d", received, size)
	}
	for range 2 {
		if err := receive(t, "the end of the transfer", done); err != nil {
			t.Error(err)
		}
	}
}

// Who takes nothing from a tunnel, the client or the endpoint, holds up that tunnel alone.
func TestStuckTunnelHoldsUpNoOtherStream(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 10_000})
	c.socketOn(1, endpoint)
	c.fill(1)
	flooding := c.socketOn(3, endpoint)
	flooded := make(chan struct{})
	go func() {
		defer close(flooded)
		for {
			if _, err := flooding.Write([]byte(block)); err != nil {
				return
			}
		}
	}()
	c.takeData(3, 10_000) // its whole window
	up := c.socketOn(5, endpoint)
	for range 10 {
		c.tell(5, "ping")
		up.expect("ping")
		up.send("pong")
		c.hear(5, "pong")
	}
	c.check(c.WriteRSTStream(3, http2.ErrCodeCancel))
	receive(t, "the end of the flood", flooded)
}

func TestIdleTunnelOverHTTP2Ends(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, func(c *Config) { c.IdleTimeout = 200 * time.Millisecond })
	p.apply(everything(endpoint.address))
	c := p.dialHasty(func(w *http2.Framer, f *frames) {
		f.check(w.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.encode(connect("/")...), EndHeaders: true}))
	})
	up := endpoint.accept()
	up.send(switchedFor(up.request().Header.Get("Sec-WebSocket-Key")))
	if got := c.streamEnd(1); got != http2.ErrCodeCancel {
		t.Errorf("the stream ended with %v, want CANCEL", got)
	}
	up.expectClosed()
}

// One direction may be silent for as long as it likes while the other is not.
func TestTunnelOverHTTP2WithTrafficInOneDirectionLives(t *testing.T) {
	t.Parallel()
	const idle, pause = 2500 * time.Millisecond, 100 * time.Millisecond
	for name, fromClient := range map[string]bool{"to the endpoint": true, "to the client": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, h2c, func(c *Config) { c.IdleTimeout = idle })
			p.apply(everything(endpoint.address))
			c := p.dialFrames()
			up := c.socketOn(1, endpoint)
			toEndpoint := func(text string) { c.tell(1, text); up.expect(text) }
			toClient := func(text string) { up.send(text); c.hear(1, text) }
			if !fromClient {
				toEndpoint, toClient = toClient, toEndpoint
			}
			for range idle/pause + 5 {
				toEndpoint(".")
				<-time.After(pause)
			}
			toClient("still there")
		})
	}
}

func TestTunnelsOverHTTP2LiveThroughTheDrain(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	up := c.socketOn(1, endpoint)
	p.ended = true
	ended := p.shutdown(context.Background())
	for c.goAway().LastStreamID != 1 {
	}
	for range 3 {
		c.tell(1, "ping")
		up.expect("ping")
		up.send("pong")
		c.hear(1, "pong")
	}
	c.check(c.WriteData(1, true, nil))
	up.expectEnd()
	_ = up.Close()
	c.expectEnd()
	if err := receive(t, "the end of the drain", ended); err != nil {
		t.Errorf("draining: %v", err)
	}
}

func TestOverlongTunnelsOverHTTP2AreCutAtTheEndOfTheDrain(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, func(c *Config) { c.DrainTimeout = 100 * time.Millisecond })
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	up := c.socketOn(1, endpoint)
	p.ended = true
	if err := receive(t, "the end of the drain", p.shutdown(context.Background())); err == nil {
		t.Error("the drain says that nothing was cut")
	}
	c.expectEnd()
	up.expectClosed()
}

func TestTunnelOverHTTP2KeepsItsPlace(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(limitedTo(1, 0, endpoint.address))
	c := p.dialFrames()
	up := c.socketOn(1, endpoint)
	c.get(3, "/")
	if got := c.answer(3); got.reason() != "UpstreamBusy" {
		t.Errorf("got %v beside the tunnel, want UpstreamBusy", got)
	}
	_ = up.Close()
	c.check(c.WriteData(1, true, nil))
	await(t, "the tunnel's end", func() bool { return p.endpoint(endpoint.address).active.Load() == 0 })
}

// A client that gives up while the endpoint thinks about it costs the endpoint no more.
func TestResetBeforeTheAnswerEndsTheHandshake(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c, unlimited)
	p.apply(everythingBy(noTimeouts, endpoint.address))
	c := p.dialFrames()
	c.request(1, false, connect("/")...)
	up := endpoint.accept()
	up.head()
	c.tell(1, "early")
	c.check(c.WriteRSTStream(1, http2.ErrCodeCancel))
	up.expectClosed()
	c.ping()
}
