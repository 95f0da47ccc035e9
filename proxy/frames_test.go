// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// frames is a client's end of a connection of HTTP/2. A test writes and reads its frames itself, by x/net's framer,
// which is not ours.
type frames struct {
	*http2.Framer
	tb      testing.TB
	conn    net.Conn
	encoder *hpack.Encoder
	block   bytes.Buffer
	// settings are the proxy's.
	settings map[http2.SettingID]uint32
}

func h2c(c *Config) { c.H2C = true }

// dialFrames connects to the proxy's plain listener with prior knowledge. settings are the client's.
func (s *served) dialFrames(settings ...http2.Setting) *frames {
	s.tb.Helper()
	return newFrames(s.tb, s.dial().TCPConn, settings...)
}

// newFrames sends the preface and takes the proxy's settings.
func newFrames(tb testing.TB, c net.Conn, settings ...http2.Setting) *frames {
	tb.Helper()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	f := bareFrames(tb, c)
	f.must(io.WriteString(c, http2.ClientPreface))
	f.check(f.WriteSettings(settings...))
	answered := false
	for len(f.settings) == 0 || !answered {
		switch frame := f.next().(type) {
		case *http2.SettingsFrame:
			if frame.IsAck() {
				answered = true
				continue
			}
			_ = frame.ForeachSetting(func(s http2.Setting) error { f.settings[s.ID] = s.Val; return nil })
			f.check(f.WriteSettingsAck())
		case *http2.WindowUpdateFrame:
		default:
			tb.Fatalf("received %v, want SETTINGS", frame)
		}
	}
	return f
}

func bareFrames(tb testing.TB, c net.Conn) *frames {
	f := &frames{Framer: http2.NewFramer(c, c), tb: tb, conn: c, settings: make(map[http2.SettingID]uint32)}
	f.encoder = hpack.NewEncoder(&f.block)
	f.AllowIllegalWrites = true
	f.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	return f
}

// dialHasty connects and sends the preface, SETTINGS and what write writes at once. It waits for nothing: what the
// proxy does after a short time may happen before an answer is read.
func (s *served) dialHasty(write func(*http2.Framer, *frames)) *frames {
	s.tb.Helper()
	f := bareFrames(s.tb, s.dial().TCPConn)
	var all bytes.Buffer
	all.WriteString(http2.ClientPreface)
	w := http2.NewFramer(&all, nil)
	f.check(w.WriteSettings())
	write(w, f)
	f.must(f.conn.Write(all.Bytes()))
	return f
}

func (f *frames) check(err error) {
	f.tb.Helper()
	if err != nil {
		f.tb.Fatalf("writing a frame: %v", err)
	}
}

func (f *frames) must(_ int, err error) { f.tb.Helper(); f.check(err) }

// next reads a frame.
func (f *frames) next() http2.Frame {
	f.tb.Helper()
	frame, err := f.ReadFrame()
	if err != nil {
		f.tb.Fatalf("reading a frame: %v", err)
	}
	return frame
}

// encode makes a header block of names and values in turn.
func (f *frames) encode(fields ...string) []byte {
	f.tb.Helper()
	f.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		f.check(f.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}))
	}
	return f.block.Bytes()
}

// head returns a request's pseudo-headers, followed by fields.
func head(method, path string, fields ...string) []string {
	return append([]string{":method", method, ":scheme", "http", ":path", path, ":authority", "a"}, fields...)
}

// open opens a stream, unless the connection has ended.
func (f *frames) open(stream uint32, end bool, fields ...string) error {
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: f.encode(fields...), EndStream: end, EndHeaders: true})
}

// request opens a stream.
func (f *frames) request(stream uint32, end bool, fields ...string) {
	f.tb.Helper()
	f.check(f.open(stream, end, fields...))
}

func (f *frames) get(stream uint32, path string, fields ...string) {
	f.tb.Helper()
	f.request(stream, true, head("GET", path, fields...)...)
}

// answered is what came on a stream until its end.
type answered struct {
	status  string
	fields  map[string]string
	body    string
	trailer map[string]string
	// informational are the statuses before the final one.
	informational []string
	// reset is the code of the stream's reset. ended says whether the stream ended by itself.
	reset http2.ErrCode
	ended bool
}

func (a *answered) reason() string {
	_, quoted, _ := strings.Cut(a.fields["proxy-status"], `details="`)
	name, _, _ := strings.Cut(quoted, `"`)
	return name
}

// answer reads until the stream has ended, and gives the windows back.
func (f *frames) answer(stream uint32) answered {
	f.tb.Helper()
	var a answered
	for {
		frame := f.next()
		if frame.Header().StreamID != stream {
			if gone, ok := frame.(*http2.GoAwayFrame); ok && gone.ErrCode != http2.ErrCodeNo {
				f.tb.Fatalf("the connection ended: %v %s", gone.ErrCode, gone.DebugData())
			}
			continue
		}
		switch frame := frame.(type) {
		case *http2.MetaHeadersFrame:
			fields := make(map[string]string)
			for _, field := range frame.Fields {
				fields[field.Name] = field.Value
			}
			switch status := frame.PseudoValue("status"); {
			case status == "":
				a.trailer = fields
			case status[0] == '1':
				a.informational = append(a.informational, status)
			default:
				a.status, a.fields = status, fields
			}
			a.ended = frame.StreamEnded()
		case *http2.DataFrame:
			a.body += string(frame.Data())
			if n := uint32(len(frame.Data())); n > 0 {
				f.check(f.WriteWindowUpdate(0, n))
				if !frame.StreamEnded() {
					f.check(f.WriteWindowUpdate(stream, n))
				}
			}
			a.ended = frame.StreamEnded()
		case *http2.RSTStreamFrame:
			a.reset = frame.ErrCode
			return a
		}
		if a.ended {
			return a
		}
	}
}

// expectGoAway reads until the proxy ends the connection for a reason.
func (f *frames) expectGoAway(want http2.ErrCode) {
	f.tb.Helper()
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			f.tb.Fatalf("the connection ended with %v, want GOAWAY %v", err, want)
		}
		if gone, ok := frame.(*http2.GoAwayFrame); ok {
			if gone.ErrCode != want {
				f.tb.Errorf("GOAWAY %v %q, want %v", gone.ErrCode, gone.DebugData(), want)
			}
			f.expectEnd()
			return
		}
	}
}

// expectEnd reads to the end of the connection.
func (f *frames) expectEnd() {
	f.tb.Helper()
	for {
		_, err := f.ReadFrame()
		switch {
		case err == nil:
			continue
		case errors.Is(err, os.ErrDeadlineExceeded):
			f.tb.Error("the connection did not end")
		case err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) && !isReset(err):
			f.tb.Errorf("the connection ended with %v", err)
		}
		return
	}
}

// ping asks whether the connection lives.
func (f *frames) ping() {
	f.tb.Helper()
	data := [8]byte{1, 2, 3}
	f.check(f.WritePing(false, data))
	for {
		if pong, ok := f.next().(*http2.PingFrame); ok && pong.IsAck() && pong.Data == data {
			return
		}
	}
}

func (a answered) String() string {
	return fmt.Sprintf("%s %v %.80q, reset %v, ended %v", a.status, a.fields, a.body, a.reset, a.ended)
}
