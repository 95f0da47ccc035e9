// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/headmemory"
	"github.com/warren-dev/ingress/proxy/observe"
)

// amplified returns fields that cost a byte each, except the first: a field of the dynamic table, again and again, up
// to 60 KB.
func amplified() (fields []string) {
	for range 15 {
		fields = append(fields, "x", strings.Repeat("y", 3900))
	}
	return fields
}

// refusals sends a PING. It returns how streams were reset before the answer.
func (f *frames) refusals() map[http2.ErrCode]int {
	f.tb.Helper()
	codes := make(map[http2.ErrCode]int)
	f.check(f.WritePing(false, [8]byte{1}))
	for {
		switch frame := f.next().(type) {
		case *http2.RSTStreamFrame:
			codes[frame.ErrCode]++
		case *http2.PingFrame:
			if frame.IsAck() {
				return codes
			}
		}
	}
}

// A head may be long, and a connection may hold four. Those beyond are refused in a way that makes clients send them
// again.
func TestLongHeadsBeyondWhatAConnectionMayHoldAreRefused(t *testing.T) {
	t.Parallel()
	const streams, most = 20, 4
	endpoint := startScript(t) // it answers nothing
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	for i := range uint32(streams) {
		c.get(2*i+1, "/", amplified()...)
	}
	codes := c.refusals()
	if n := codes[http2.ErrCodeRefusedStream]; n < streams-most || n == streams {
		t.Errorf("%d of %d streams were refused, want all but %d or fewer", n, streams, most)
	}
	c.get(2*streams+1, "/") // of usual length
	if n := len(c.refusals()); n != 0 {
		t.Errorf("a head of usual length was refused too")
	}
}

// A browser asks at once for all that a page needs, each time with the cookies of a login.
func TestRequestsOfAPageWithLongCookiesAreAllServed(t *testing.T) {
	t.Parallel()
	const requests = 100
	for _, test := range []struct {
		name   string
		memory int
		all    bool
	}{
		{"while there is memory", headmemory.Default, true},
		{"but not where it is short", headmemory.Least, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t) // it takes its time
			p := serve(t, h2c, headMemoryOf(test.memory))
			p.apply(everything(endpoint.address))
			c := p.dialFrames()
			var cookies []string
			for range 8 {
				cookies = append(cookies, "cookie", "session="+strings.Repeat("c", 1000))
			}
			for i := range uint32(requests) {
				c.get(2*i+1, "/", cookies...)
			}
			if n := c.refusals()[http2.ErrCodeRefusedStream]; n > 0 == test.all {
				t.Errorf("%d of %d requests were refused", n, requests)
			}
			if n := p.heads.Held(); n > headmemory.PerCrowd || !test.all && n > test.memory/2+headmemory.Chunk {
				t.Errorf("%d bytes are held", n)
			}
		})
	}
}

// A client that goes on all the same is told to calm down.
func TestFloodOfLongHeadsEndsTheConnection(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range uint32(5000) {
			if c.open(2*i+1, true, head("GET", "/", amplified()...)...) != nil {
				return
			}
		}
	}()
	c.expectGoAway(http2.ErrCodeEnhanceYourCalm)
	_ = c.conn.Close()
	<-sent
}

// Trailers wait with their request, and count like its head.
func TestLongTrailersBeyondWhatAConnectionMayHoldEndTheirStreams(t *testing.T) {
	t.Parallel()
	const streams, most = 20, 4
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	for i := range uint32(streams) {
		c.request(2*i+1, false, head("POST", "/")...)
		c.check(c.WriteData(2*i+1, false, []byte("x")))
	}
	for i := range uint32(streams) {
		c.request(2*i+1, true, amplified()...)
	}
	codes := c.refusals()
	if n := codes[http2.ErrCodeEnhanceYourCalm]; n < streams-most || n == streams {
		t.Errorf("%d of %d streams were reset (%v), want all but %d or fewer", n, streams, codes, most)
	}
}

// A header block without an end takes memory like a head.
func TestHeaderBlockThatWaitsCountsWithTheHeadsOfItsConnection(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, h2c)
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	for i := range uint32(3) {
		c.get(2*i+1, "/", amplified()...)
	}
	c.check(c.WriteHeaders(http2.HeadersFrameParam{StreamID: 7, BlockFragment: c.encode(head("GET", "/")...)}))
	for range 7 {
		if c.WriteContinuation(7, false, make([]byte, 16<<10)) != nil {
			break // it has ended
		}
	}
	c.expectGoAway(http2.ErrCodeEnhanceYourCalm)
}

// Browsers send a cookie in pieces, in some 180 at most.
func TestPiecesOfACookieCountAgainstTheLimitOfFields(t *testing.T) {
	t.Parallel()
	for pieces, want := range map[int]string{1: "404", 20: "404", 21: "431", 1000: "431"} {
		t.Run(fmt.Sprint(pieces), func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c, func(c *Config) { c.MaxHeaders = 10 })
			c := p.dialFrames()
			fields := head("GET", "/")
			for range pieces {
				fields = append(fields, "cookie", "a")
			}
			c.longRequest(1, fields...)
			if got := c.answer(1); got.status != want {
				t.Errorf("got %v, want %s", got, want)
			}
		})
	}
}

// A head that was passed on takes no memory any more, however long the content takes.
func TestUploadsWithLongHeadsGoOnTogether(t *testing.T) {
	t.Parallel()
	const uploads = 20
	endpoint := startScript(t)
	var log safeBuffer
	p := serve(t, h2c, func(c *Config) { c.AccessLog, c.AccessLogWriter = observe.LogCombined, &log })
	p.apply(everything(endpoint.address))
	c := p.dialFrames()
	var ends []*wire
	for i := range uint32(uploads) {
		fields := head("POST", fmt.Sprintf("/%d?q=%d", i, i), "user-agent", fmt.Sprint("agent-", i), "referer", "https://r/")
		c.request(2*i+1, false, append(fields, amplified()...)...)
		c.check(c.WriteData(2*i+1, false, []byte("x")))
		up := endpoint.accept()
		if got := up.head(); strings.Count(got, strings.Repeat("y", 3900)) != 15 {
			t.Fatalf("the endpoint got a head of %d bytes", len(got))
		}
		up.expect("1\r\nx\r\n") // the head was passed on, and the proxy waits for the content
		ends = append(ends, up)
	}
	for i, up := range ends {
		stream := uint32(2*i + 1)
		c.check(c.WriteData(stream, true, []byte("z")))
		up.expect("1\r\nz\r\n0\r\n\r\n")
		up.send(okReply)
		if got := c.answer(stream); got.status != "200" {
			t.Errorf("upload %d got %v, want 200", i, got)
		}
		await(t, "the record", func() bool {
			return strings.Contains(log.text(), fmt.Sprintf("\"POST /%d?q=%d HTTP/2\" 200", i, i)) &&
				strings.Contains(log.text(), fmt.Sprintf("\"https://r/\" \"agent-%d\"", i))
		})
	}
}
