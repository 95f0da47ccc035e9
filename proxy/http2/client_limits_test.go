// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"testing"

	xhttp2 "golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/message"
)

// Implementations of gRPC send a PING with each piece of content that they receive, which is no flood.
func TestPingForEachPieceOfContentIsNoFlood(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	s := c.post("/")
	p.awaitHeaders()
	for range 3000 {
		if err := write(s.Request(), []byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := s.Request().Flush(); err != nil {
			t.Fatal(err)
		}
		p.await("content", func(f xhttp2.Frame) bool { _, ok := f.(*xhttp2.DataFrame); return ok })
		p.check(p.WriteWindowUpdate(0, 1))
		p.check(p.WriteWindowUpdate(1, 1))
		p.ping()
	}
}

// A server's fault ends the connection with the code for it, and the exchanges on it.
func TestFaultOfTheServerEndsTheConnection(t *testing.T) {
	t.Parallel()
	flood := func(n int, write func(p *peer, i int) error) func(*peer) {
		return func(p *peer) {
			for i := range n {
				if write(p, i) != nil {
					return // it has ended
				}
			}
		}
	}
	for _, test := range []struct {
		name   string
		offend func(p *peer)
		want   xhttp2.ErrCode
	}{
		{"a frame that is too long", func(p *peer) { _ = p.WriteRawFrame(xhttp2.FrameData, 0, 1, make([]byte, maxFrame+1)) }, xhttp2.ErrCodeFrameSize},
		{"DATA on no stream", func(p *peer) { _ = p.WriteData(0, false, nil) }, xhttp2.ErrCodeProtocol},
		{"DATA on a stream that was not opened", func(p *peer) { _ = p.WriteData(99, false, nil) }, xhttp2.ErrCodeProtocol},
		{"a head on a stream that was not opened", func(p *peer) { p.headers(99, true, ":status", "200") }, xhttp2.ErrCodeProtocol},
		{"a head on a stream of the server's", func(p *peer) { p.headers(2, true, ":status", "200") }, xhttp2.ErrCodeProtocol},
		{"a push", func(p *peer) {
			_ = p.WritePushPromise(xhttp2.PushPromiseParam{StreamID: 1, PromiseID: 2, BlockFragment: p.encode(":method", "GET"), EndHeaders: true})
		}, xhttp2.ErrCodeProtocol},
		{"pushes that it wants to allow", func(p *peer) { _ = p.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingEnablePush, Val: 1}) }, xhttp2.ErrCodeProtocol},
		{"a PRIORITY_UPDATE", func(p *peer) { _ = p.WriteRawFrame(0x10, 0, 0, []byte("\x00\x00\x00\x01u=1")) }, xhttp2.ErrCodeProtocol},
		{"a header block with a frame within", func(p *peer) {
			_ = p.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: p.encode(":status", "200")})
			_ = p.WritePing(false, [8]byte{})
		}, xhttp2.ErrCodeProtocol},
		{"a header block that cannot be decoded", func(p *peer) {
			_ = p.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, EndHeaders: true})
		}, xhttp2.ErrCodeCompression},
		{"a window beyond 2^31-1", func(p *peer) { _ = p.WriteWindowUpdate(0, maxWindow) }, xhttp2.ErrCodeFlowControl},
		{"a WINDOW_UPDATE of nothing", func(p *peer) { _ = p.WriteWindowUpdate(0, 0) }, xhttp2.ErrCodeProtocol},
		{"a GOAWAY on a stream", func(p *peer) { _ = p.WriteRawFrame(xhttp2.FrameGoAway, 0, 1, make([]byte, 8)) }, xhttp2.ErrCodeProtocol},
		{"CONTINUATION without end", func(p *peer) {
			_ = p.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: p.encode(":status", "200")})
			flood(100, func(p *peer, _ int) error { return p.WriteContinuation(1, false, nil) })(p)
		}, xhttp2.ErrCodeEnhanceYourCalm},
		{"PING without end", flood(5000, func(p *peer, _ int) error { return p.WritePing(false, [8]byte{}) }), xhttp2.ErrCodeEnhanceYourCalm},
		{"SETTINGS without end", flood(5000, func(p *peer, _ int) error { return p.WriteSettings() }), xhttp2.ErrCodeEnhanceYourCalm},
		{"WINDOW_UPDATE without end", flood(5000, func(p *peer, _ int) error { return p.WriteWindowUpdate(0, 1) }), xhttp2.ErrCodeEnhanceYourCalm},
		{"GOAWAY without end", flood(5000, func(p *peer, _ int) error { return p.WriteGoAway(1, xhttp2.ErrCodeNo, nil) }), xhttp2.ErrCodeEnhanceYourCalm},
		{"RST_STREAM without end", flood(5000, func(p *peer, _ int) error { return p.WriteRSTStream(1, xhttp2.ErrCodeCancel) }), xhttp2.ErrCodeEnhanceYourCalm},
		{"unknown frames without end", flood(5000, func(p *peer, _ int) error { return p.WriteRawFrame(0x77, 0, 0, nil) }), xhttp2.ErrCodeEnhanceYourCalm},
		{"empty DATA without end", func(p *peer) {
			p.headers(1, false, ":status", "200")
			flood(5000, func(p *peer, _ int) error { return p.WriteData(1, false, nil) })(p)
		}, xhttp2.ErrCodeEnhanceYourCalm},
		{"heads on a stream that has ended, without end", func(p *peer) {
			p.headers(1, true, ":status", "200")
			flood(5000, func(p *peer, _ int) error {
				return p.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}, EndStream: true, EndHeaders: true})
			})(p)
		}, xhttp2.ErrCodeEnhanceYourCalm},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, p := dialPeer(t, testConfig())
			s := c.post("/")
			p.awaitHeaders()
			offended := make(chan struct{})
			go func() {
				defer close(offended)
				test.offend(p)
			}()
			if got := p.awaitGoAway(); got != test.want {
				t.Errorf("the connection ended with %v, want %v", got, test.want)
			}
			_ = p.conn.Close()
			<-offended
			if err := c.end(); !message.IsFault(err) {
				t.Errorf("the connection ended: %v, want the server's fault", err)
			}
			if status, _, err := read(s); err == nil && status != 200 {
				t.Errorf("the exchange got %d, want an error", status)
			}
			if c.Usable() || c.Open() != nil {
				t.Error("there is another stream")
			}
		})
	}
}

// A server may have any number of responses that cannot be understood: each is the fault of its own exchange.
func TestMalformedResponsesEndNoOtherExchange(t *testing.T) {
	t.Parallel()
	config, _ := standing()
	c, p := dialPeer(t, config)
	other := c.get("/")
	for id := uint32(3); id < 3+2*2*resetBurst; id += 2 {
		s := c.get("/malformed")
		p.headers(id, true, ":status", "2x0")
		if _, _, err := read(s); !isMalformed(err) {
			t.Fatalf("response %d: %v, want that it is malformed", id/2, err)
		}
		s.EndExchange()
		p.awaitReset(id)
	}
	p.headers(1, true, ":status", "200")
	if status, _, err := read(other); status != 200 || err != nil {
		t.Errorf("the other exchange got %d (%v), want 200", status, err)
	}
}
