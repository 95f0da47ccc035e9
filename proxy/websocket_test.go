// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// connect returns the pseudo-headers of an extended CONNECT (RFC 8441, section 4), followed by fields.
func connect(path string, fields ...string) []string {
	return append([]string{":method", "CONNECT", ":protocol", "websocket", ":scheme", "http", ":path", path, ":authority", "a"}, fields...)
}

// switchedFor returns the 101 that answers a request with this Sec-WebSocket-Key (RFC 6455, section 4.2.2).
func switchedFor(key string, fields ...string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n" + strings.Join(fields, "") + "\r\n"
}

// socketOn opens a WebSocket on a stream. It returns the endpoint's end.
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

// responseHead reads until a head on the stream that does not end it. It returns the status.
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

// hear expects exactly these bytes on a stream, whatever comes on others. It gives the windows back.
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

// streamEnd reads to the stream's end. It returns the code of its reset, or NO_ERROR if it ended by itself.
func (f *frames) streamEnd(stream uint32) http2.ErrCode {
	f.tb.Helper()
	return f.answer(stream).reset
}

func TestWebSocketOverHTTP2IsAnUpgradeAtTheEndpoint(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	var log safeBuffer
	p := serve(t, h2c, func(c *Config) { c.AccessLog, c.AccessLogWriter = observe.LogJSON, &log })
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
	got := fieldsBut(request.Header, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto",
		"X-Real-Ip", "X-Request-Id", "Cdn-Loop")
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
		delete(got, "x-request-id")
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

// Either side may be early. The client sends before it knows that there is a tunnel. The endpoint sends along with its
// 101.
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

// To the client, each success is a tunnel. So what is no answer to the handshake must not look like one.
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

// The proxy's own answers to a WebSocket are the same in both versions.
func TestPoliciesHoldForWebSocketsOverHTTP2(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	denied, limited, changed, none := prefix("/denied", "pool"), prefix("/limited", "pool"), prefix("/changed", "pool"), prefix("/none", "none")
	*accessOf(&denied) = policy.Access{Denied: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	*rateLimitOf(&limited) = policy.RateLimit{PerSecond: 0.0001, Burst: 1}
	rewriteOf(&changed).StripPrefix = "/changed"
	headersOf(&changed).Request.Set = []policy.Header{{Name: "X-App", Value: "1"}}
	wanted := snapshotOf([]snapshot.Host{hostOf("a", changed, denied, limited, none)}, poolOf("pool", endpoint.address), poolOf("none"))
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
			p.apply(wanted)
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
		p.apply(snapshotOf([]snapshot.Host{hostOf("a", changed)}, poolOf("pool", endpoint.address)))
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
