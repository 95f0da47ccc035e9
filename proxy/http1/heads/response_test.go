// SPDX-License-Identifier: Apache-2.0

package heads

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

// answered is what a response's head came to.
type answered struct {
	Version   string
	Status    int
	Reason    string
	Fields    []field
	Length    int64
	NoContent bool
	Upgrade   string
	How       Framing
	KeepAlive bool
	// Behind is what stands behind the head.
	Behind string
}

// readResponse reads the head at the start of stream as it arrives, the answer to a request with method. It returns
// io.ErrUnexpectedEOF if the stream ends before the head.
func readResponse(stream, method string, arrival []int) (answered, error) {
	seen := 0
	for _, there := range arrival {
		end, err := ResponseEnd([]byte(stream[:there]), seen, testLimits)
		if err != nil {
			return answered{}, err
		}
		if end > 0 {
			r := new(message.Response)
			n, how, keepAlive, err := ParseResponse(r, []byte(stream[:end]), []byte(method), testLimits)
			return answered{
				Version: r.Version.String(), Status: r.Status, Reason: string(r.Reason), Fields: passed(r.Fields),
				Length: r.ContentLength, NoContent: r.NoContent, Upgrade: string(r.Upgrade),
				How: how, KeepAlive: keepAlive, Behind: stream[n:],
			}, err
		}
		seen = there
	}
	return answered{}, io.ErrUnexpectedEOF
}

func TestResponseIsRefusedHoweverItArrives(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	tests := map[string]struct {
		stream string
		want   *message.Error
	}{
		"CR before CRLF":                      {ok + "A: b\r\r\n\r\n", ErrBareLF},
		"CR before LF alone":                  {"HTTP/1.1 200 OK\nA: b\r\r\n\n", ErrBareLF},
		"CR alone as the empty line":          {"HTTP/1.1 200 OK\nA: b\n\rContent-Length: 2\n\nhi", ErrBareLF},
		"a fold behind LF alone":              {"HTTP/1.1 200 OK\nA: b\n c\n\n", errFold},
		"two lengths behind LF alone":         {"HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 3\n\nhi", errLengthMany},
		"NUL before LF alone":                 {"HTTP/1.1 200 OK\nA: b\x00\n\n", errFieldValue},
		"an empty line of LF before":          {"\n" + ok + "\r\n", errStatusLine},
		"too long a head of LF alone":         {"HTTP/1.1 200 OK\n" + strings.Repeat("A: "+strings.Repeat("b", 200)+"\n", testLimits.HeadBytes/200) + "\n", errHeadLong},
		"CR within a value":                   {ok + "A: b\rc\r\n\r\n", ErrBareLF},
		"an empty line before":                {"\r\n" + ok + "\r\n", errStatusLine},
		"no HTTP":                             {"220 smtp.example ESMTP\r\n\r\n", errStatusLine},
		"HTTP/0.9":                            {"<html>\r\n\r\n", errStatusLine},
		"an empty status line":                {"\r\n\r\n", errStatusLine},
		"lower-case version":                  {"http/1.1 200 OK\r\n\r\n", errStatusLine},
		"HTTP/1.10":                           {"HTTP/1.10 200 OK\r\n\r\n", errStatusLine},
		"a space before the version":          {" HTTP/1.1 200 OK\r\n\r\n", errStatusLine},
		"no code":                             {"HTTP/1.1 OK\r\n\r\n", errStatusLine},
		"HTTP/0.9 by name":                    {"HTTP/0.9 200 OK\r\n\r\n", errStatusLine},
		"HTTP/1":                              {"HTTP/1 200 OK\r\n\r\n", errStatusLine},
		"HTTP/20":                             {"HTTP/20 200 OK\r\n\r\n", errStatusLine},
		"HTTP/2.":                             {"HTTP/2. 200 OK\r\n\r\n", errStatusLine},
		"HTTPS/1.1":                           {"HTTPS/1.1 200 OK\r\n\r\n", errStatusLine},
		"no version":                          {"HTTP/ 200 OK\r\n\r\n", errStatusLine},
		"nothing behind the version":          {"HTTP/1.1\r\n\r\n", errStatusLine},
		"only white space behind the version": {"HTTP/1.1 \t\r\n\r\n", errStatusLine},
		"NUL before the code":                 {"HTTP/1.1\x00200 OK\r\n\r\n", errStatusLine},
		"a code that runs into the reason":    {"HTTP/1.1 200OK\r\n\r\n", errStatusLine},
		"a negative code":                     {"HTTP/1.1 -200 OK\r\n\r\n", errStatusLine},
		"a code with a fraction":              {"HTTP/1.1 200.1 OK\r\n\r\n", errStatusLine},
		"a signed code":                       {"HTTP/1.1 +20 OK\r\n\r\n", errStatusLine},
		"a code with a letter":                {"HTTP/1.1 2O0 OK\r\n\r\n", errStatusLine},
		"NUL in the reason":                   {"HTTP/1.1 200 O\x00K\r\n\r\n", errStatusLine},
		"CR in the reason":                    {"HTTP/1.1 200 O\rK\r\n\r\n", errStatusLine},
		"a control character in a length":     {ok + "Content-Length: 2\x1f\r\n\r\nhi", errLengthSyntax},
		"a form feed before a coding":         {ok + "Transfer-Encoding: \fchunked\r\n\r\n0\r\n\r\n", errCoding},
		"a folded field":                      {ok + "A: b\r\n c\r\n\r\n", errFold},
		"a folded status line":                {ok + " A: b\r\n\r\n", errFold},
		"space before a colon":                {ok + "Content-Length : 2\r\n\r\nhi", errFieldSpace},
		"a field without colon":               {ok + "A\r\n\r\n", errFieldName},
		"a field without name":                {ok + ": b\r\n\r\n", errFieldName},
		"NUL in a value":                      {ok + "A: b\x00\r\n\r\n", errFieldValue},
		"two lengths":                         {ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!", errLengthMany},
		"two equal lengths":                   {ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", errLengthMany},
		"a list of lengths":                   {ok + "Content-Length: 2, 2\r\n\r\nhi", errLengthSyntax},
		"a negative length":                   {ok + "Content-Length: -2\r\n\r\nhi", errLengthSyntax},
		"a length with a plus":                {ok + "Content-Length: +2\r\n\r\nhi", errLengthSyntax},
		"an empty length":                     {ok + "Content-Length: \r\n\r\n", errLengthSyntax},
		"a length of 2^63":                    {ok + "Content-Length: 9223372036854775808\r\n\r\n", errLengthSyntax},
		"length and coding":                   {ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errLengthAndCoding},
		"coding and length":                   {ok + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", errLengthAndCoding},
		"a coding we cannot frame":            {ok + "Transfer-Encoding: gzip\r\n\r\n", errCoding},
		"a coding below chunked":              {ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", errCoding},
		"identity and chunked":                {ok + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", errCoding},
		"identity, then chunked":              {ok + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errCoding},
		"identity and another":                {ok + "Transfer-Encoding: identity;q=1\r\nContent-Length: 2\r\n\r\nhi", errCoding},
		"chunked twice":                       {ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", errCoding},
		"chunked on 1.0, and a length":        {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", errLengthAndCoding},
		"two lengths where none matters":      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n", errLengthMany},
		"too many options":                    {ok + "Connection: " + strings.Repeat("a,", maxConnectionOptions) + "b\r\n\r\n", errOptionsMany},
		"too long a status line":              {"HTTP/1.1 200 " + strings.Repeat("a", testLimits.LineBytes-len("HTTP/1.1 200 ")+1) + "\r\n\r\n", errLineLong},
		"too long a field":                    {ok + "A: " + strings.Repeat("b", testLimits.LineBytes-2) + "\r\n\r\n", errLineLong},
		"too long a head":                     {ok + longFields(testLimits.HeadBytes-len(ok)-1) + "\r\n", errHeadLong},
		"a head without end":                  {"HTTP/1.1 200 " + strings.Repeat("a", testLimits.HeadBytes), errHeadLong},
		"too many fields":                     {ok + strings.Repeat("A: b\r\n", testLimits.Fields+1) + "\r\n", errFieldsMany},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, arrival := range arrivals(len(test.stream)) {
				got, err := readResponse(test.stream, "GET", arrival)
				if err != error(test.want) && !isInField(err, test.want) {
					t.Fatalf("%v: got %v and %+v, want %v", arrival, err, got, test.want)
				}
			}
		})
	}
}

// isInField says whether err is a fault of a response with the field that it is in.
func isInField(err error, want *message.Error) bool {
	got := (*message.Error)(nil)
	return errors.As(err, &got) && got.Status == want.Status && strings.HasPrefix(got.Detail, want.Detail+", in \"")
}

func TestResponseIsUnderstoodHoweverItArrives(t *testing.T) {
	tests := map[string]struct {
		method string
		stream string
		want   answered
	}{
		"length": {
			"GET", "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello",
			answered{
				Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Fields: []field{{"Server", "x"}},
				Length: 5, Behind: "hello", KeepAlive: true,
			},
		},
		"LF alone": {
			"GET", "HTTP/1.1 200 OK\nServer: x\nContent-Length: 5\n\nhello",
			answered{
				Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Fields: []field{{"Server", "x"}},
				Length: 5, Behind: "hello", KeepAlive: true,
			},
		},
		"LF alone here and there": {
			"GET", "HTTP/1.1 200 OK\r\nServer: x\nContent-Length: 5\r\n\nhello",
			answered{
				Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Fields: []field{{"Server", "x"}},
				Length: 5, Behind: "hello", KeepAlive: true,
			},
		},
		"LF alone, and CRLF as the empty line": {
			"GET", "HTTP/1.1 200 OK\nContent-Length: 5\n\r\nhello",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Length: 5, Behind: "hello", KeepAlive: true},
		},
		"LF alone before content with empty lines": {
			"GET", "HTTP/1.1 200 OK\nContent-Length: 9\n\n\r\n\r\n\n\nab\n",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Length: 9, Behind: "\r\n\r\n\n\nab\n", KeepAlive: true},
		},
		"CRLF before content with empty lines": {
			"GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\n\n\n\n",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Length: 4, Behind: "\n\n\n\n", KeepAlive: true},
		},
		"up to the close": {
			"GET", "HTTP/1.1 200 OK\r\n\r\nhello",
			answered{Version: "HTTP/1.1", How: FramedByClose, Status: 200, Reason: "OK", Length: message.UnknownLength, Behind: "hello"},
		},
		"1.0 up to the close": {
			"GET", "HTTP/1.0 200 OK\r\n\r\nhello",
			answered{Version: "HTTP/1.0", How: FramedByClose, Status: 200, Reason: "OK", Length: message.UnknownLength, Behind: "hello"},
		},
		"1.0 with a length": {
			"GET", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
			answered{Version: "HTTP/1.0", How: FramedByLength, Status: 200, Reason: "OK", Length: 5, Behind: "hello"},
		},
		"1.0 kept alive": {
			"GET", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello",
			answered{Version: "HTTP/1.0", How: FramedByLength, Status: 200, Reason: "OK", Length: 5, Behind: "hello", KeepAlive: true},
		},
		"1.0 with a coding to HEAD": {
			"HEAD", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n",
			answered{Version: "HTTP/1.0", Status: 200, Reason: "OK", Length: message.UnknownLength, NoContent: true},
		},
		"closed by the server": {
			"GET", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Length: 5, Behind: "hello"},
		},
		"HEAD with a length": {
			"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
			answered{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: 5, NoContent: true, KeepAlive: true},
		},
		"HEAD with a coding": {
			"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
			answered{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: message.UnknownLength, NoContent: true, KeepAlive: true},
		},
		"identity and a length": {
			"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Length: 5, Behind: "hello", KeepAlive: true},
		},
		"identity up to the close": {
			"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Identity\r\n\r\nhello",
			answered{Version: "HTTP/1.1", How: FramedByClose, Status: 200, Reason: "OK", Length: message.UnknownLength, Behind: "hello"},
		},
		"HEAD with identity and a length": {
			"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n",
			answered{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: 5, NoContent: true, KeepAlive: true},
		},
		"HEAD with the coding that GET would have": {
			"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
			answered{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: message.UnknownLength, NoContent: true, KeepAlive: true},
		},
		"304 with identity": {
			"GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: identity\r\n\r\n",
			answered{Version: "HTTP/1.1", Status: 304, Reason: "Not Modified", Length: message.UnknownLength, NoContent: true, KeepAlive: true},
		},
		"HEAD that claims nothing": {
			"HEAD", "HTTP/1.1 200 OK\r\n\r\n",
			answered{Version: "HTTP/1.1", Status: 200, Reason: "OK", Length: message.UnknownLength, NoContent: true, KeepAlive: true},
		},
		"a method that is not HEAD": {
			"head", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Length: 5, Behind: "hello", KeepAlive: true},
		},
		"204 with a length": {
			"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
			answered{Version: "HTTP/1.1", Status: 204, Reason: "No Content", Length: 5, NoContent: true, KeepAlive: true},
		},
		"304 with a length": {
			"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
			answered{Version: "HTTP/1.1", Status: 304, Reason: "Not Modified", Length: 5, NoContent: true, KeepAlive: true},
		},
		"205 has the length it claims": {
			"GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 205, Reason: "Reset Content", KeepAlive: true},
		},
		"a change of protocol": {
			"GET", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nframes",
			answered{
				Version: "HTTP/1.1", Status: 101, Reason: "Switching Protocols", Fields: []field{{"Sec-WebSocket-Accept", "x"}},
				Length: message.UnknownLength, NoContent: true, Upgrade: "websocket", KeepAlive: true, Behind: "frames",
			},
		},
		"no reason": {
			"GET", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 200, KeepAlive: true},
		},
		"no space before no reason": {
			"GET", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 200, KeepAlive: true},
		},
		"an unusual code and reason": {
			"GET", "HTTP/1.1 999  \t\xe9t\xe9 \r\nContent-Length: 0\r\n\r\n",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 999, Reason: "\xe9t\xe9 ", KeepAlive: true},
		},
		"white space of all kinds in the status line": {
			"GET", "HTTP/1.1 \t 404\v\fGone for lunch\r\nContent-Length: 0\r\n\r\n",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 404, Reason: "Gone for lunch", KeepAlive: true},
		},
		"a status that is none": {
			"GET", "HTTP/1.1 000 \r\nContent-Length: 2\r\n\r\nhi",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 500, Length: 2, Behind: "hi", KeepAlive: true},
		},
		"a status of two digits": {
			"GET", "HTTP/1.1 99 Balloons\r\nContent-Length: 2\r\n\r\nhi",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 500, Reason: "Balloons", Length: 2, Behind: "hi", KeepAlive: true},
		},
		"a status of four digits": {
			"GET", "HTTP/1.1 2000\r\nContent-Length: 2\r\n\r\nhi",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 500, Length: 2, Behind: "hi", KeepAlive: true},
		},
		"HTTP/2.0": {
			"GET", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Length: 2, Behind: "hi"},
		},
		"HTTP/1.2": {
			"GET", "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nhi",
			answered{Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Length: 2, Behind: "hi"},
		},
		"control characters in a reason and in a value": {
			"GET", "HTTP/1.1 200 \x1b[31mOK, in red\r\nA: \x01\x1f\x7f\r\nContent-Length: 0\r\n\r\n",
			answered{
				Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "\x1b[31mOK, in red", Fields: []field{{"A", "\x01\x1f\x7f"}}, KeepAlive: true,
			},
		},
		"fields of the connection are dropped": {
			"GET", "HTTP/1.1 200 OK\r\nA: 1\r\nConnection: b, keep-alive\r\nKeep-Alive: timeout=5\r\nUpgrade: h2c\r\nB: 2\r\n" +
				"Proxy-Connection: x\r\nContent-Length: 0\r\nTrailer: C\r\n\r\n",
			answered{
				Version: "HTTP/1.1", How: FramedByLength, Status: 200, Reason: "OK", Fields: []field{{"A", "1"}, {"Trailer", "C"}}, KeepAlive: true,
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, arrival := range arrivals(len(test.stream)) {
				got, err := readResponse(test.stream, test.method, arrival)
				if err != nil {
					t.Fatalf("%v: %v", arrival, err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Fatalf("%v (-want +got):\n%s", arrival, diff)
				}
			}
		})
	}
}

func TestWrittenResponseHead(t *testing.T) {
	fields := func(names ...string) (all []message.Field) {
		for _, n := range names {
			all = append(all, message.Field{Name: []byte(n), Value: []byte("x"), Kind: message.KindOf([]byte(n))})
		}
		return all
	}
	tests := map[string]struct {
		resp    message.Response
		client  message.Version
		closing bool
		want    string
	}{
		"a length": {
			message.Response{Status: 200, Reason: []byte("OK"), ContentLength: 5}, message.HTTP11, false,
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		},
		"a length of 0": {
			message.Response{Status: 404}, message.HTTP11, false,
			"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
		},
		"the sender's own reason": {
			message.Response{Status: 200, Reason: []byte("Fine")}, message.HTTP11, false,
			"HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n",
		},
		"a code without a reason": {
			message.Response{Status: 999}, message.HTTP11, false,
			"HTTP/1.1 999 \r\nContent-Length: 0\r\n\r\n",
		},
		"unknown length": {
			message.Response{Status: 200, ContentLength: message.UnknownLength}, message.HTTP11, false,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		},
		"unknown length to a 1.0 client": {
			message.Response{Status: 200, ContentLength: message.UnknownLength}, message.HTTP10, true,
			"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
		},
		"a kept 1.0 connection": {
			message.Response{Status: 200, ContentLength: 1}, message.HTTP10, false,
			"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n",
		},
		"the last of a connection": {
			message.Response{Status: 200, ContentLength: 1}, message.HTTP11, true,
			"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n",
		},
		"HEAD announces what GET would get": {
			message.Response{Status: 200, ContentLength: 5, NoContent: true}, message.HTTP11, false,
			"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		},
		"HEAD announces no coding": {
			message.Response{Status: 200, ContentLength: message.UnknownLength, NoContent: true}, message.HTTP11, false,
			"HTTP/1.1 200 OK\r\n\r\n",
		},
		"304 with a length": {
			message.Response{Status: 304, ContentLength: 5, NoContent: true}, message.HTTP11, false,
			"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
		},
		"204 never has a length": {
			message.Response{Status: 204, ContentLength: 5, NoContent: true}, message.HTTP11, false,
			"HTTP/1.1 204 No Content\r\n\r\n",
		},
		"1xx never has a length": {
			message.Response{Status: 103, ContentLength: 5, NoContent: true, Fields: fields("Link")}, message.HTTP11, true,
			"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
		},
		"101 changes the protocol": {
			message.Response{Status: 101, ContentLength: message.UnknownLength, NoContent: true, Upgrade: []byte("websocket")}, message.HTTP11, false,
			"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		},
		"426 says what would do": {
			message.Response{Status: 426, Upgrade: []byte("websocket")}, message.HTTP11, false,
			"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		},
		"426 that is the last of a connection": {
			message.Response{Status: 426, Upgrade: []byte("websocket")}, message.HTTP11, true,
			"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n",
		},
		"426 to a 1.0 client": {
			message.Response{Status: 426, Upgrade: []byte("websocket")}, message.HTTP10, true,
			"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		},
		"only end-to-end fields": {
			message.Response{Status: 200, ContentLength: 1, Fields: fields("A", "Connection", "Keep-Alive", "Upgrade", "Content-Length",
				"Transfer-Encoding", "TE", "Proxy-Connection", "Trailer", "Host", "Expect", "B")}, message.HTTP11, false,
			"HTTP/1.1 200 OK\r\nA: x\r\nTrailer: x\r\nB: x\r\nContent-Length: 1\r\n\r\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := string(AppendResponse(nil, &test.resp, test.client, test.closing))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEveryStatusLineIsItsOwnWhenReadAgain(t *testing.T) {
	// net/http keeps the reasons of older RFCs for these.
	renamed := map[int]bool{413: true, 414: true, 416: true, 422: true}
	for status := 100; status <= 999; status++ {
		var got message.Response
		head := appendStatusLine(nil, &message.Response{Status: status})
		if _, _, _, err := ParseResponse(&got, append(head, "\r\n"...), []byte("GET"), testLimits); err != nil || got.Status != status {
			t.Errorf("%q was read as %d, %v", head, got.Status, err)
		}
		if reason := http.StatusText(status); len(got.Reason) > 0 && reason != string(got.Reason) && !renamed[status] {
			t.Errorf("%d has the reason %q, net/http says %q", status, got.Reason, reason)
		}
	}
}
