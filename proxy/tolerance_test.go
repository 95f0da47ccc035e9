// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tolerated is a response that is not quite as it should be, and that can be read in one way only.
type tolerated struct {
	name, method, response string
	// want is what a client of HTTP/1.1 gets, and old one of HTTP/1.0: all of its bytes. Whatever the endpoint sent, they
	// are well-formed, so that no client can read anything else.
	want, old string
	// status, body and trailer are what a client of HTTP/2 gets.
	status, body string
	trailer      map[string]string
	// kept is set if the connection to the endpoint is used again.
	kept bool
}

// passesOn sends each response to clients of each version. It compares every byte that those of HTTP/1 get, and what
// becomes of the connection to the endpoint.
func passesOn(t *testing.T, tests []tolerated) {
	for _, test := range tests {
		if test.method == "" {
			test.method = "GET"
		}
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, version := range []string{"HTTP/1.1", "HTTP/1.0"} {
				t.Run(version, func(t *testing.T) {
					t.Parallel()
					want := test.want
					if version == "HTTP/1.0" {
						want = test.old
					}
					p, up, client := exchanged(t, &test, version)
					got, err := client.ending()
					if diff := cmp.Diff(want, withoutRequestID(got)); diff != "" || err != nil {
						t.Errorf("the client's connection ended with %v, (-want +got):\n%s", err, diff)
					}
					expectReuse(t, p, up, test.kept)
				})
			}
			t.Run("HTTP/2", func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t, h2c)
				p.apply(everything(endpoint.address))
				c := p.dialFrames()
				c.request(1, true, head(test.method, "/")...)
				up := endpoint.accept()
				up.head()
				up.send(test.response)
				got := c.answer(1)
				if got.status != test.status || got.body != test.body || !got.ended {
					t.Errorf("got %v, want %s with %q", got, test.status, test.body)
				}
				if diff := cmp.Diff(test.trailer, got.trailer); diff != "" {
					t.Errorf("trailers (-want +got):\n%s", diff)
				}
				expectReuse(t, p, up, test.kept)
			})
		})
	}
}

// exchanged asks for the response by a client whose connection ends after it.
func exchanged(t *testing.T, test *tolerated, version string) (p *served, up, client *wire) {
	endpoint := startScript(t)
	p = serve(t)
	p.apply(everything(endpoint.address))
	client = p.dial()
	client.send(fmt.Sprintf("%s / %s\r\nHost: a\r\nConnection: close\r\n\r\n", test.method, version))
	up = endpoint.accept()
	up.head()
	up.send(test.response)
	return p, up, client
}

// expectReuse expects that the next request comes on the same connection to the endpoint, or that the connection ends.
func expectReuse(t *testing.T, p *served, up *wire, kept bool) {
	t.Helper()
	if !kept {
		up.expectClosed()
		return
	}
	await(t, "the connection's rest", func() bool { return p.idle() == 1 })
	client := p.dial()
	client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
	up.head()
	up.send(okReply)
	if got := client.reply("GET"); got.Body != "ok" {
		t.Errorf("the next request got %d %q, want ok", got.Status, got.Body)
	}
}

// Servers that leave the version at 1.0 and send chunks mean chunks. Whether they know where the next response begins
// is not certain, so their connection is closed (RFC 9112, section 6.1).
func TestChunksOfHTTP10AreReadAndEndTheConnection(t *testing.T) {
	t.Parallel()
	const head, chunks = "HTTP/1.0 200 OK\r\nServer: BaseHTTP/0.6 Python/3.11.2\r\nTransfer-Encoding: chunked\r\n", "2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n"
	const want = "HTTP/1.1 200 OK\r\nServer: BaseHTTP/0.6 Python/3.11.2\r\n"
	passesOn(t, []tolerated{
		{
			name: "content", response: head + "\r\n" + chunks,
			want: want + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n",
			old:  want + "Connection: close\r\n\r\nok", status: "200", body: "ok", trailer: map[string]string{"x-sum": "2"},
		},
		{
			name: "kept alive as it says", response: head + "Connection: keep-alive\r\n\r\n" + chunks,
			want: want + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n",
			old:  want + "Connection: close\r\n\r\nok", status: "200", body: "ok", trailer: map[string]string{"x-sum": "2"},
		},
		{
			name: "to HEAD", method: "HEAD", response: head + "Connection: keep-alive\r\n\r\n",
			want: want + "Connection: close\r\n\r\n", old: want + "Connection: close\r\n\r\n", status: "200",
		},
	})
}

// Some servers pad the sizes of chunks to a fixed width, with spaces behind them. The number is the same to everybody.
func TestPaddedChunkSizesAreWrittenAnew(t *testing.T) {
	t.Parallel()
	passesOn(t, []tolerated{{
		name: "spaces", response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2       \r\nok\r\n1 \t\r\n!\r\n0       \r\n\r\n",
		want: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nok!\r\n0\r\n\r\n",
		old:  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok!", status: "200", body: "ok!", kept: true,
	}})
}

// Identity is what RFC 2616 called content that is not coded. A response without content has nothing that a coding
// could be of. Neither hides where the response ends, and clients are told of neither.
func TestCodingsThatChangeNothingAreLeftOut(t *testing.T) {
	t.Parallel()
	const head, sent = "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n", "HTTP/1.1 200 OK\r\n"
	passesOn(t, []tolerated{
		{
			name: "identity to HEAD", method: "HEAD", response: head + "\r\n",
			want: sent + "Connection: close\r\n\r\n", old: sent + "Connection: close\r\n\r\n", status: "200", kept: true,
		},
		{
			name: "identity and a length to HEAD", method: "HEAD", response: head + "Content-Length: 5\r\n\r\n",
			want: sent + "Content-Length: 5\r\nConnection: close\r\n\r\n", old: sent + "Content-Length: 5\r\nConnection: close\r\n\r\n",
			status: "200", kept: true,
		},
		{
			name: "a coding of GET's to HEAD", method: "HEAD", response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
			want: sent + "Connection: close\r\n\r\n", old: sent + "Connection: close\r\n\r\n", status: "200", kept: true,
		},
		{
			name: "identity and a length", response: head + "Content-Length: 2\r\n\r\nok",
			want: sent + "Content-Length: 2\r\nConnection: close\r\n\r\nok", old: sent + "Content-Length: 2\r\nConnection: close\r\n\r\nok",
			status: "200", body: "ok", kept: true,
		},
	})
}

// A status line may be read by its words (RFC 9112, section 4), and a status that is none counts as an error of the
// server's (RFC 9110, section 15). The client gets a line of our own.
func TestStatusLinesAreReadByTheirWords(t *testing.T) {
	t.Parallel()
	const rest, fields, body = "\r\nContent-Length: 2\r\n\r\nok", "\r\nContent-Length: 2\r\n", "Connection: close\r\n\r\nok"
	for _, test := range []struct {
		name, line, want, status string
		kept                     bool
	}{
		{"two spaces", "HTTP/1.1  200  OK", "HTTP/1.1 200 OK", "200", true},
		{"tabs", "HTTP/1.1\t404\tNot Here", "HTTP/1.1 404 Not Here", "404", true},
		{"000", "HTTP/1.1 000 Nothing", "HTTP/1.1 500 Nothing", "500", true},
		{"099", "HTTP/1.1 099 ", "HTTP/1.1 500 Internal Server Error", "500", true},
		{"99", "HTTP/1.1 99", "HTTP/1.1 500 Internal Server Error", "500", true},
		{"2000", "HTTP/1.1 2000 OK", "HTTP/1.1 500 OK", "500", true},
		{"999", "HTTP/1.1 999 Too Eager", "HTTP/1.1 999 Too Eager", "999", true},
		{"HTTP/2.0", "HTTP/2.0 200 OK", "HTTP/1.1 200 OK", "200", false},
		{"HTTP/2", "HTTP/2 201 ", "HTTP/1.1 201 Created", "201", false},
	} {
		want := test.want + fields + body
		passesOn(t, []tolerated{{name: test.name, response: test.line + rest, want: want, old: want, status: test.status, body: "ok", kept: test.kept}})
	}
}

// LF alone ends a line of a response's head (RFC 9112, section 2.2). The client gets CRLF.
func TestLinesThatEndWithLFAloneAreWrittenWithCRLF(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nX: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\n"
	for name, response := range map[string]string{
		"everywhere":         "HTTP/1.1 200 OK\nX: a\nContent-Length: 4\n\n\r\n\r\n",
		"in one line":        "HTTP/1.1 200 OK\r\nX: a\nContent-Length: 4\r\n\r\n\r\n\r\n",
		"as the empty line":  "HTTP/1.1 200 OK\r\nX: a\r\nContent-Length: 4\r\n\n\r\n\r\n",
		"but the empty line": "HTTP/1.1 200 OK\nX: a\nContent-Length: 4\n\r\n\r\n\r\n",
	} {
		passesOn(t, []tolerated{{
			name: name, response: response, want: head + "\r\n\r\n", old: head + "\r\n\r\n", status: "200", body: "\r\n\r\n", kept: true,
		}})
	}
}
