// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"
)

// shutdown starts the drain. The channel gets its outcome.
func (s *served) shutdown(ctx context.Context) <-chan error {
	s.ended = true
	done := make(chan error, 1)
	go func() { done <- s.Shutdown(ctx) }()
	return done
}

func TestShutdownOfAnIdleProxyIsImmediate(t *testing.T) {
	t.Parallel()
	p := serve(t)
	fresh, used := p.dial(), p.dial()
	used.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	used.reply("GET")
	await(t, "both connections", func() bool { return p.server.Open() == 2 })
	if err := receive(t, "the end of the drain", p.shutdown(t.Context())); err != nil {
		t.Errorf("draining: %v", err)
	}
	fresh.expectEnd()
	used.expectEnd()
	if !p.Draining() {
		t.Error("Draining is false after a shutdown")
	}
	if c, err := net.Dial("tcp", p.address); err == nil {
		_ = c.Close()
		t.Error("a connection was taken after the shutdown")
	}
}

func TestRunningRequestsFinishDuringTheDrain(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	waiting, uploading, downloading := p.dial(), p.dial(), p.dial()
	waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up1 := endpoint.accept()
	up1.head()
	uploading.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello")
	up2 := endpoint.accept()
	up2.head()
	downloading.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up3 := endpoint.accept()
	up3.head()
	up3.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
	downloading.expect("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")

	done := p.shutdown(t.Context())
	await(t, "the drain", p.Draining)
	await(t, "the end of listening", func() bool {
		c, err := net.Dial("tcp", p.address)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	up3.send("world")
	downloading.expect("world")
	downloading.expectEnd()
	uploading.send("world")
	up2.expect("helloworld")
	up2.send(okReply)
	if got := uploading.reply("POST"); got.Body != "ok" || !got.Close {
		t.Errorf("the upload got %d %q, close %v, want ok and a close", got.Status, got.Body, got.Close)
	}
	select {
	case err := <-done:
		t.Fatalf("the drain ended (%v) while a request was running", err)
	default:
	}
	up1.send(okReply)
	if got := waiting.reply("GET"); got.Body != "ok" || !got.Close {
		t.Errorf("the waiting request got %d %q, close %v, want ok and a close", got.Status, got.Body, got.Close)
	}
	if err := receive(t, "the end of the drain", done); err != nil {
		t.Errorf("draining: %v", err)
	}
	for _, up := range []*wire{up1, up2, up3} {
		up.expectEnd() // idle connections to endpoints are closed at the end
	}
}

// Until the delay is over, clients that have not heard of the drain are served. Each response tells them.
func TestDrainDelayServesAndAnnouncesTheClose(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, func(c *Config) { c.DrainDelay = patience })
	p.apply(everything(endpoint.address))
	idle, running := p.dial(), p.dial()
	idle.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send(okReply)
	idle.reply("GET")
	await(t, "the connection's rest", func() bool { return p.endpoint(endpoint.address).Stats().Idle == 1 })
	running.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up.head()

	ctx, cancel := context.WithCancel(t.Context())
	done := p.shutdown(ctx)
	await(t, "the drain", p.Draining)
	up.send(okReply)
	if got := running.reply("GET"); got.Body != "ok" || !got.Close {
		t.Errorf("a request from before the drain got %d, close %v, want 200 and a close", got.Status, got.Close)
	}
	running.expectEnd()
	for name, client := range map[string]*wire{"idle": idle, "new": p.dial()} {
		client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		up.head()
		up.send(okReply)
		if got := client.reply("GET"); got.Body != "ok" || !got.Close {
			t.Errorf("a request on a connection that was %s got %d, close %v, want 200 and a close", name, got.Status, got.Close)
		}
		client.expectEnd()
	}
	cancel() // this ends the delay, and the wait for those that linger
	_ = receive(t, "the end of the drain", done)
}

// A promise is kept: a client that was told that its connection stays may send on it during the delay.
func TestDrainDelayKeepsConnectionsThatWereNotToldOfIt(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, func(c *Config) { c.DrainDelay = patience })
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
	client.expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no") // this head announces nothing
	ctx, cancel := context.WithCancel(t.Context())
	done := p.shutdown(ctx)
	await(t, "the drain", p.Draining)
	up.send("k")
	client.expect("k")
	client.send("POST /next HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi")
	up.request()
	up.send(okReply)
	if got := client.reply("POST"); got.Body != "ok" || !got.Close {
		t.Errorf("got %d %q, close %v, want ok and a close", got.Status, got.Body, got.Close)
	}
	cancel() // this ends the delay, and the wait for those that linger
	_ = receive(t, "the end of the drain", done)
}

// Requests that do not end in time are cut, visibly, and counted.
func TestOverlongRequestsAreCutAndCounted(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, unlimited, func(c *Config) { c.DrainTimeout = 100 * time.Millisecond })
	p.apply(everythingBy(noTimeouts, endpoint.address))

	waiting := p.dial()
	waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up1 := endpoint.accept()
	up1.head()
	// For HTTP/1.0 and without a length, the end of the connection is the end of the content, unless it is torn.
	downloading := p.dial()
	downloading.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
	up2 := endpoint.accept()
	up2.head()
	up2.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	downloading.expect("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
	uploading := p.dial()
	uploading.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	up3 := endpoint.accept()
	up3.head()
	tunnelling, up4 := upgradedBy(t, p, endpoint)
	begun := p.dial()
	begun.send("GET / HT")
	await(t, "all connections being busy", func() bool { return p.activeRequests() == 5 })

	err := receive(t, "the end of the drain", p.shutdown(context.Background()))
	if err == nil || !strings.Contains(err.Error(), "5 connections") {
		t.Errorf("draining: %v, want an error that counts 5 connections", err)
	}
	if rest, err := downloading.ending(); err == nil {
		t.Errorf("the download ended with %q in good order, want a torn connection", rest)
	}
	for name, w := range map[string]*wire{"waiting": waiting, "uploading": uploading, "tunnelling": tunnelling, "begun": begun, "up1": up1, "up2": up2, "up3": up3, "up4": up4} {
		if rest, _ := w.ending(); strings.Contains(rest, "HTTP/1.1 2") {
			t.Errorf("%s received %q", name, rest)
		}
	}
}

// Whoever waits for the drain can stop waiting.
func TestEndOfPatienceCutsTheDrainShort(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t, unlimited, func(c *Config) { c.DrainDelay, c.DrainTimeout = time.Hour, time.Hour })
	p.apply(everythingBy(noTimeouts, endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	ctx, cancel := context.WithCancel(t.Context())
	done := p.shutdown(ctx)
	await(t, "the drain", p.Draining)
	cancel()
	if err := receive(t, "the end of the drain", done); err == nil || !strings.Contains(err.Error(), "1 connection") {
		t.Errorf("draining: %v, want an error that counts 1 connection", err)
	}
	up.expectClosed()
	client.expectClosed()
}

// Connections that nobody has spoken on yet, or that are refused, do not hold the drain up.
func TestConnectionsInTheMakingDoNotHoldTheDrainUp(t *testing.T) {
	t.Parallel()
	p := serve(t, unlimited)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- p.ServeTLS(l) }()
	silent := dial(t, l.Addr().String())
	await(t, "the connection", func() bool { return p.server.Open() == 1 })
	began := time.Now()
	if err := receive(t, "the end of the drain", p.shutdown(t.Context())); err != nil {
		t.Errorf("draining: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the drain took %v and waited for a handshake", took)
	}
	silent.expectClosed()
	if err := receive(t, "the end of serving", served); err != nil {
		t.Errorf("serving: %v", err)
	}
}

func TestServingAfterShutdownEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.end()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ServePlain(l); err != nil {
		t.Errorf("serving: %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the listener is open")
	}
}
