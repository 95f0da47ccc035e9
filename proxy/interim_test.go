// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestContinueIsTheEndpointsToSay(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	var up *wire
	for range 2 { // the second time on the same connections
		client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n")
		if up == nil {
			up = endpoint.accept()
		}
		if head := up.head(); !strings.Contains(head, "\r\nExpect: 100-continue\r\n") {
			t.Errorf("the endpoint is not asked to say whether to continue:\n%s", head)
		}
		up.send("HTTP/1.1 100 Continue\r\n\r\n")
		client.expect("HTTP/1.1 100 Continue\r\n\r\n")
		client.send("hello")
		up.expect("hello")
		up.send(okReply)
		client.expect(okReply)
	}
}

func TestFinalAnswerInsteadOfContinueReachesAClientThatHoldsItsContentBack(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
	got := client.reply("POST")
	if got.Status != 401 {
		t.Errorf("got %d %q, want 401", got.Status, got.reason())
	}
	// The endpoint waits for content that may never come. Its connection is of no more use.
	up.expectClosed()
	if !got.Close {
		t.Error("the response does not say that the connection closes, although what follows could be the content")
	}
	client.expectEnd()
}

// An endpoint that knows no expectations would take the upload without. To say so is the proxy's part: clients such as
// curl take its 417 for the end (RFC 9110, section 10.1.1).
func TestUploadGoesOnWithoutAnExpectationThatTheEndpointDoesNotKnow(t *testing.T) {
	t.Parallel()
	const refusal = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"
	for name, test := range map[string]struct{ framing, content string }{
		"with a length": {"Content-Length: 5", "hello"},
		"in chunks":     {"Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n"},
		"with cookies":  {"Content-Length: 5\r\nCookie: " + strings.Repeat("x", 9000), "hello"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			var first *wire
			for range 2 { // the second time on a connection to the endpoint that was there before
				client.send("PUT /file HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + test.framing + "\r\n\r\n")
				if first == nil {
					first = endpoint.accept()
				}
				if head := first.head(); !strings.Contains(head, "\r\nExpect: 100-continue\r\n") {
					t.Errorf("the endpoint is not asked first:\n%s", head)
				}
				first.send(refusal)
				client.expect("HTTP/1.1 100 Continue\r\n\r\n")
				client.send(test.content)
				first.expectClosed() // it may wait for the content
				second := endpoint.accept()
				if head := second.head(); strings.Contains(head, "Expect") || !strings.HasPrefix(head, "PUT /file ") {
					t.Errorf("the second time, the endpoint got\n%s", head)
				}
				second.expect(test.content)
				second.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
				if got := client.reply("PUT"); got.Status != 201 || got.Close {
					t.Fatalf("got %d %q, close %v, want 201 and no close", got.Status, got.reason(), got.Close)
				}
				first = second
			}
		})
	}
}

// The same for clients whose content arrives in other ways.
func TestUploadGoesOnWithoutAnExpectationOverTLSAndHTTP2(t *testing.T) {
	t.Parallel()
	type client struct{ begin, upload func() }
	for name, dial := range map[string]func(t *testing.T, p *served) (c client, final func() string){
		"TLS": func(t *testing.T, p *served) (client, func() string) {
			c, err := dialTLS(t, p.listen("127.0.0.1:0", p.ServeTLS), &tls.Config{ServerName: "a"})
			if err != nil {
				t.Fatal(err)
			}
			return client{
				func() { c.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n") },
				func() { c.expect("HTTP/1.1 100 Continue\r\n\r\n"); c.send("hello") },
			}, func() string { return strconv.Itoa(c.reply("PUT").Status) }
		},
		"HTTP/2": func(t *testing.T, p *served) (client, func() string) {
			c := p.dialFrames()
			return client{
				func() {
					c.request(1, false, head("PUT", "/", "expect", "100-continue", "content-length", "5",
						"cookie", strings.Repeat("x", 2500))...)
				},
				func() {
					for {
						if answer, ok := c.next().(*http2.MetaHeadersFrame); ok {
							if status := answer.PseudoValue("status"); status != "100" {
								t.Fatalf("got %s, want 100", status)
							}
							break
						}
					}
					c.check(c.WriteData(1, true, []byte("hello")))
				},
			}, func() string { return c.answer(1).status }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, h2c)
			p.apply(with(everything(endpoint.address), issue(t, "a", ecdsaKey(t), "a")))
			c, final := dial(t, p)
			c.begin()
			first := endpoint.accept()
			first.head()
			first.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
			c.upload()
			second := endpoint.accept()
			second.head()
			second.expect("hello")
			second.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
			if got := final(); got != "201" {
				t.Errorf("got %s, want 201", got)
			}
		})
	}
}

// What was sent to the endpoint cannot be sent again. A 417 is the client's then.
func TestRefusedExpectationOfAClientThatDoesNotWait(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rest string
		kept bool
	}{"a whole upload": {"lo", true}, "half of one": {"", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhel" + test.rest)
			up := endpoint.accept()
			up.head()
			up.expect("hel" + test.rest)
			up.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
			if got := client.reply("PUT"); got.Status != 417 || got.Close == test.kept {
				t.Errorf("got %d %q, close %v, want 417, close %v", got.Status, got.reason(), got.Close, !test.kept)
			}
			up.expectClosed()
		})
	}
}

// A server that refuses an upload before it asks for it may not read what came all the same, and take it for the next
// request. So no other client's request goes that way.
func TestConnectionOfAnUnreadUploadIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 39\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\nX: y\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
	client.reply("PUT")
	client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
	next := endpoint.accept()
	if got := next.request().URL.Path; got != "/next" {
		t.Errorf("the endpoint got %s on a new connection, want /next", got)
	}
	next.send(okReply)
	client.expect(okReply)
}

// Rules and policies answer before anybody asks for the content.
func TestExpectationMeetsThePoliciesFirst(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { accessOf(r).Denied = prefixes("127.0.0.0/8") }, endpoint.address))
	if got := p.ask("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"); got.Status != 403 {
		t.Errorf("got %d %q, want 403 and no 100", got.Status, got.reason())
	}
}

// Our own refusal can also come instead of a 100.
func TestRefusalInsteadOfContinue(t *testing.T) {
	t.Parallel()
	p := serve(t)
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if got := client.reply("POST"); got.Status != 404 || !got.Close {
		t.Errorf("got %d, close %v, want 404 and a close", got.Status, got.Close)
	}
	client.expectEnd()
}

func TestInformationalResponsesPassAsTheyCome(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	for _, hint := range []string{
		"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
		"HTTP/1.1 102 Processing\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n",
	} {
		up.send(hint)
		client.expect(hint)
	}
	up.send(okReply)
	client.expect(okReply)
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up.head()
	up.send(okReply)
	client.expect(okReply)
}

// Hints, the final head and its content may come in one piece.
func TestInformationalAndFinalResponseInOnePiece(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + okReply)
	client.expect("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + okReply)
}

// A client of HTTP/1.0 does not know informational responses (RFC 9110, section 15.2).
func TestInformationalResponsesAreKeptFromOldClients(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + okReply)
	client.expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
	client.expectEnd()
}
