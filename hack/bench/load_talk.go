// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// loadTalk is how loadIdle makes its request.
type loadTalk string

const (
	// talkPlainly is HTTP/1.1.
	talkPlainly loadTalk = ""
	// talkStreams is HTTP/2.
	talkStreams loadTalk = "streams"
	// talkWebSocket upgrades to a WebSocket, says a word and hears it again.
	talkWebSocket loadTalk = "websocket"
)

// waitingStream waits for what there is nothing of yet.
type waitingStream struct {
	stream
	fd int
}

// Read implements io.Reader.
func (s waitingStream) Read(p []byte) (int, error) {
	for {
		n, err := s.read(p)
		if n > 0 || !errors.Is(err, errAgain) {
			return n, err
		}
		if err := awaitSocket(s.fd); err != nil {
			return 0, err
		}
	}
}

// Write implements io.Writer. What is written here fits into any socket's buffer.
func (s waitingStream) Write(p []byte) (int, error) { return s.write(p) }

// askByStream makes a request on the first stream of a connection of HTTP/2, and wants a response of so many bytes.
func askByStream(s waitingStream, r request, want int64) error {
	var head bytes.Buffer
	encoder := hpack.NewEncoder(&head)
	for _, f := range []field{{":method", r.Method}, {":scheme", "https"}, {":authority", r.Host}, {":path", r.Path}, {"user-agent", "bench"}} {
		if err := encoder.WriteField(hpack.HeaderField{Name: f.Name, Value: f.Value}); err != nil {
			return err
		}
	}
	var out bytes.Buffer
	out.WriteString(http2.ClientPreface)
	writer := http2.NewFramer(&out, nil)
	err := errors.Join(writer.WriteSettings(), writer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: 1, BlockFragment: head.Bytes(), EndStream: true, EndHeaders: true,
	}))
	if err != nil {
		return err
	}
	if _, err := s.Write(out.Bytes()); err != nil {
		return err
	}
	return readStream(http2.NewFramer(s, s), want)
}

// readStream reads frames until the response on the first stream is complete.
func readStream(framer *http2.Framer, want int64) error {
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var got int64
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return err
		}
		ended := false
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				err = framer.WriteSettingsAck()
			}
		case *http2.PingFrame:
			if !f.IsAck() {
				err = framer.WritePing(true, f.Data)
			}
		case *http2.MetaHeadersFrame:
			if status := f.PseudoValue("status"); status != "200" {
				return fmt.Errorf("the response has status %s, want 200", status)
			}
			ended = f.StreamEnded()
		case *http2.DataFrame:
			got += int64(len(f.Data()))
			ended = f.StreamEnded()
		case *http2.RSTStreamFrame:
			return fmt.Errorf("the stream was reset: %s", f.ErrCode)
		case *http2.GoAwayFrame:
			return fmt.Errorf("the proxy says farewell: %s", f.ErrCode)
		}
		switch {
		case err != nil:
			return err
		case ended && got != want:
			return fmt.Errorf("the response has %d bytes, want %d", got, want)
		case ended:
			return nil
		}
	}
}

// saysFarewell says whether one of the whole frames is a GOAWAY.
func saysFarewell(frames []byte) bool {
	const head = 9
	for len(frames) >= head {
		if http2.FrameType(frames[3]) == http2.FrameGoAway {
			return true
		}
		length := int(frames[0])<<16 | int(frames[1])<<8 | int(frames[2])
		frames = frames[min(head+length, len(frames)):]
	}
	return false
}

// webSocketFields are those of a handshake, in RFC 6455's own example. The answer to the key is always acceptedKey.
func webSocketFields() []string {
	return []string{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="}
}

const acceptedKey = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// The same word in a frame of a client, which is masked as in the RFC's example, and in one of a server.
var (
	maskedWord = []byte{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}
	plainWord  = []byte("\x81\x05Hello")
)

// askByWebSocket makes a WebSocket of a connection, says a word and wants it back.
func askByWebSocket(s waitingStream, r request) error {
	r.Fields = append(webSocketFields(), r.Fields...)
	if _, err := s.Write(r.bytes()); err != nil {
		return err
	}
	// One byte at a time, so that none of the first frame is taken.
	var head []byte
	for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); head = append(head, one[0]) {
		if _, err := io.ReadFull(s, one); err != nil {
			return err
		}
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) || !bytes.Contains(head, []byte(acceptedKey)) {
		return fmt.Errorf("the response is %q, want one that becomes a WebSocket", head)
	}
	if _, err := s.Write(maskedWord); err != nil {
		return err
	}
	got := make([]byte, len(plainWord))
	if _, err := io.ReadFull(s, got); err != nil {
		return err
	}
	if !bytes.Equal(got, plainWord) {
		return fmt.Errorf("the WebSocket says %q, want %q", got, plainWord)
	}
	return nil
}
