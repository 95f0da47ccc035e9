// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"
	"io"
	"sync"
	"testing"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

// FuzzServerFrames has a client with open streams read arbitrary bytes in pieces. Every exchange ends, no response is
// one that cannot be passed on, and what the client sends is well-formed.
func FuzzServerFrames(f *testing.F) {
	seed := func(write func(w *xhttp2.Framer, block func(fields ...string) []byte)) {
		var b, block bytes.Buffer
		encoder := hpack.NewEncoder(&block)
		write(xhttp2.NewFramer(&b, nil), func(fields ...string) []byte {
			block.Reset()
			for i := 0; i < len(fields); i += 2 {
				_ = encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
			}
			return block.Bytes()
		})
		f.Add(b.Bytes(), uint8(50))
		f.Add(b.Bytes(), uint8(1))
	}
	seed(func(w *xhttp2.Framer, block func(...string) []byte) {
		_ = w.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 100_000}, xhttp2.Setting{ID: xhttp2.SettingHeaderTableSize, Val: 0})
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block(":status", "103", "link", "a"), EndHeaders: true})
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block(":status", "200", "content-length", "5"), EndHeaders: true})
		_ = w.WriteDataPadded(1, false, []byte("hello"), []byte{0, 0})
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: block("grpc-status", "0"), EndHeaders: true, EndStream: true})
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 3, BlockFragment: block(":status", "204")[:1]})
		_ = w.WriteContinuation(3, true, block(":status", "204")[1:])
		_ = w.WriteRSTStream(5, xhttp2.ErrCodeRefusedStream)
	})
	seed(func(w *xhttp2.Framer, block func(...string) []byte) {
		_ = w.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingMaxConcurrentStreams, Val: 1}, xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 0})
		_ = w.WriteWindowUpdate(5, 70_000)
		_ = w.WriteSettingsAck()
		_ = w.WritePing(false, [8]byte{})
		_ = w.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 5, BlockFragment: block(":status", "500"), EndHeaders: true, EndStream: true, PadLength: 3})
		_ = w.WriteRSTStream(5, xhttp2.ErrCodeNo)
		_ = w.WriteGoAway(3, xhttp2.ErrCodeNo, []byte("bye"))
	})
	f.Fuzz(func(t *testing.T, received []byte, piece uint8) {
		transport := &canned{in: bytes.NewReader(received), piece: max(1, int(piece))}
		c := NewClientConn(transport, testConfig(), false)
		var exchanges sync.WaitGroup
		for _, method := range []string{"GET", "HEAD", "POST"} {
			s := c.Open()
			length := int64(0)
			if method == "POST" {
				length = message.UnknownLength
			}
			s.WriteHead(requestOf(method, "/", length))
			if length == 0 {
				_ = s.Request().End(nil)
			} else {
				_ = s.Request().Flush() // or it could begin before another one
				exchanges.Go(func() {
					if write(s.Request(), make([]byte, 80_000)) == nil {
						_ = s.Request().End(nil)
					}
				})
			}
			exchanges.Go(func() { readFuzzed(t, s) })
		}
		_ = c.Serve()
		exchanges.Wait()
		sent := transport.out.Bytes()
		if len(sent) == 0 {
			return // it failed before anything left
		}
		if !bytes.HasPrefix(sent, []byte(preface)) {
			t.Fatal("what was sent does not begin with the preface")
		}
		frames := xhttp2.NewFramer(nil, bytes.NewReader(sent[len(preface):]))
		frames.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
		for {
			_, err := frames.ReadFrame()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("what was sent is no sequence of frames: %v", err)
			}
		}
	})
}

func readFuzzed(t *testing.T, s *ClientStream) {
	for {
		if s.ReadResponse(nil) != nil {
			return
		}
		r := &s.Response
		if r.Status < 100 || r.Status > 999 || r.Status == 101 {
			t.Errorf("the status is %d", r.Status)
		}
		wellFormedFields(t, r.Fields)
		if !r.Informational() {
			break
		}
	}
	content, err := readAll(s.Content())
	if err != nil {
		return
	}
	if n := s.Response.ContentLength; n >= 0 && !s.Response.NoContent && int64(len(content)) != n || s.Response.NoContent && len(content) > 0 {
		t.Errorf("%d bytes came of a length of %d", len(content), n)
	}
	wellFormedFields(t, s.Content().Trailers())
}

// wellFormedFields fails if a reader of HTTP/1.1 could take a field for another one.
func wellFormedFields(t *testing.T, fields []message.Field) {
	for i := range fields {
		f := &fields[i]
		if !message.IsToken(f.Name) || !message.IsValue(f.Value) {
			t.Errorf("the field %q: %q was taken", f.Name, f.Value)
		}
		switch f.Kind {
		case message.Connection, message.TransferEncoding, message.Upgrade, message.KeepAlive, message.ProxyConnection, message.TE:
			t.Errorf("the field %q was taken", f.Name)
		}
	}
}
