// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	xhttp2 "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

// purse is a share of a number of bytes, and how many of them are held.
type purse struct {
	mu          sync.Mutex
	limit, held int
	left        bool
}

func (p *purse) Take(n int) (ok, end bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held+n > p.limit {
		return false, false
	}
	p.held += n
	return true, false
}

func (p *purse) Charge(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held += n
}

func (p *purse) Return(n int) { p.Charge(-n) }
func (p *purse) Rest()        {}

func (p *purse) Leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = true
}

func (p *purse) holds() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

// longHeads allow heads of 60 KB, and a connection four or so.
func longHeads(p *purse) *Config {
	config := testConfig()
	config.Limits = Limits{HeadBytes: 60 << 10, LineBytes: 60 << 10, Fields: 1024}
	config.Share = func(Holder) Share { return p }
	return config
}

// repeated returns fields of which all but the first take one byte of HPACK each.
func repeated(first ...string) []string {
	for range 14 {
		first = append(first, "x", strings.Repeat("y", 3900))
	}
	return first
}

// Exchanges give back what they held when the connection ends, which is when it leaves. All of that is under its lock.
func TestConnectionLeavesItsShareUnderItsLock(t *testing.T) {
	t.Parallel()
	share := &lockedShare{tb: t}
	config := longHeads(&share.purse)
	config.Share = func(h Holder) Share {
		share.conn = h.(*conn)
		return share
	}
	c, _ := dialPeer(t, config)
	_ = c.Close()
	soon(t, "the connection to leave", func() bool {
		share.mu.Lock()
		defer share.mu.Unlock()
		return share.left
	})
}

// A connection that has to end ends, though the peer takes nothing of what it is sent.
func TestOverdrawnConnectionEndsThoughThePeerTakesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		config := longHeads(&purse{})
		c := NewServerConn(&wire{Conn: server, buffers: config.Buffers}, config, waiting{})
		began, served := time.Now(), make(chan struct{})
		go func() {
			defer close(served)
			_ = c.Serve(nil)
		}()
		synctest.Wait() // until our settings are on their way
		c.Overdraw()
		<-served
		if took := time.Since(began); took > 2*lastWords {
			t.Errorf("it took %v", took)
		}
		_ = client.Close()
	})
}

// lockedShare is a purse of a connection whose lock is to be held.
type lockedShare struct {
	purse
	tb   testing.TB
	conn *conn
}

func (s *lockedShare) Leave() {
	if s.conn.mu.TryLock() {
		s.conn.mu.Unlock()
		s.tb.Error("the connection left its share without its lock")
	}
	s.purse.Leave()
}

// A server too can make heads with a few bytes. Heads that nobody has read yet take no more than a connection may hold.
func TestLongHeadsOfResponsesBeyondWhatAConnectionMayHoldAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		respond func(p *peer, id uint32)
	}{
		{"heads", func(p *peer, id uint32) { p.headers(id, false, repeated(":status", "200")...) }},
		{"informational heads", func(p *peer, id uint32) { p.headers(id, false, repeated(":status", "103")...) }},
		{"trailers", func(p *peer, id uint32) {
			p.headers(id, false, ":status", "200")
			p.headers(id, true, repeated()...)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			share := &purse{limit: 256 << 10}
			c, p := dialPeer(t, longHeads(share))
			const exchanges, most = 10, 4
			var all []*ClientStream
			for range exchanges {
				all = append(all, c.get("/"))
				p.awaitHeaders()
			}
			for i := range exchanges {
				test.respond(p, uint32(2*i+1))
			}
			p.ping()
			refused := 0
			for _, s := range all {
				c.mu.Lock()
				if s.in.malformed != nil || s.err != nil {
					refused++
				}
				c.mu.Unlock()
			}
			if refused < exchanges-most || refused == exchanges {
				t.Errorf("%d of %d responses were refused, want all but %d or fewer", refused, exchanges, most)
			}
			if n := share.holds(); n > 256<<10 || n < 32<<10 {
				t.Errorf("%d bytes are held", n)
			}
			for _, s := range all {
				s.EndExchange()
			}
			if n := share.holds(); n != 0 {
				t.Errorf("%d bytes are held for exchanges that have ended", n)
			}
		})
	}
}

// A head that was passed on is held no longer.
func TestHeadOfAResponseThatWasPassedOnIsReleased(t *testing.T) {
	t.Parallel()
	share := &purse{limit: 256 << 10}
	c, p := dialPeer(t, longHeads(share))
	s := c.get("/")
	p.awaitHeaders()
	p.headers(1, false, repeated(":status", "200")...)
	if err := s.ReadResponse(nil); err != nil || len(s.Response.Fields) != 14 {
		t.Fatalf("%d fields (%v), want 14", len(s.Response.Fields), err)
	}
	if n := share.holds(); n < 32<<10 {
		t.Errorf("%d bytes are held for a long head", n)
	}
	s.ReleaseHead()
	if n := share.holds(); n != 0 || s.Response.Status != 200 {
		t.Errorf("%d bytes are held for a head of status %d that was passed on", n, s.Response.Status)
	}
	p.check(p.WriteData(1, true, []byte("ok")))
	if content, err := readAll(s.Content()); string(content) != "ok" || err != nil {
		t.Errorf("the content is %q (%v)", content, err)
	}
	s.EndExchange()
}

// The header block of a long head counts while it waits for room, and not once it is sent.
func TestHeaderBlockCountsUntilItIsSent(t *testing.T) {
	t.Parallel()
	share := &purse{}
	c, p := dialPeer(t, longHeads(share))
	s := c.open()
	request := requestOf("GET", "/", 0)
	request.Fields = []message.Field{{Name: []byte("x"), Value: []byte(strings.Repeat("y", 50_000))}}
	s.WriteHead(request)
	if n := share.holds(); n < 40_000 {
		t.Errorf("%d bytes are held for a head that waits", n)
	}
	if err := s.Request().End(nil); err != nil {
		t.Fatal(err)
	}
	if n := share.holds(); n != 0 || s.out.block != nil {
		t.Errorf("%d bytes are held for a head that was sent, and %d are there", n, cap(s.out.block))
	}
	p.awaitHeaders()
	s.EndExchange()
}

// waiting has exchanges that end when they are told to.
type waiting struct {
	*Stream
	done chan struct{}
}

func (w waiting) Begin(s *Stream) Exchange { return waiting{s, w.done} }
func (w waiting) Abort()                   {}
func (w waiting) Release()                 {}

func (w waiting) Serve() {
	if string(w.Request.Path) == "/wait" {
		<-w.done
	}
	w.WriteHead(&message.Response{Status: 200, NoContent: true})
	_ = w.Response().End(nil)
}

// After a burst of streams, a connection keeps little memory and few goroutines while others go on.
func TestBurstOfStreamsLeavesLittleBehind(t *testing.T) {
	t.Parallel()
	config, now := standing()
	config.Limits = Limits{HeadBytes: 64 << 10, LineBytes: 16 << 10, Fields: 128}
	done := make(chan struct{})
	client, server := connected(t)
	c := NewServerConn(&wire{Conn: server, buffers: config.Buffers}, config, waiting{done: done})
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = c.Serve(nil)
	}()
	p := &peer{Framer: xhttp2.NewFramer(client, client), tb: t, conn: client}
	p.encoder = hpack.NewEncoder(&p.block)
	if _, err := client.Write([]byte(preface)); err != nil {
		t.Fatal(err)
	}
	p.check(p.WriteSettings())
	request := func(id uint32, path string) {
		p.headers(id, true, ":method", "GET", ":scheme", "http", ":path", path,
			":authority", "a", "x", strings.Repeat("y", 3000))
	}
	request(1, "/wait")
	for id := uint32(3); id < 2*maxStreams; id += 2 {
		request(id, "/")
	}
	soon(t, "the burst to end", func() bool { return c.Running() == 1 })
	c.mu.Lock()
	kept := c.kept
	c.mu.Unlock()
	if kept > keptStreams {
		t.Errorf("%d bytes are kept, want %d at most", kept, keptStreams)
	}
	now.Add(int64(time.Second))
	soon(t, "the rest to be given up", func() bool {
		c.Watch(time.Duration(now.Load()))
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.free) <= 1+sparesLeast && len(c.workers.idle) <= 1+sparesLeast
	})
	close(done)
	_ = client.Close()
	<-served
}
