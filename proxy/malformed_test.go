// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/observe"
)

// Whoever looks for the reason of a 502 finds which rule the endpoint's response breaks and in which field: in the
// text, in the log and at explain. Metrics have the reason alone, of which there are few.
func TestCauseOfAMalformedResponseIsTold(t *testing.T) {
	t.Parallel()
	const ok, coded = "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, test := range []struct {
		name, response, want string
		// h2 are the fields of a response of HTTP/2.
		h2 []string
		// torn is set if the client has got a part.
		torn bool
	}{
		{name: "no HTTP", response: "220 smtp.example.com\r\n\r\n", want: "the status line is not a version of HTTP, a status and a reason (RFC 9112, section 4)"},
		{name: "two lengths", response: ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n", want: "Content-Length occurs several times (RFC 9112, section 6.3)"},
		{name: "a coding", response: ok + "Transfer-Encoding: gzip\r\n\r\n", want: "Transfer-Encoding is something other than chunked, once (RFC 9112, section 6.1)"},
		{name: "a space before the colon", response: ok + "A: b\r\nX-Sum : 2\r\n\r\n", want: `white space stands between a field's name and its colon (RFC 9112, section 5.1), in "X-Sum "`},
		{name: "NUL", response: ok + "A: b\r\nX-Sum: \x00\r\n\r\n", want: `a field's value has NUL (RFC 9110, section 5.5), in "X-Sum"`},
		{name: "no colon", response: ok + "A: b\r\n<html>\r\n\r\n", want: `a field line does not begin with a token and a colon (RFC 9112, section 5.1), in "<html>\r"`},
		{name: "a long name", response: ok + strings.Repeat("x", 100) + "\x01: b\r\n\r\n", want: `in "` + strings.Repeat("x", 64) + `"`},
		{name: "a chunk's size", response: coded + "zz\r\n", want: "a chunk's size is not a hexadecimal number below 2^63 (RFC 9112, section 7.1)"},
		{name: "a later chunk", response: coded + "2\r\nok\r\n", torn: true, want: "a chunk's size is not a hexadecimal number below 2^63 (RFC 9112, section 7.1)"},
		{name: "LF of HTTP/2", h2: []string{":status", "200", "x-sum", "1\n"}, want: `a field's value has CR, LF or NUL (RFC 9113, section 8.2.1), in "x-sum"`},
		{name: "a field of HTTP/1.1", h2: []string{":status", "200", "connection", "close"}, want: `a field is there that concerns a connection of HTTP/1.1 (RFC 9113, section 8.2.2), in "connection"`},
		{name: "no status", h2: []string{"a", "b"}, want: ":status is not three digits, once, or is 101 (RFC 9113, sections 8.3.2 and 8.6)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			written := &pages{}
			p := serve(t, logTo(written, observe.LogJSON))
			client := p.dial()
			if test.h2 != nil {
				p.apply(inH2C(everything(endpoint.address)))
				client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				f := endpoint.acceptFrames()
				f.request(f.received(true).stream, true, test.h2...)
			} else {
				p.apply(everything(endpoint.address))
				client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				up := endpoint.accept()
				up.head()
				up.send(test.response)
				if test.torn {
					if _, err := client.in.Peek(1); err != nil {
						t.Fatal(err)
					}
					up.send("zz\r\n")
				}
			}
			if test.torn {
				client.expectTorn("GET")
			} else if got, begin := client.reply("GET"), "UpstreamMalformed: the service's answer is not a well-formed response: "; got.Status != 502 ||
				!strings.HasPrefix(got.Body, begin) || !strings.HasSuffix(got.Body, test.want+"\n") {
				t.Errorf("got %d %q, want 502 and %q", got.Status, got.Body, test.want)
			}
			line := parsedLine(t, written.lines(t, 1)[0])
			if cause := fmt.Sprint(line["cause"]); !strings.HasSuffix(cause, test.want) || line["reason"] != "UpstreamMalformed" {
				t.Errorf("the log has the reason %v and the cause %q, want %q", line["reason"], cause, test.want)
			}
			tasks := p.explain(explain.Question{URL: "http://a/"}).Pool.Tasks
			if len(tasks) != 1 || !strings.HasSuffix(tasks[0].Why, test.want) || !strings.HasPrefix(tasks[0].Why, "its response of 20") {
				t.Errorf("the endpoint is explained as %+v, want %q", tasks, test.want)
			}
			if text := p.log.text(); !strings.Contains(text, "a malformed response") {
				t.Errorf("the log of the controller is %s", text)
			}
		})
	}
}

// If another endpoint answered after all, the cause is that endpoint's which did not, and none of the request.
func TestCauseOfAnAttemptIsNotThatOfTheRequest(t *testing.T) {
	t.Parallel()
	written := &pages{}
	p := serve(t, logTo(written, observe.LogJSON))
	p.apply(inH2C(everythingBy(retries(1), named(t, "no HTTP/2").address, startH2C(t, echoed).address)))
	attempts := 0.0
	for i := range 2 { // in turn
		if got := p.get("a", "/"); got.Status != 200 {
			t.Errorf("got %d %q, want 200", got.Status, got.Body)
		}
		line := parsedLine(t, written.lines(t, i+1)[i])
		if line["cause"] != nil || line["reason"] != nil {
			t.Errorf("the log has the reason %v and the cause %v", line["reason"], line["cause"])
		}
		attempts += line["attempts"].(float64)
	}
	tasks := p.explain(explain.Question{URL: "http://a/"}).Pool.Tasks
	if attempts < 3 || !strings.Contains(tasks[0].Why, "does not answer in HTTP/2") || strings.Contains(tasks[1].Why, "malformed") {
		t.Errorf("%v attempts, and the endpoints are explained as %+v, want that one was malformed", attempts, tasks)
	}
}
