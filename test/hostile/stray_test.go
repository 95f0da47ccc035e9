// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// strayAfter is how long the server waits for a request before it sends an answer that nobody asked for.
	strayAfter = time.Millisecond
	// strayClients ask one after another. Each has a connection of its own.
	strayClients = 4
	// mostStray is how many of a thousand requests may get a stray answer that was sent before they came. The proxy looks
	// for one before it sends a request, not while it does.
	mostStray = 20
)

// TestStrayAnswers makes a server send a second answer to nobody a moment after each of its answers. If the next
// request is there by then, the proxy cannot tell it from that request's answer. Such an answer says so, and is counted
// apart.
func TestStrayAnswers(t *testing.T) {
	s := newStage(t)
	s.serve(s.a, "stray", "stray.example.com", "/", startStray(t))
	var asked, evil, late atomic.Int64
	s.attack("answers to nobody", func(ctx context.Context) {
		var running sync.WaitGroup
		for range strayClients {
			running.Go(func() {
				for ctx.Err() == nil {
					switch answer := askOnce(ctx, s.replica().http, "stray.example.com"); {
					case ctx.Err() != nil || answer == "":
					case answer == "mine":
						asked.Add(1)
					case answer == "late":
						asked.Add(1)
						late.Add(1)
					default:
						asked.Add(1)
						evil.Add(1)
					}
					time.Sleep(2 * strayAfter)
				}
			})
		}
		running.Wait()
	})
	t.Logf("%d of %d requests got an answer that was sent before they came, and %d one that was sent behind them",
		evil.Load(), asked.Load(), late.Load())
	if asked.Load() == 0 || evil.Load()*1000 > asked.Load()*mostStray {
		t.Errorf("%d of %d requests got an answer that was sent before they came, at most %d in 1000 can",
			evil.Load(), asked.Load(), mostStray)
	}
}

func startStray(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer context.AfterFunc(t.Context(), func() { _ = c.Close() })()
				serveStray(c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		serving.Wait()
	})
	return listener.Addr().String()
}

func serveStray(c *net.TCPConn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmine"); err != nil {
			return
		}
		_ = c.SetReadDeadline(time.Now().Add(strayAfter))
		if _, err := in.Peek(1); err == nil {
			continue
		} else if !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		stray := "evil"
		if hasCome(c) {
			stray = "late"
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"+stray); err != nil {
			return
		}
	}
}

// hasCome says whether there is something to read. On loopback, bytes are there when the sender's call returns.
func hasCome(c *net.TCPConn) bool {
	socket, err := c.SyscallConn()
	if err != nil {
		return false
	}
	n := 0
	_ = socket.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	return err == nil && n > 0
}

// askOnce sends a GET of a host over a connection of its own. It returns the answer.
func askOnce(ctx context.Context, address, host string) string {
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return ""
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"); err != nil {
		return ""
	}
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	content, _ := io.ReadAll(response.Body)
	return string(content)
}
