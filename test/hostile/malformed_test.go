// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// malformedClients send malformed heads at the same time. Each waits malformedPace after its last one.
const (
	malformedClients = 16
	malformedPace    = 5 * time.Millisecond
)

func TestMalformedHeads(t *testing.T) {
	s := newStage(t)
	s.attack("malformed heads", func(ctx context.Context) {
		var running sync.WaitGroup
		for i := range malformedClients {
			head := malformedHeads[i%len(malformedHeads)]
			running.Go(func() {
				for ; ctx.Err() == nil; time.Sleep(malformedPace) {
					sendOnce(ctx, s.replica().http, head)
				}
			})
		}
		running.Wait()
	})
}

var malformedHeads = []string{
	"GET / HTTP/1.1\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: victim.example.com\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"GET / HTTP/1.1\r\nHost: victim.example.com\r\nX: a\r\n b\r\n\r\n",
	"GET /%zz HTTP/1.1\r\nHost: victim.example.com\r\n\r\n",
}

// sendOnce sends a text over a connection of its own and reads until the other side closes it. If it cannot, that is
// the other side's defence.
func sendOnce(ctx context.Context, address, text string) {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if _, err := io.WriteString(c, text); err == nil {
		_, _ = io.Copy(io.Discard, c)
	}
}
