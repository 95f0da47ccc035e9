// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// attack is what somebody tries who wants to get in without a right to, or to be taken for somebody else. Each table of
// these is a test of its own, TestAttacksBy. The attack is made over each version of HTTP, and of TLS where there is
// TLS. Whatever a client forges has the word "forged" in it.
type attack struct {
	name string
	// before is done first. Nil for nothing. It also undoes meanwhile.
	before func()
	// over is how the client connects: without TLS if it is nil.
	over *tls.Config
	// first is a request over the same connection that is let in. meanwhile is what is changed after it. Nil for none.
	first     *asked
	meanwhile func()
	asked
	want outcome
}

// asked is a request: a GET of / of the host a, but for what it says.
type asked struct {
	method, host, path string
	// fields and trailers are lines. A request with trailers has content.
	fields, trailers []string
	// webSocket has it ask for one, by what its version of HTTP has for that.
	webSocket bool
}

// outcome is what has to come of an attack.
type outcome struct {
	// status and reason are the answer's. Then the endpoint is not reached. Without a status, it is reached once, gets
	// these lines once each, and nothing that was forged. Of a line without a value, it gets none.
	status int
	reason string
	lines  []string
	// answer are lines that the answer has to have. One without a value is one that it may not have. says is in what the
	// client is told.
	answer []string
	says   string
}

// refused is the outcome of an attack that does not get through.
func refused(status int, reason string, answer ...string) outcome {
	return outcome{status: status, reason: reason, answer: answer}
}

// saying is the outcome of an attack whose answer says that.
func (o outcome) saying(text string) outcome {
	o.says = text
	return o
}

// harmless is the outcome of a request that gets in, with these lines alone.
func harmless(lines ...string) outcome { return outcome{lines: lines} }

// siege is a proxy under attack. The endpoint behind it answers with what it gets.
type siege struct {
	*served
	t        *testing.T
	secure   string // the address for TLS
	endpoint *backend
	reached  atomic.Int64
	// certificate is the proxy's.
	certificate snapshot.Certificate
}

// besiege makes the attacks of a table, in their order.
func besiege(t *testing.T, attacks func(*siege) []attack, changes ...func(*Config)) {
	t.Helper()
	s := &siege{t: t, served: serve(t, append([]func(*Config){h2c}, changes...)...), certificate: issue(t, "1", ecdsaKey(t))}
	s.certificate.Default = true
	s.endpoint = startBackend(t, s.tell)
	s.secure = s.listen("127.0.0.1:0", s.ServeTLS)
	names := make(map[string]bool)
	for _, a := range attacks(s) {
		if names[a.name] {
			t.Errorf("two attacks are called %q", a.name)
		}
		names[a.name] = true
		versions := []uint16{0}
		if a.over != nil {
			versions = []uint16{tls.VersionTLS12, tls.VersionTLS13}
		}
		t.Run(a.name, func(t *testing.T) {
			for _, version := range versions {
				for _, protocol := range []string{"HTTP/1.1", "HTTP/2"} {
					name := protocol
					if version != 0 {
						name += " over " + tls.VersionName(version)
					}
					t.Run(name, func(t *testing.T) { s.withstand(t, &a, protocol == "HTTP/2", version) })
				}
			}
		})
	}
}

// tell is the endpoint.
func (s *siege) tell(w http.ResponseWriter, r *http.Request) {
	s.reached.Add(1)
	_, _ = io.Copy(io.Discard, r.Body)
	_, _ = fmt.Fprintf(w, "%s %s of %s\r\n", r.Method, r.RequestURI, r.Host)
	for _, fields := range []http.Header{r.Header, r.Trailer} {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			for _, value := range fields[name] {
				_, _ = fmt.Fprintf(w, "%s: %s\r\n", name, value)
			}
		}
	}
}

// guards serves the endpoint to whomever the policies let in, whatever the host.
func (s *siege) guards(policies ...policy.Policy) {
	s.t.Helper()
	r := prefix("/", "pool")
	r.Policies = policies
	s.serves([]snapshot.Host{hostOf("", r)})
}

// guarding is guards, to be done before an attack.
func (s *siege) guarding(policies ...policy.Policy) func() { return func() { s.guards(policies...) } }

// serves serves hosts, whose pool is the endpoint's, beside other pools.
func (s *siege) serves(hosts []snapshot.Host, pools ...snapshot.Pool) {
	s.t.Helper()
	s.apply(with(snapshotOf(hosts, append(pools, poolOf("pool", s.endpoint.address))...), s.certificate))
}

// withstand makes an attack over one version of HTTP, and of TLS if that is not 0.
func (s *siege) withstand(t *testing.T, a *attack, h2 bool, version uint16) {
	if a.before != nil {
		a.before()
	}
	c := s.connect(t, a, h2, version)
	defer c.close()
	if a.first != nil {
		if got := c.ask(a.first); got.status != 200 || got.reason != "" {
			t.Fatalf("the request before it got %d %q", got.status, got.body)
		}
	}
	if a.meanwhile != nil {
		a.meanwhile()
	}
	before := s.reached.Load()
	got := c.ask(&a.asked)
	reached := s.reached.Load() - before
	switch status := a.want.status; {
	case status == 0 && (reached != 1 || got.status != 200 || got.reason != ""):
		t.Errorf("got %d %s, and the endpoint %d requests, want it to get one: %q", got.status, got.reason, reached, got.body)
	case status != 0 && (reached != 0 || got.status != status || got.reason != a.want.reason):
		t.Errorf("got %d %s, and the endpoint %d requests, want %d %s and none: %q", got.status, got.reason, reached, status, a.want.reason, got.body)
	}
	for _, line := range a.want.lines {
		want, text := 1, "\r\n"+line+"\r\n"
		if strings.HasSuffix(line, ":") {
			want, text = 0, "\r\n"+line
		}
		if n := strings.Count(strings.ToLower(got.body), strings.ToLower(text)); n != want {
			t.Errorf("the endpoint got %q, want %q %d times", got.body, line, want)
		}
	}
	for _, line := range a.want.answer {
		name, value, _ := strings.Cut(line, ":")
		if is := got.fields.Get(name); is != strings.TrimSpace(value) {
			t.Errorf("the answer's %s is %q, want %q", name, is, strings.TrimSpace(value))
		}
	}
	if !strings.Contains(got.body, a.want.says) {
		t.Errorf("the answer says %q, want %q", got.body, a.want.says)
	}
	if strings.Contains(strings.ToLower(got.body), "forged") {
		t.Errorf("what was forged came through: %q", got.body)
	}
}

// came is what came of a request.
type came struct {
	status       int
	reason, body string
	fields       http.Header
}

// attacker is a connection of somebody who attacks.
type attacker struct {
	t      *testing.T
	secure bool
	close  func()
	// One of these is set, by the version of HTTP.
	lines  *wire
	send   func(string)
	frames *frames
	stream uint32
}

func (s *siege) connect(t *testing.T, a *attack, h2 bool, version uint16) *attacker {
	t.Helper()
	c := &attacker{t: t, secure: a.over != nil, stream: 1}
	if !c.secure {
		c.lines = dial(t, s.address)
		c.send, c.close = c.lines.send, func() { _ = c.lines.Close() }
		if h2 {
			c.frames = newFrames(t, c.lines.TCPConn)
		}
		return c
	}
	config := a.over.Clone()
	config.MinVersion, config.MaxVersion, config.NextProtos = version, version, []string{"http/1.1"}
	if h2 {
		config.NextProtos = []string{http2.NextProtoTLS}
	}
	secured, err := dialTLS(t, s.secure, config)
	if err != nil {
		t.Fatal(err)
	}
	c.lines, c.send, c.close = secured.wire, secured.send, func() { _ = secured.stream.Close() }
	if h2 {
		c.frames = newFrames(t, secured.stream)
	}
	return c
}

// ask sends a request, and returns what came of it.
func (c *attacker) ask(a *asked) came {
	c.t.Helper()
	method, host, path := a.method, a.host, a.path
	for of, usual := range map[*string]string{&method: "GET", &host: "a", &path: "/"} {
		if *of == "" {
			*of = usual
		}
	}
	if c.frames != nil {
		return c.askFrames(a, method, host, path)
	}
	fields := slices.Clone(a.fields)
	switch {
	case a.webSocket:
		fields = append(fields, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
	case a.trailers != nil:
		fields = append(fields, "Transfer-Encoding: chunked")
	}
	if method == "CONNECT" {
		path = host
	}
	request := method + " " + path + " HTTP/1.1\r\nHost: " + host + "\r\n" + joined(fields) + "\r\n"
	if a.trailers != nil {
		request += "1\r\nx\r\n0\r\n" + joined(a.trailers) + "\r\n"
	}
	c.send(request)
	got := c.lines.reply(method)
	return came{got.Status, got.reason(), got.Body, got.Header}
}

func joined(lines []string) (text string) {
	for _, line := range lines {
		text += line + "\r\n"
	}
	return text
}

func (c *attacker) askFrames(a *asked, method, host, path string) came {
	c.t.Helper()
	scheme := "http"
	if c.secure {
		scheme = "https"
	}
	head := []string{":method", method, ":authority", host, ":scheme", scheme, ":path", path}
	switch {
	case a.webSocket:
		head[1] = "CONNECT"
		head = append(head, ":protocol", "websocket", "sec-websocket-version", "13")
	case method == "CONNECT":
		head = head[:4]
	}
	f, stream := c.frames, c.stream
	c.stream += 2
	f.request(stream, a.trailers == nil && !a.webSocket, append(head, pairs(a.fields)...)...)
	if a.trailers != nil {
		f.check(f.WriteData(stream, false, []byte("x")))
		f.request(stream, true, pairs(a.trailers)...)
	}
	answer := f.answer(stream)
	got := came{reason: answer.reason(), body: answer.body, fields: http.Header{}}
	_, _ = fmt.Sscan(answer.status, &got.status)
	for name, value := range answer.fields {
		got.fields.Add(name, value)
	}
	return got
}

// hostsOf are routes for whatever host.
func hostsOf(routes ...snapshot.Route) []snapshot.Host { return []snapshot.Host{hostOf("", routes...)} }
