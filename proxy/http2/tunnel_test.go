// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/message"
)

// counting lends buffers and counts those that are out.
type counting struct{ lent atomic.Int64 }

func (c *counting) Get(n int) []byte {
	c.lent.Add(1)
	return make([]byte, n)
}

func (c *counting) Put([]byte) { c.lent.Add(-1) }

// piped is a transport whose other end a test reads and writes.
type piped struct {
	net.Conn
	buffers *counting
}

func (p *piped) Park(size int) ([]byte, int, error) {
	var first [1]byte
	if n, err := p.Read(first[:]); n == 0 {
		return nil, 0, err
	}
	buf := p.buffers.Get(size)
	buf[0] = first[0]
	return buf, 1, nil
}

func (p *piped) CloseWrite() error         { return nil }
func (p *piped) StallAfter(time.Duration)  {}
func (p *piped) ExpireAfter(time.Duration) {}
func (p *piped) StopReading()              { _ = p.SetReadDeadline(time.Unix(1, 0)) }
func (p *piped) ResumeReading()            { _ = p.SetReadDeadline(time.Time{}) }

// A tunnel may be idle for hours, and many are.
func TestConnectionOfIdleTunnelsHoldsNoBuffer(t *testing.T) {
	buffers := &counting{}
	config := testConfig()
	config.Buffers = buffers
	here, there := net.Pipe()
	ended := make(chan error, 1)
	c := NewServerConn(&piped{there, buffers}, config, mirror{tb: t})
	go func() { ended <- c.Serve(nil) }()
	client := xhttp2.NewFramer(here, here)
	heard := make(chan struct{})
	go func() {
		for text := ""; ; {
			frame, err := client.ReadFrame()
			if err != nil {
				return
			}
			if data, ok := frame.(*xhttp2.DataFrame); ok {
				if text += string(data.Data()); text == "hello" {
					close(heard)
				}
			}
		}
	}()
	_, _ = io.WriteString(here, preface)
	_ = client.WriteSettings()
	_ = client.WriteHeaders(xhttp2.HeadersFrameParam{StreamID: 1, BlockFragment: connectBlock(), EndHeaders: true})
	_ = client.WriteData(1, false, []byte("hello"))
	select {
	case <-heard:
	case <-time.After(time.Minute):
		t.Fatal("nothing came back")
	}
	now := config.Now()
	for end := time.Now().Add(time.Minute); buffers.lent.Load() != 0; time.Sleep(time.Millisecond) {
		now += restAfter
		c.Watch(now) // which wakes it, where it waits since before there was a tunnel
		if time.Now().After(end) {
			t.Fatalf("%d buffers are held", buffers.lent.Load())
		}
	}
	if c.Running() != 1 {
		t.Errorf("%d streams are served, want the tunnel", c.Running())
	}
	_ = here.Close()
	if err := <-ended; message.IsFault(err) {
		t.Errorf("the connection ended with %v", err)
	}
}
