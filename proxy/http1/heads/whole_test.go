// SPDX-License-Identifier: Apache-2.0

package heads

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

// filler is field lines of n bytes together.
func filler(n int) string {
	var b strings.Builder
	for ; n > 200; n -= 100 {
		b.WriteString("A: " + strings.Repeat("b", 100-len("A: \r\n")) + "\r\n")
	}
	return b.String() + "A: " + strings.Repeat("b", n-len("A: \r\n")) + "\r\n"
}

// There must be one meaning of a head, however it is read.
func TestRequestHeadIsReadInOneStepAsInTwo(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n"
	room := testLimits.HeadBytes - len(get+"\r\n")
	for _, stream := range []string{
		typicalRequest, typicalRequest + typicalRequest, get + "\r\nhello", get + "\r\n\r\n\r\n", get + "A:b\r\nC: \td \t\r\nE:\r\n\r\n",
		get + filler(room) + "\r\n", get + filler(room+1) + "\r\n", get + strings.Repeat("A: b\r\n", testLimits.Fields) + "\r\n",
		get + "A: " + strings.Repeat("b", testLimits.LineBytes) + "\r\n\r\n", get + "A: " + strings.Repeat("b", testLimits.LineBytes-3) + "\r\n\r\n",
		"GET / HTTP/1.1\nHost: a\r\n\r\n", get + "A: b\n\r\n", get + "A: b\r\r\n\r\n", get + "A: b\x00c\r\n\r\n", get + "A b: c\r\n\r\n", get + ": b\r\n\r\n",
		get + "A: b\r\n c\r\n\r\n", "\r\n" + get + "\r\n", "PRI * HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
		get + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	} {
		for there := range len(stream) + 1 {
			b := []byte(stream[:there])
			want, wantKept := new(message.Request), false
			n, err := RequestEnd(b, 0, testLimits)
			if err == nil && n > 0 {
				if wantKept, err = ParseRequest(want, b[:n], testLimits); err != nil {
					n = 0
				}
			}
			got := new(message.Request)
			whole, kept := WholeRequest(got, b, testLimits)
			if whole != n || n > 0 && (kept != wantKept || !cmp.Equal(got, want)) {
				t.Fatalf("%q in one step: %d bytes, kept %t; in two: %d bytes, kept %t, %v; (-two +one):\n%s", b, whole, kept, n, wantKept, err, cmp.Diff(want, got))
			}
		}
	}
}

func TestResponseHeadIsReadInOneStepAsInTwo(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	room := testLimits.HeadBytes - len(ok+"\r\n")
	for _, stream := range []string{
		typicalResponse, typicalResponse + "hello\r\n\r\n", ok + "\r\n", "HTTP/1.1 200 OK\n\nhello\r\n\r\n", ok + "A: b\n\r\nC: d\r\n\r\n", ok + "A: b\n\n",
		ok + filler(room) + "\r\n", ok + filler(room+1) + "\r\n", ok + filler(room-2) + "\nhello" + strings.Repeat("x", 200) + "\r\n\r\n",
		ok + "A: b\r\r\n\r\n", ok + "A b\r\n\r\n", ok + "Content-Length: x\r\n\r\n", "220 smtp\r\n\r\n", ok + "Transfer-Encoding: gzip\r\n\r\n",
		ok + strings.Repeat("A: b\r\n", testLimits.Fields+1) + "\r\n",
	} {
		for there := range len(stream) + 1 {
			b, method := []byte(stream[:there]), []byte("GET")
			want, wantHow, wantKept := new(message.Response), Framing(0), false
			n, err := ResponseEnd(b, 0, testLimits)
			if err == nil && n > 0 {
				if n, wantHow, wantKept, err = ParseResponse(want, b[:n], method, testLimits); err != nil {
					n = 0
				}
			}
			got := new(message.Response)
			whole, how, kept := WholeResponse(got, b, method, testLimits)
			if whole != n || n > 0 && (how != wantHow || kept != wantKept || !cmp.Equal(got, want)) {
				t.Fatalf("%q in one step: %d bytes, framing %d, kept %t; in two: %d bytes, framing %d, kept %t, %v; (-two +one):\n%s",
					b, whole, how, kept, n, wantHow, wantKept, err, cmp.Diff(want, got))
			}
		}
	}
}
