// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr/funcr"
)

// A fault in the proxy ends only the request that met it, with its stack in the log.
func TestPanicEndsOneRequest(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everything(b.address))
	other := p.dial()
	other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	other.reply("GET")

	good := p.engine.Generation.Load()
	breakGeneration(p)
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
	if got := client.reply("POST"); got.Status != 500 || got.reason() != "InternalError" || !got.Close {
		t.Errorf("got %d %q, close %v, want 500 InternalError and a close", got.Status, got.reason(), got.Close)
	}
	client.expectEnd()
	if log := p.log.text(); !strings.Contains(log, "panic while serving a request") || !strings.Contains(log, "exchange.go") {
		t.Errorf("the log has no stack:\n%s", log)
	}

	p.engine.Generation.Store(good)
	other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if got := other.reply("GET"); got.Body != "b" {
		t.Errorf("another connection got %d %q afterwards, want b", got.Status, got.Body)
	}
}

// A fault that is not contained with a request (here one in the log, of all things) ends only its connection.
func TestPanicOutsideOfARequestEndsItsConnection(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	var log logged
	var faulty atomic.Bool
	faulty.Store(true)
	p := serve(t, func(c *Config) {
		c.Logger = funcr.New(func(prefix, args string) {
			if faulty.CompareAndSwap(true, false) {
				panic("a fault in the log")
			}
			log.add(prefix, args)
		}, funcr.Options{})
	})
	p.apply(everything(b.address))
	good := p.engine.Generation.Load()
	breakGeneration(p)
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	client.expectClosed()
	p.engine.Generation.Store(good)
	if got := p.get("a", "/"); got.Body != "b" {
		t.Errorf("the next connection got %d %q, want b", got.Status, got.Body)
	}
	await(t, "the record of the fault", func() bool { return strings.Contains(log.text(), "a fault in the log") })
}
