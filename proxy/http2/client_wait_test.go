// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	xhttp2 "golang.org/x/net/http2"
)

// standing returns a configuration whose time stands still until a test moves it on.
func standing() (config *Config, now *atomic.Int64) {
	config, now = testConfig(), new(atomic.Int64)
	config.Now = func() time.Duration { return time.Duration(now.Load()) }
	return config, now
}

// soon waits for something that another goroutine is about to do.
func soon(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("waited in vain for %s", what)
		}
	}
}

// waits says whether somebody waits for something to come in.
func (s *ClientStream) waits() bool {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.in.waiting
}

// queues says whether somebody waits to send.
func (s *ClientStream) queues() bool {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.out.waiting
}

// watchAt moves the time on.
func watchAt(c *client, now *atomic.Int64, at time.Duration) {
	now.Store(int64(at))
	c.Watch(at)
}

// Each wait begins anew, for the head and for content. A bound counts from when it was set.
func TestWaitForTheResponseIsBounded(t *testing.T) {
	t.Parallel()
	config, now := standing()
	c, p := dialPeer(t, config)
	s := c.get("/")
	p.awaitHeaders()
	failed := make(chan error)
	go func() { failed <- s.ReadResponse(nil) }()
	soon(t, "the wait for a head", s.waits)
	watchAt(c, now, time.Hour) // nothing bounds it yet
	s.StallAfter(time.Second)
	watchAt(c, now, time.Hour+900*time.Millisecond)
	p.headers(1, false, ":status", "200")
	if err := <-failed; err != nil {
		t.Fatalf("the head: %v", err)
	}
	go func() {
		_, err := readAll(s.Content())
		failed <- err
	}()
	soon(t, "the wait for content", s.waits)
	watchAt(c, now, time.Hour+1800*time.Millisecond)
	select {
	case err := <-failed:
		t.Fatalf("the wait ended too soon: %v", err)
	default:
	}
	watchAt(c, now, time.Hour+1900*time.Millisecond)
	if err := <-failed; !isLate(err) {
		t.Errorf("the content: %v, want that it is late", err)
	}
}

func TestWaitForTheServerToTakeContentIsBounded(t *testing.T) {
	t.Parallel()
	config, now := standing()
	c, p := dialPeer(t, config, xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 10})
	s := c.post("/")
	s.StallWritesAfter(time.Second)
	failed := make(chan error)
	go func() { failed <- send(s, 100) }()
	soon(t, "the wait for the window", s.queues)
	watchAt(c, now, 900*time.Millisecond)
	p.check(p.WriteWindowUpdate(1, 10))
	soon(t, "the next wait", func() bool { return s.queues() && s.sentOf() == 20 })
	watchAt(c, now, 1800*time.Millisecond)
	select {
	case err := <-failed:
		t.Fatalf("the wait ended too soon: %v", err)
	default:
	}
	watchAt(c, now, 1900*time.Millisecond)
	if err := <-failed; !isLate(err) {
		t.Errorf("sending: %v, want that it is late", err)
	}
}

// sentOf is how much of the window was used.
func (s *ClientStream) sentOf() int64 {
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	return s.conn.out.content
}

func send(s *ClientStream, n int) error {
	if err := write(s.Request(), make([]byte, n)); err != nil {
		return err
	}
	return s.Request().Flush()
}

// If somebody waits too long for a server that sends nothing at all, the server gets no more requests until it has
// shown that it is there.
func TestSilentServerIsAskedWhetherItIsThere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		lives bool
	}{{"it is", true}, {"it is not", false}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config, now := standing()
			c, p := dialPeer(t, config)
			c.Watch(0)
			s, other := c.get("/"), c.get("/other")
			s.StallAfter(time.Second)
			failed, others := make(chan error), make(chan error)
			go func() { failed <- s.ReadResponse(nil) }()
			soon(t, "the wait for the head", s.waits)
			go func() { others <- other.ReadResponse(nil) }()
			watchAt(c, now, time.Second)
			if err := <-failed; !isLate(err) {
				t.Fatalf("the head: %v, want that it is late", err)
			}
			ping := p.await("a PING", func(f xhttp2.Frame) bool { _, ok := f.(*xhttp2.PingFrame); return ok }).(*xhttp2.PingFrame)
			if c.Open() != nil || !c.Usable() {
				t.Error("a server that may be dead gets another request, or is given up")
			}
			if test.lives {
				p.check(p.WritePing(true, ping.Data))
				p.headers(3, true, ":status", "200")
				if err := <-others; err != nil {
					t.Errorf("the other exchange: %v", err)
				}
				watchAt(c, now, time.Second+pingPatience)
				c.open()
				return
			}
			watchAt(c, now, time.Second+pingPatience-1)
			c.mu.Lock()
			if c.err != nil {
				t.Error("it was given up too soon")
			}
			c.mu.Unlock()
			watchAt(c, now, time.Second+pingPatience)
			if err := c.end(); err != errSilent {
				t.Errorf("the connection ended: %v", err)
			}
			if err := <-others; err != errSilent {
				t.Errorf("the other exchange: %v", err)
			}
		})
	}
}

func TestConnectionThatIsIdleForTooLongEnds(t *testing.T) {
	t.Parallel()
	config, now := standing()
	config.Idle = time.Minute
	c, p := dialPeer(t, config)
	s := c.get("/")
	watchAt(c, now, time.Hour) // it is not idle
	p.awaitHeaders()
	p.headers(1, true, ":status", "200")
	if status, _, err := read(s); status != 200 || err != nil {
		t.Fatalf("got %d (%v), want 200", status, err)
	}
	s.EndExchange()
	watchAt(c, now, time.Hour+time.Minute-1)
	c.open().EndExchange()
	now.Store(int64(time.Hour + 2*time.Minute - 2))
	c.Watch(time.Hour + 2*time.Minute)
	if c.Open() != nil {
		t.Error("a connection that is about to end has another stream")
	}
	if err := c.end(); err != errIdle {
		t.Errorf("the connection ended: %v", err)
	}
}

// What nobody reads waits in its stream's window. The other streams go on for as long as they like.
func TestStreamThatNobodyReadsIsInNobodysWay(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig())
	frame := make([]byte, maxFrame)
	const stalled = 2 * connectionWindow / clientWindow
	streams := make([]*ClientStream, stalled)
	for i := range streams {
		streams[i] = c.get("/")
		p.awaitHeaders()
		p.headers(uint32(2*i+1), false, ":status", "200")
		for range clientWindow / maxFrame {
			p.check(p.WriteData(uint32(2*i+1), false, frame))
		}
	}
	s := c.get("/")
	p.awaitHeaders()
	id := uint32(2*stalled + 1)
	p.headers(id, true, ":status", "200")
	if status, _, err := read(s); status != 200 || err != nil {
		t.Fatalf("got %d (%v), want 200", status, err)
	}
	// One that sends more than its window allows is reset.
	p.check(p.WriteData(1, false, frame))
	if got := p.awaitReset(1); got != xhttp2.ErrCodeFlowControl {
		t.Errorf("the stream was reset with %v", got)
	}
	// What is read is given back.
	if err := streams[1].ReadResponse(nil); err != nil {
		t.Fatal(err)
	}
	if n, err := streams[1].Content().Read(make([]byte, clientWindow)); n != clientWindow || err != nil {
		t.Fatalf("read %d (%v), want %d", n, err, clientWindow)
	}
	update := p.await("more window", func(f xhttp2.Frame) bool {
		u, ok := f.(*xhttp2.WindowUpdateFrame)
		return ok && u.StreamID == 3
	}).(*xhttp2.WindowUpdateFrame)
	if update.Increment != clientWindow {
		t.Errorf("the window grew by %d, want %d", update.Increment, clientWindow)
	}
}

// A server may take back what it allowed (RFC 9113, section 6.9.2).
func TestContentWaitsForAWindowThatBecameNegative(t *testing.T) {
	t.Parallel()
	c, p := dialPeer(t, testConfig(), xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 1000})
	s := c.post("/")
	sent := make(chan error)
	go func() { sent <- send(s, 2000) }()
	var got bytes.Buffer
	take := func(n int) {
		t.Helper()
		for got.Len() < n {
			data := p.await("content", func(f xhttp2.Frame) bool { _, ok := f.(*xhttp2.DataFrame); return ok }).(*xhttp2.DataFrame)
			got.Write(data.Data())
		}
		if got.Len() != n {
			t.Fatalf("%d bytes came, want %d", got.Len(), n)
		}
	}
	take(1000)
	p.check(p.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 400}))
	p.check(p.WriteWindowUpdate(1, 500)) // 100 are still missing
	p.ping()
	p.check(p.WriteWindowUpdate(1, 350))
	take(1250)
	p.check(p.WriteSettings(xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 10_000}))
	take(2000)
	if err := <-sent; err != nil {
		t.Errorf("sending: %v", err)
	}
}

// A server is also asked if exchanges wait for it in vain until they are given up: their streams may have more
// patience, or no bound.
func TestServerThatIsGivenUpOnIsAskedWhetherItIsThere(t *testing.T) {
	t.Parallel()
	config, now := standing()
	c, p := dialPeer(t, config)
	c.Watch(0)
	for _, test := range []struct {
		patience time.Duration
		asked    bool
	}{{pingPatience - 1, false}, {pingPatience, true}} {
		s := c.get("/")
		failed := make(chan error)
		go func() { failed <- s.ReadResponse(nil) }()
		soon(t, "the wait for the head", s.waits)
		watchAt(c, now, time.Duration(now.Load())+test.patience)
		_ = s.Close()
		if err := <-failed; err == nil {
			t.Fatal("there is a response")
		}
		s.EndExchange()
		c.Watch(time.Duration(now.Load()))
		other := c.Open()
		if asked := other == nil; asked != test.asked {
			t.Errorf("after %v it is asked: %v, want %v", test.patience, asked, test.asked)
		}
		if other != nil {
			other.EndExchange()
		}
	}
	p.await("a PING", func(f xhttp2.Frame) bool { _, ok := f.(*xhttp2.PingFrame); return ok })
	watchAt(c, now, time.Duration(now.Load())+pingPatience)
	if err := c.end(); err != errSilent {
		t.Errorf("the connection ended: %v", err)
	}
}

// Content that a server does not read may use up the connection's window. New exchanges then go to another connection,
// until the server reads it.
func TestConnectionWhoseWindowIsUsedUpForLongHasNoStream(t *testing.T) {
	t.Parallel()
	config, now := standing()
	c, p := dialPeer(t, config, xhttp2.Setting{ID: xhttp2.SettingInitialWindowSize, Val: 1 << 20})
	s := c.post("/")
	failed := make(chan error)
	go func() { failed <- send(s, defaultWindow+1) }()
	soon(t, "the end of the window", func() bool { return s.queues() && s.sentOf() == defaultWindow })
	watchAt(c, now, time.Minute) // it is seen that content was taken
	c.open().EndExchange()
	watchAt(c, now, time.Minute+stuckAfter)
	if c.Open() != nil || !c.Usable() {
		t.Error("there is a stream whose content nobody takes, or the connection is given up")
	}
	p.check(p.WriteWindowUpdate(0, 100))
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	c.open()
}
