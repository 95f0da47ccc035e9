// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// answered is what the response to a request came to.
type answered struct {
	Version   string
	Status    int
	Reason    string
	Fields    []field
	Length    int64
	NoContent bool
	Upgrade   string
	Content   string
	Trailers  []field
	Reusable  bool
}

// readAnswer reads the responses to one request with method up to the final one.
func readAnswer(w Transport, method string) (all []answered, err error) {
	c := newTestClient(w)
	for {
		if err := c.ReadResponse([]byte(method)); err != nil {
			return all, err
		}
		r := &c.Response
		a := answered{
			Version: r.Version.String(), Status: r.Status, Reason: string(r.Reason), Fields: passed(r.Fields),
			Length: r.ContentLength, NoContent: r.NoContent, Upgrade: string(r.Upgrade),
		}
		if r.Informational() {
			all = append(all, a)
			continue
		}
		content, err := io.ReadAll(c.Content())
		a.Content, a.Trailers = string(content), passed(c.Content().Trailers())
		a.Reusable = c.EndExchange(true)
		return append(all, a), err
	}
}

func TestResponseIsRefusedHoweverItIsDelivered(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	tests := map[string]struct {
		stream string
		// want is nil where the head is what is refused: package heads says what for.
		want error
	}{
		"CR before LF alone":             {"HTTP/1.1 200 OK\nA: b\r\r\n\n", nil},
		"a fold behind LF alone":         {"HTTP/1.1 200 OK\nA: b\n c\n\n", nil},
		"an empty line of LF before":     {"\n" + ok + "\r\n", nil},
		"an empty line before":           {"\r\n" + ok + "\r\n", nil},
		"too long a head of LF alone":    {"HTTP/1.1 200 OK\n" + strings.Repeat("A: "+strings.Repeat("b", 200)+"\n", testLimits.HeadBytes/200) + "\n", nil},
		"no HTTP":                        {"220 smtp.example ESMTP\r\n\r\n", nil},
		"HTTP/0.9":                       {"<html>\r\n\r\n", nil},
		"NUL in the reason":              {"HTTP/1.1 200 O\x00K\r\n\r\n", nil},
		"a folded field":                 {ok + "A: b\r\n c\r\n\r\n", nil},
		"two lengths":                    {ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!", nil},
		"length and coding":              {ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", nil},
		"a coding we cannot frame":       {ok + "Transfer-Encoding: gzip\r\n\r\n", nil},
		"two lengths where none matters": {"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", nil},
		"too long a status line":         {"HTTP/1.1 200 " + strings.Repeat("a", testLimits.LineBytes-len("HTTP/1.1 200 ")+1) + "\r\n\r\n", nil},
		"too long a field":               {ok + "A: " + strings.Repeat("b", testLimits.LineBytes-2) + "\r\n\r\n", nil},
		"too long a head":                {ok + longFields(testLimits.HeadBytes-len(ok)-1) + "\r\n", nil},
		"a head without end":             {"HTTP/1.1 200 " + strings.Repeat("a", testLimits.HeadBytes), nil},
		"too many fields":                {ok + strings.Repeat("A: b\r\n", testLimits.Fields+1) + "\r\n", nil},
		"LF alone behind a chunk's size": {"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nhi\n0\n\n", errChunkSize},
		"a bad chunk":                    {ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n", errChunkEnd},
	}
	for name, test := range tests {
		want := test.want
		if want == nil {
			want = refusalOfResponse(t, test.stream)
		}
		for prefix, before := range map[string]string{"": "", "after a 103, ": "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"} {
			for _, d := range deliveries(before + test.stream) {
				t.Run(prefix+name+", "+d.name, func(t *testing.T) {
					all, err := readAnswer(newWire(d.pieces...), "GET")
					if diff := cmp.Diff(want, err); diff != "" {
						t.Errorf("got %v after %+v, want %v", err, all, want)
					}
					for _, a := range all {
						if a.Reusable {
							t.Error("the connection was taken for reusable")
						}
					}
				})
			}
		}
	}
}

// refusalOfResponse is what package heads refuses the head at the start of stream for.
func refusalOfResponse(t *testing.T, stream string) error {
	t.Helper()
	n, err := heads.ResponseEnd([]byte(stream), 0, testLimits)
	if err == nil {
		_, _, _, err = heads.ParseResponse(new(message.Response), []byte(stream[:n]), []byte("GET"), testLimits)
	}
	if err == nil {
		t.Fatalf("%q is not refused", stream)
	}
	return err
}

func TestResponseIsUnderstoodHoweverItIsDelivered(t *testing.T) {
	tests := map[string]struct {
		method string
		stream string
		want   []answered
	}{
		"length": {
			"GET", "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello",
			[]answered{{
				Version: "HTTP/1.1", Status: 200, Reason: "OK", Fields: []field{{"Server", "x"}},
				Length: 5, Content: "hello", Reusable: true,
			}},
		},
		"LF alone here and there": {
			"GET", "HTTP/1.1 200 OK\r\nServer: x\nContent-Length: 5\r\n\nhello",
			[]answered{{
				Version: "HTTP/1.1", Status: 200, Reason: "OK", Fields: []field{{"Server", "x"}},
				Length: 5, Content: "hello", Reusable: true,
			}},
		},
		"LF alone before content with empty lines": {
			"GET", "HTTP/1.1 200 OK\nContent-Length: 9\n\n\r\n\r\n\n\nab\n",
			[]answered{{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: 9, Content: "\r\n\r\n\n\nab\n", Reusable: true}},
		},
		"CRLF before content with empty lines": {
			"GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\n\n\n\n",
			[]answered{{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: 4, Content: "\n\n\n\n", Reusable: true}},
		},
		"LF alone in an informational one": {
			"GET", "HTTP/1.1 103 Early Hints\nLink: </a>\n\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			[]answered{
				{Version: "HTTP/1.1", Status: 103, Reason: "Early Hints", Fields: []field{{"Link", "</a>"}}, Length: message.UnknownLength, NoContent: true},
				{Version: "HTTP/1.1", Status: 200, Reason: "OK", Reusable: true},
			},
		},
		"a length of 0": {
			"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			[]answered{{Version: "HTTP/1.1", Status: 200, Reason: "OK", Reusable: true}},
		},
		"chunks and trailers": {
			"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n",
			[]answered{{
				Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: message.UnknownLength,
				Content: "hello", Trailers: []field{{"X-Sum", "5"}}, Reusable: true,
			}},
		},
		"up to the close": {
			"GET", "HTTP/1.1 200 OK\r\n\r\nhello",
			[]answered{{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: message.UnknownLength, Content: "hello"}},
		},
		"nothing up to the close": {
			"GET", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n",
			[]answered{{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: message.UnknownLength}},
		},
		"1.0 up to the close": {
			"GET", "HTTP/1.0 200 OK\r\n\r\nhello",
			[]answered{{Version: "HTTP/1.0", Status: 200, Reason: "OK", Length: message.UnknownLength, Content: "hello"}},
		},
		"1.0 with a length": {
			"GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
			[]answered{{Version: "HTTP/1.0", Status: 200, Reason: "OK", Length: 5, Content: "hello"}},
		},
		"1.0 kept alive": {
			"GET", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello",
			[]answered{{Version: "HTTP/1.0", Status: 200, Reason: "OK", Length: 5, Content: "hello", Reusable: true}},
		},
		"1.0 with chunks": {
			"GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n",
			[]answered{{
				Version: "HTTP/1.0", Status: 200, Reason: "OK", Length: message.UnknownLength,
				Content: "hello", Trailers: []field{{"X-Sum", "5"}},
			}},
		},
		"1.0 with chunks, kept alive as it says": {
			"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
			[]answered{{Version: "HTTP/1.0", Status: 200, Reason: "OK", Length: message.UnknownLength, Content: "hello"}},
		},
		"closed by the server": {
			"GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
			[]answered{{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: 5, Content: "hello"}},
		},
		"HEAD with a length": {
			"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
			[]answered{{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: 5, NoContent: true, Reusable: true}},
		},
		"HEAD with a coding": {
			"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			[]answered{{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: message.UnknownLength, NoContent: true, Reusable: true}},
		},
		"identity up to the close": {
			"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Identity\r\n\r\nhello",
			[]answered{{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: message.UnknownLength, Content: "hello"}},
		},
		"204 with a length": {
			"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
			[]answered{{Version: "HTTP/1.1", Status: 204, Reason: "No Content", Length: 5, NoContent: true, Reusable: true}},
		},
		"304 with a length": {
			"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
			[]answered{{Version: "HTTP/1.1", Status: 304, Reason: "Not Modified", Length: 5, NoContent: true, Reusable: true}},
		},
		"informational ones before": {
			"POST", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 7\r\n\r\n" +
				"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nhi",
			[]answered{
				{Version: "HTTP/1.1", Status: 100, Reason: "Continue", Length: message.UnknownLength, NoContent: true},
				{Version: "HTTP/1.1", Status: 103, Reason: "Early Hints", Fields: []field{{"Link", "</a>"}}, Length: 7, NoContent: true},
				{Version: "HTTP/1.1", Status: 201, Reason: "Created", Length: 2, Content: "hi", Reusable: true},
			},
		},
		"an informational one with close": {
			"POST", "HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			[]answered{
				{Version: "HTTP/1.1", Status: 100, Reason: "Continue", Length: message.UnknownLength, NoContent: true},
				{Version: "HTTP/1.1", Status: 200, Reason: "OK", Reusable: true},
			},
		},
		"a change of protocol": {
			"GET", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nframes",
			[]answered{{
				Version: "HTTP/1.1", Status: 101, Reason: "Switching Protocols", Fields: []field{{"Sec-WebSocket-Accept", "x"}},
				Length: message.UnknownLength, NoContent: true, Upgrade: "websocket",
			}},
		},
		"a change of protocol and nothing more": {
			"GET", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
			[]answered{{
				Version: "HTTP/1.1", Status: 101, Reason: "Switching Protocols",
				Length: message.UnknownLength, NoContent: true, Upgrade: "websocket",
			}},
		},
		"HTTP/2 with chunks": {
			"GET", "HTTP/2 200\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
			[]answered{{Version: "HTTP/1.1", Status: 200, Length: message.UnknownLength, Content: "hi"}},
		},
	}
	for name, test := range tests {
		for _, d := range deliveries(test.stream) {
			t.Run(name+", "+d.name, func(t *testing.T) {
				got, err := readAnswer(newWire(d.pieces...), test.method)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestBytesThatCameBehindAResponseEndTheConnection(t *testing.T) {
	tests := map[string]struct{ method, whole, behind string }{
		"a length":             {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "!"},
		"chunks":               {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "\r\n"},
		"a length of 0":        {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		"the response to HEAD": {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello"},
		"a 204":                {"GET", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n"},
		"a 304":                {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "hello"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for behind, reusable := range map[string]bool{"": true, test.behind: false} {
				all, err := readAnswer(newWire([]byte(test.whole+behind)), test.method)
				if err != nil || len(all) != 1 {
					t.Fatalf("got %+v and %v, want one response", all, err)
				}
				if all[0].Reusable != reusable {
					t.Errorf("with %q behind the response the connection is reusable: %t, want %t", behind, all[0].Reusable, reusable)
				}
			}
		})
	}
}

func TestBytesThatComeWithTheEndOfALengthAreSeenAndKeptOut(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
	content := "0123456789"
	for at := range content {
		for behind, reusable := range map[string]bool{"": true, "!": false, emptyReply: false} {
			all, err := readAnswer(newWire([]byte(head+content[:at]), []byte(content[at:]+behind)), "GET")
			want := []answered{{
				Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: 10, Content: content, Reusable: reusable,
			}}
			if diff := cmp.Diff(want, all); diff != "" || err != nil {
				t.Errorf("cut at %d, %q behind: %v, (-want +got):\n%s", at, behind, err, diff)
			}
		}
	}
}

func TestConnectionThatEndsEarlyIsNotAResponse(t *testing.T) {
	streams := map[string]string{
		"length": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
		"a 204":  "HTTP/1.1 204 No Content\r\n\r\n",
	}
	errTorn := errors.New("connection reset")
	for name, stream := range streams {
		t.Run(name, func(t *testing.T) {
			for n := range len(stream) {
				for end, want := range map[error]error{io.EOF: io.ErrUnexpectedEOF, errTorn: errTorn} {
					if n == 0 {
						want = end // nothing came: the server may never have seen the request
					}
					w := newWire([]byte(stream[:n]))
					w.end = end
					all, err := readAnswer(w, "GET")
					if err != want || len(all) > 0 && all[0].Reusable {
						t.Errorf("%d bytes, then %v: got %v and %+v, want %v", n, end, err, all, want)
					}
				}
			}
		})
	}
}

func TestContentUpToTheCloseEndsByNothingElse(t *testing.T) {
	errTorn := errors.New("connection reset")
	w := newWire([]byte("HTTP/1.1 200 OK\r\n\r\n"), []byte("hel"), []byte("lo"))
	w.end = errTorn
	all, err := readAnswer(w, "GET")
	want := []answered{{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: message.UnknownLength, Content: "hello"}}
	if diff := cmp.Diff(want, all); diff != "" || err != errTorn {
		t.Errorf("got %v, want %v, and (-want +got):\n%s", err, errTorn, diff)
	}
}
