// SPDX-License-Identifier: Apache-2.0

//go:build !race

package coding

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
)

func TestAResponseIsEncodedWithoutNewMemory(t *testing.T) {
	text := []byte(words(rand.New(rand.NewPCG(1, 2)), 16<<10))
	tag := message.Field{Name: []byte("ETag"), Value: []byte(`"abcdefg"`)}
	for c := range codings {
		e, taken := newEncoders(1<<30), new(atomic.Int64)
		resp := &message.Response{Fields: make([]message.Field, 0, 8)}
		var to message.Writer = discard{}
		w := new(Writer)
		if n := testing.AllocsPerRun(50, func() {
			resp.Fields = append(resp.Fields[:0], tag)
			w.Begin(e, taken, resp, c, to)
			_ = message.Write(w, text)
			_ = w.Flush()
			_ = message.Write(w, text)
			_ = w.End(nil)
		}); n > 1 { // zstd makes the header of a frame of several blocks anew
			t.Errorf("%v: %v allocations, want one at most", c, n)
		}
	}
}

// BenchmarkEncode encodes a document in JSON of 16 KiB. It says how long that becomes.
func BenchmarkEncode(b *testing.B) {
	text := []byte(document(16 << 10))
	for c := range codings {
		b.Run(c.String(), func(b *testing.B) {
			e, taken := newEncoders(1<<30), new(atomic.Int64)
			resp := new(message.Response)
			w, length := new(Writer), new(counted)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				resp.Fields, length.n = resp.Fields[:0], 0
				w.Begin(e, taken, resp, c, length)
				_ = message.Write(w, text)
				_ = w.End(nil)
			}
			b.ReportMetric(float64(length.n), "bytes")
		})
	}
}

// counted is a [message.Writer] that counts.
type counted struct {
	discard
	n int
}

func (c *counted) Advance(n int) error {
	c.n += n
	return nil
}
