// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// testLimits are small enough for a table to exceed them.
var testLimits = heads.Limits{HeadBytes: 2048, LineBytes: 512, Fields: 16}

// wire is a Transport in memory. A Read returns what is left of the first piece, so the pieces are the segments of a
// network. After them it returns end.
type wire struct {
	pieces [][]byte
	end    error
	sent   bytes.Buffer
	writes int
	refuse error // what a Write returns, where it is to fail
	// calls are the times that were set and the closes, in order.
	calls []string
}

func newWire(pieces ...[]byte) *wire { return &wire{pieces: pieces, end: io.EOF} }

func (w *wire) Read(p []byte) (int, error) {
	for len(w.pieces) > 0 {
		if len(w.pieces[0]) == 0 {
			w.pieces = w.pieces[1:]
			continue
		}
		n := copy(p, w.pieces[0])
		w.pieces[0] = w.pieces[0][n:]
		return n, nil
	}
	return 0, w.end
}

func (w *wire) Write(p []byte) (int, error) {
	if w.refuse != nil {
		return 0, w.refuse
	}
	w.writes++
	return w.sent.Write(p)
}

func (w *wire) call(what string) { w.calls = append(w.calls, what) }

func (w *wire) Close() error                { w.call("close"); return nil }
func (w *wire) CloseWrite() error           { w.call("close write"); return nil }
func (w *wire) StallAfter(d time.Duration)  { w.call("stall " + d.String()) }
func (w *wire) ExpireAfter(d time.Duration) { w.call("expire " + d.String()) }

// delivery is one way in which a network may cut a stream.
type delivery struct {
	name   string
	pieces [][]byte
}

// deliveries cuts a stream in several ways: whole, byte by byte, in two at the end of every line, and in random pieces
// that are the same in each run.
func deliveries(stream string) []delivery {
	all := []delivery{
		{"whole", [][]byte{[]byte(stream)}},
		{"byte by byte", cut(stream, func() int { return 1 })},
		{"by lines", lines(stream, "\n")},
		{"between CR and LF", lines(stream, "\r")},
	}
	random := rand.New(rand.NewPCG(1, uint64(len(stream))))
	for _, longest := range []int{3, 10, 40} {
		pieces := cut(stream, func() int { return 1 + random.IntN(longest) })
		all = append(all, delivery{fmt.Sprintf("pieces of 1 to %d", longest), pieces})
	}
	return all
}

func cut(stream string, next func() int) (pieces [][]byte) {
	for len(stream) > 0 {
		n := min(next(), len(stream))
		pieces = append(pieces, []byte(stream[:n]))
		stream = stream[n:]
	}
	return pieces
}

func lines(stream, after string) (pieces [][]byte) {
	for _, line := range strings.SplitAfter(stream, after) {
		pieces = append(pieces, []byte(line))
	}
	return pieces
}

func newTestServer(w Transport) *ServerConn {
	return NewServerConn(w, &ServerConfig{Limits: testLimits, Buffers: new(buffer.Pool), Idle: time.Minute, Read: time.Second})
}

func newTestClient(w Transport) *ClientConn {
	return NewClientConn(w, &ClientConfig{Limits: testLimits, Buffers: new(buffer.Pool)})
}

// field is a message.Field that reads well in a table and a diff.
type field struct{ Name, Value string }

// passed are the fields that an engine would write out.
func passed(fields []message.Field) (out []field) {
	for _, f := range fields {
		if f.Kind.EndToEnd() {
			out = append(out, field{string(f.Name), string(f.Value)})
		}
	}
	return out
}
