// SPDX-License-Identifier: Apache-2.0

//go:build !race

// The race detector makes sync.Pool forget at random.

package proxy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A request through a warm proxy allocates nothing (except for the addresses that a trusted proxy lists). This does not
// run beside other tests, because it would count their allocations.
func TestRequestsAllocateNothing(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
	const host = "Host: shop.example.com\r\nUser-Agent: test\r\nAccept: */*\r\n"
	for _, test := range []struct{ name, request, response string }{
		{"GET", "GET /a/b HTTP/1.1\r\n" + host + "\r\n", ok},
		{"GET by a wildcard", "GET /a/b?c=d HTTP/1.1\r\nHost: x.wild.example.com\r\n\r\n", ok},
		{"GET of an old client", "GET /a/b HTTP/1.0\r\nConnection: keep-alive\r\n" + host + "\r\n", ok},
		{"GET by an unusual host and path", "GET /a//./%62/ HTTP/1.1\r\nHost: SHOP.example.com:80\r\n\r\n", ok},
		{"GET through another proxy", "GET /trusted HTTP/1.1\r\n" + host + "X-Forwarded-Proto: https\r\n\r\n", ok},
		{"GET under policies", "GET /policies/x HTTP/1.1\r\n" + host + "\r\n", ok},
		{"GET under policies of responses", "GET /responses HTTP/1.1\r\n" + host + "X-Forwarded-Proto: https\r\nAccept-Encoding: gzip\r\n\r\n", ok},
		{"GET by least request", "GET /least HTTP/1.1\r\n" + host + "\r\n", ok},
		{"GET by hash of a cookie", "GET /hash HTTP/1.1\r\n" + host + "Cookie: a=b; id=7\r\n\r\n", ok},
		{"GET by hash of a new cookie", "GET /hash HTTP/1.1\r\n" + host + "\r\n", ok},
		{"GET by weight", "GET /split HTTP/1.1\r\n" + host + "\r\n", ok},
		{"GET by weight and hash", "GET /kept HTTP/1.1\r\n" + host + "Cookie: id=7\r\n\r\n", ok},
		{"GET with retries", "GET /again HTTP/1.1\r\n" + host + "\r\n", ok},
		{"PUT with retries", "PUT /again HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", ok},
		{"GET with error pages", "GET /paged HTTP/1.1\r\n" + host + "\r\n", ok},
		{"GET within a limit", "GET /limit HTTP/1.1\r\n" + host + "\r\n", ok},
		{"GET with a kept verdict", "GET /known HTTP/1.1\r\n" + host + "Cookie: a=b; id=7\r\nX-User: me\r\n\r\n", ok},
		{"GET asked about", "GET /asked HTTP/1.1\r\n" + host + "Cookie: a=b; id=7\r\n\r\n", ok},
		{"HEAD", "HEAD /a/b HTTP/1.1\r\n" + host + "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"},
		{"POST", "POST /a/b HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", ok},
		{"chunks down", "GET /a/b HTTP/1.1\r\n" + host + "\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"},
		{"304", "GET /a/b HTTP/1.1\r\n" + host + "\r\n", "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"},
		{"traced", "GET /a/b HTTP/1.1\r\n" + host + "\r\n", ok},
		{"traced by the client", "GET /a/b HTTP/1.1\r\n" + host + "traceparent: " + unsampledParent + "\r\ntracestate: a=1,b=2\r\n\r\n", ok},
	} {
		t.Run(test.name, func(t *testing.T) {
			endpoint := answering(t, test.response)
			changes := []func(*Config){trust("127.0.0.0/8")}
			if strings.HasPrefix(test.name, "traced") {
				changes = append(changes, tracing(noSpans{t}, 0))
			}
			p := serve(t, changes...)
			policies := prefix("/policies", "pool")
			*rateLimitOf(&policies) = policy.RateLimit{PerSecond: 1e9, Burst: 1e9}
			*accessOf(&policies) = policy.Access{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Denied: []netip.Prefix{netip.MustParsePrefix("127.0.1.0/24")}}
			headersOf(&policies).Request.Set = []policy.Header{{Name: "X-App", Value: "1"}}
			headersOf(&policies).Response.Remove = []string{"Server"}
			rewriteOf(&policies).StripPrefix = "/policies"
			responses := prefix("/responses", "pool")
			rewrites := []policy.ValueChange{{From: "http://b/", To: "/"}}
			responses.Policies = []policy.Policy{
				&policy.HSTS{MaxAge: 60}, &policy.ConnectionLimit{Connections: 1000}, &policy.Compression{Types: []string{"text/plain"}},
				&policy.LocationRewrite{Changes: rewrites}, &policy.CookieRewrite{Paths: rewrites},
			}
			least, hash, limit := prefix("/least", "pool"), prefix("/hash", "pool"), prefix("/limit", "pool")
			least.Balancing.Policy = snapshot.LeastRequest
			hash.Balancing = snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnCookie, Name: "id"}
			limit.Balancing = snapshot.Balancing{MaxConnections: 5, MaxPending: 5}
			again := prefix("/again", "pool")
			again.Retries, again.Retry = 2, &snapshot.Retry{Codes: []int{503}, Backoff: time.Second}
			mayBePaged := prefix("/paged", "pool")
			mayBePaged.ErrorPages = []snapshot.ErrorPage{{Pool: "0", Statuses: []int{404, 503}, Path: "/{status}"}}
			mayBePaged.Fallback = &snapshot.Fallback{Pool: "1"}
			split, kept := shared("/split", 3, 1), shared("/kept", 3, 1)
			split.Backends[0].Policies, split.Backends[1].Policies = headersFor("X-Backend"), headersFor("X-Backend")
			kept.Balancing = hash.Balancing
			known, asked := prefix("/known", "pool"), prefix("/asked", "pool")
			known.Policies = []policy.Policy{&auth.External{Pool: "0", CacheKey: "$cookie_id", CacheFor: time.Hour, ResponseHeaders: []string{"Content-Language", "X-User"}}}
			asked.Policies = []policy.Policy{&auth.External{Pool: "0"}}
			p.apply(snapshotOf([]snapshot.Host{
				hostOf("shop.example.com", prefix("/", "pool"), again, asked, known, hash, least, limit, mayBePaged, policies, responses, split, kept),
				hostOf("*.wild.example.com", prefix("/", "pool")),
			}, poolOf("pool", endpoint), poolOf("0", endpoint), poolOf("1", endpoint)))
			client := p.dial()
			client.send(test.request)
			length := 0
			for {
				n, err := client.Read(make([]byte, 4096))
				if err != nil {
					t.Fatal(err)
				}
				if length += n; n > 0 && client.in.Buffered() == 0 {
					break
				}
			}
			request, response := []byte(test.request), make([]byte, length)
			exchange := func() {
				if _, err := client.Write(request); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(client.TCPConn, response); err != nil {
					t.Fatal(err)
				}
			}
			each := allocations(exchange)
			if !bytes.HasPrefix(response, []byte(test.response[:15])) {
				t.Fatalf("the response is %q", response)
			}
			if each >= 0.1 {
				t.Errorf("a request allocates %.2f times, want none", each)
			}
		})
	}
}

// allocations returns how often a warm proxy, its client and its endpoint allocate for an exchange.
func allocations(exchange func()) float64 {
	const warm, measured = 500, 4000
	for range warm {
		exchange()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range measured {
		exchange()
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / measured
}

// Neither does one that belongs to a session, or that begins one.
func TestRequestsOfSessionsAllocateNothing(t *testing.T) {
	endpoint := answering(t, okReply)
	p := serve(t)
	p.apply(everythingBy(persisting(nil), endpoint))
	token := p.get("a", "/").token()
	for name, fields := range map[string]string{"one": "Cookie: s=" + token + "\r\n", "a new one": ""} {
		client := p.dial()
		request := []byte("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n")
		client.send(string(request))
		got := make([]byte, len(client.head())+len("ok"))
		if _, err := io.ReadFull(client.in, got[:2]); err != nil {
			t.Fatal(err)
		}
		each := allocations(func() {
			if _, err := client.Write(request); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(client.TCPConn, got); err != nil {
				t.Fatal(err)
			}
		})
		if bytes.Contains(got, []byte("Set-Cookie: s=")) != (fields == "") {
			t.Fatalf("the response is %q", got)
		}
		if each >= 0.1 {
			t.Errorf("a request of %s allocates %.2f times, want none", name, each)
		}
	}
}

// For a request to an endpoint over TLS, only crypto/tls allocates.
func TestRequestsToAnEndpointOverTLSAllocateNothingBeyondTLS(t *testing.T) {
	a := newAuthority(t, "a")
	for name, terms := range map[string]snapshot.UpstreamTLS{"a fixed name": trusting(a), "the request's name": following(a)} {
		t.Run(name, func(t *testing.T) { testAllocationsOverTLS(t, a, terms) })
	}
}

func testAllocationsOverTLS(t *testing.T, a *testAuthority, terms snapshot.UpstreamTLS) {
	const response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{backendName, "a"})}}
	endpoint := startScript(t)
	p := serve(t)
	p.apply(over(terms, everything(endpoint.address)))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	served := tls.Server(endpoint.accept(), config)
	done := make(chan struct{})
	go func() {
		defer close(done)
		answer := []byte(response)
		for buf := make([]byte, 4096); ; {
			if _, err := served.Read(buf); err != nil {
				return
			}
			if _, err := served.Write(answer); err != nil {
				return
			}
		}
	}()
	request, got := []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), make([]byte, len(response)+requestIDLine)
	receive := func() {
		if _, err := io.ReadFull(client.TCPConn, got); err != nil {
			t.Fatal(err)
		}
	}
	receive()
	each := allocations(func() {
		if _, err := client.Write(request); err != nil {
			t.Fatal(err)
		}
		receive()
	})
	if withoutRequestID(string(got)) != response {
		t.Fatalf("the response is %q", got)
	}
	// crypto/tls allocates once to read a record: here that of the response, and at the endpoint that of the request.
	if each >= 2.1 {
		t.Errorf("a request and its endpoint allocate %.2f times, want twice", each)
	}
	p.apply(&snapshot.Snapshot{})
	<-done
}

// requestIDLine is how long the line of a response is that tells the request's id.
const requestIDLine = len("X-Request-Id: \r\n") + len(client.RequestID{})

// A request to an endpoint of HTTP/2 allocates nothing either, even with content.
func TestRequestsToAnEndpointOfHTTP2AllocateNothing(t *testing.T) {
	endpoint := playing(t, playFrames)
	p := serve(t)
	p.apply(inH2C(everything(endpoint)))
	const response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, request := range map[string][]byte{
		"GET":  []byte("GET /a/b?c=d HTTP/1.1\r\nHost: a\r\nUser-Agent: test\r\n\r\n"),
		"POST": []byte("POST /a/b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"),
	} {
		client := p.dial()
		got := make([]byte, len(response)+requestIDLine)
		each := allocations(func() {
			if _, err := client.Write(request); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(client.TCPConn, got); err != nil {
				t.Fatal(err)
			}
		})
		if withoutRequestID(string(got)) != response {
			t.Fatalf("%s: the response is %q", name, got)
		}
		if each >= 0.1 {
			t.Errorf("%s: a request allocates %.2f times, want none", name, each)
		}
	}
}

// playFrames answers each request on a connection once it has ended.
func playFrames(c net.Conn) {
	in := bufio.NewReader(c)
	if _, err := in.Discard(len(http2.ClientPreface)); err != nil {
		return
	}
	var out bytes.Buffer
	framer := http2.NewFramer(&out, nil)
	_ = framer.WriteSettings()
	_ = framer.WriteSettingsAck()
	if _, err := c.Write(out.Bytes()); err != nil {
		return
	}
	out.Reset()
	length := []byte{0x0f, 0x0d, 1, '2'}         // content-length: 2, without an index (RFC 7541, section 6.2.2)
	block := append([]byte{0x80 | 8}, length...) // :status 200
	_ = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block, EndHeaders: true})
	data := out.Len()
	_ = framer.WriteData(1, true, []byte("ok"))
	answer := out.Bytes()
	const frameHeader, headers, end = 9, 1, 1
	for {
		head, err := in.Peek(frameHeader)
		if err != nil {
			return
		}
		kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		if _, err := in.Discard(frameHeader + int(head[1])<<8 + int(head[2])); err != nil {
			return
		}
		if kind > headers || flags&end == 0 { // neither DATA nor HEADERS, or not the last one
			continue
		}
		binary.BigEndian.PutUint32(answer[5:], stream)
		binary.BigEndian.PutUint32(answer[data+5:], stream)
		if _, err := c.Write(answer); err != nil {
			return
		}
	}
}

// answering starts an endpoint that allocates nothing for a request. The request has to come in one piece.
func answering(t *testing.T, response string) netip.AddrPort {
	t.Helper()
	answer := []byte(response)
	return playing(t, func(c net.Conn) {
		for buf := make([]byte, 4096); ; {
			if _, err := c.Read(buf); err != nil {
				return
			}
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	})
}

// playing starts an endpoint. play serves its connections. A client of HTTP/2 may send the next request before the last
// one's connection is free, so there may be several.
func playing(t *testing.T, play func(net.Conn)) netip.AddrPort {
	t.Helper()
	endpoint := startScript(t)
	stop := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			select {
			case c := <-endpoint.conns:
				serving.Go(func() {
					stopped := context.AfterFunc(t.Context(), func() { _ = c.Close() })
					defer stopped()
					play(c)
				})
			case <-stop:
				return
			}
		}
	})
	t.Cleanup(func() { close(stop); serving.Wait() })
	return endpoint.address
}
