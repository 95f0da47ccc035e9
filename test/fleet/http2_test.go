// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// http2Window is what the server may send without being told to go on. No answer of the fleet is as long.
const http2Window = 1 << 30

// http2Client is a connection that speaks HTTP/2, with one stream at a time. It sends fields and targets as they are.
type http2Client struct {
	net.Conn
	framer  *http2.Framer
	decoder *hpack.Decoder
	// writing is held while a frame is written.
	writing sync.Mutex

	mu      sync.Mutex
	changed *sync.Cond
	// leaving is set once the server takes no more streams, and ended once the connection is.
	leaving, ended bool
	last           uint32
	// window is what the stream may still send, connWindow the connection, and initial what a new stream may.
	window, connWindow, initial int64
	stream                      uint32
	answer                      answer
	interim, done               bool
	fields                      []field
	block                       bytes.Buffer
	blockEnds                   bool
}

func dialHTTP2(address string, secure *tls.Config) (client, error) {
	dialer := &net.Dialer{Timeout: exchangeTimeout}
	conn, err := tls.DialWithDialer(dialer, "tcp", address, secure)
	if err != nil {
		return nil, err
	}
	if got := conn.ConnectionState().NegotiatedProtocol; got != "h2" {
		return nil, fmt.Errorf("the server chose %q and not h2", got)
	}
	c := &http2Client{Conn: conn, framer: http2.NewFramer(conn, conn), last: 1, connWindow: 65535, initial: 65535}
	c.framer.AllowIllegalReads = true
	c.changed = sync.NewCond(&c.mu)
	c.decoder = hpack.NewDecoder(4096, func(f hpack.HeaderField) { c.fields = append(c.fields, field{f.Name, f.Value}) })
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		return nil, err
	}
	err = errors.Join(
		c.framer.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: http2Window}),
		c.framer.WriteWindowUpdate(0, http2Window))
	if err != nil {
		return nil, err
	}
	go c.read()
	return c, nil
}

func (c *http2Client) close() { _ = c.Close() }

func (c *http2Client) open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.ended && !c.leaving
}

// write writes frames while nobody else does.
func (c *http2Client) write(frames func() error) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	return frames()
}

func (c *http2Client) exchange(r request, host string) answer {
	_ = c.SetDeadline(time.Now().Add(exchangeTimeout))
	c.mu.Lock()
	c.stream, c.last = c.last, c.last+2
	stream := c.stream
	c.answer, c.interim, c.done, c.window = answer{end: none}, false, false, c.initial
	c.mu.Unlock()

	var head bytes.Buffer
	encoder := hpack.NewEncoder(&head)
	encoder.SetMaxDynamicTableSize(0)
	add := func(name, value string) { _ = encoder.WriteField(hpack.HeaderField{Name: name, Value: value}) }
	add(":method", r.method)
	add(":scheme", "https")
	add(":authority", host)
	add(":path", r.target)
	for _, f := range r.fields {
		add(strings.ToLower(f.name), f.value)
	}
	if r.framing == withLength {
		add("content-length", strconv.Itoa(len(r.content)))
	}
	if r.expect {
		add("expect", "100-continue")
	}
	empty := r.framing == noContent || len(r.content) == 0
	err := c.write(func() error { return c.writeHead(stream, head.Bytes(), empty) })
	if err == nil && !empty {
		err = c.send(r, stream)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for err == nil && !c.done && !c.ended {
		c.changed.Wait()
	}
	// What is still open here ends, so that the next request finds nothing of it.
	if !empty {
		_ = c.write(func() error { return c.framer.WriteRSTStream(stream, http2.ErrCodeCancel) })
	}
	c.stream = 0
	return c.answer
}

// writeHead writes a header block in as many frames as it needs.
func (c *http2Client) writeHead(stream uint32, block []byte, ends bool) error {
	const most = 16384
	first := block[:min(most, len(block))]
	err := c.framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: first, EndStream: ends, EndHeaders: len(first) == len(block)})
	for rest := block[len(first):]; err == nil && len(rest) > 0; {
		piece := rest[:min(most, len(rest))]
		rest = rest[len(piece):]
		err = c.framer.WriteContinuation(stream, len(rest) == 0, piece)
	}
	return err
}

// send sends the content, or ends without an error when the answer is there already.
func (c *http2Client) send(r request, stream uint32) error {
	if r.expect {
		c.awaitInterim()
	}
	for n, piece := range halves(r.content) {
		if n > 0 {
			time.Sleep(r.slow)
		}
		for len(piece) > 0 {
			room := c.room(min(len(piece), 16384))
			if room == 0 {
				return nil
			}
			if err := c.write(func() error { return c.framer.WriteData(stream, false, piece[:room]) }); err != nil {
				return nil
			}
			piece = piece[room:]
		}
	}
	// The server's answer counts, even if it has closed the connection meanwhile.
	_ = c.write(func() error { return c.framer.WriteData(stream, true, nil) })
	return nil
}

// awaitInterim waits until the server wants the content, or has answered, or for as long as a client waits.
func (c *http2Client) awaitInterim() {
	timer := time.AfterFunc(expectPatience, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.interim = true
		c.changed.Broadcast()
	})
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.interim && !c.done && !c.ended {
		c.changed.Wait()
	}
}

// room waits until something may be sent and takes as much as there is of want. It returns 0 once nothing should be
// sent.
func (c *http2Client) room(want int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for min(c.window, c.connWindow) <= 0 && !c.done && !c.ended {
		c.changed.Wait()
	}
	if c.done || c.ended {
		return 0
	}
	n := min(int64(want), c.window, c.connWindow)
	c.window -= n
	c.connWindow -= n
	return int(n)
}

// read reads frames until the connection ends.
func (c *http2Client) read() {
	for {
		frame, err := c.framer.ReadFrame()
		c.mu.Lock()
		if err == nil {
			err = c.take(frame)
		}
		if err != nil {
			c.ended = true
		}
		c.changed.Broadcast()
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// take is called with mu held.
func (c *http2Client) take(frame http2.Frame) error {
	mine := frame.Header().StreamID == c.stream && c.stream != 0
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if f.IsAck() {
			return nil
		}
		if size, ok := f.Value(http2.SettingInitialWindowSize); ok {
			c.window += int64(size) - c.initial
			c.initial = int64(size)
		}
		return c.write(c.framer.WriteSettingsAck)
	case *http2.PingFrame:
		if f.IsAck() {
			return nil
		}
		return c.write(func() error { return c.framer.WritePing(true, f.Data) })
	case *http2.WindowUpdateFrame:
		if f.StreamID == 0 {
			c.connWindow += int64(f.Increment)
		} else if mine {
			c.window += int64(f.Increment)
		}
	case *http2.GoAwayFrame:
		// Streams that the server knows go on.
		c.leaving = true
	case *http2.HeadersFrame:
		c.block.Reset()
		c.block.Write(f.HeaderBlockFragment())
		c.blockEnds = f.StreamEnded()
		if f.HeadersEnded() {
			return c.head(mine)
		}
	case *http2.ContinuationFrame:
		c.block.Write(f.HeaderBlockFragment())
		if f.HeadersEnded() {
			return c.head(mine)
		}
	case *http2.DataFrame:
		if mine {
			c.answer.content = append(c.answer.content, f.Data()...)
			c.finish(f.StreamEnded())
		}
	case *http2.RSTStreamFrame:
		if mine {
			c.done = true
		}
	}
	return nil
}

// head takes a header block that is whole.
func (c *http2Client) head(mine bool) error {
	c.fields = nil
	if _, err := c.decoder.Write(c.block.Bytes()); err != nil {
		return err
	}
	if err := c.decoder.Close(); err != nil || !mine {
		return err
	}
	if c.answer.end == torn {
		c.answer.trailers = c.fields
		c.finish(c.blockEnds)
		return nil
	}
	var status int
	var fields []field
	for _, f := range c.fields {
		if f.name == ":status" {
			status, _ = strconv.Atoi(f.value)
		} else {
			fields = append(fields, f)
		}
	}
	if status < 200 {
		c.interim = true
		return nil
	}
	c.answer.status, c.answer.fields, c.answer.end = status, fields, torn
	c.finish(c.blockEnds)
	return nil
}

func (c *http2Client) finish(ended bool) {
	if ended {
		c.answer.end, c.done = complete, true
	}
}
