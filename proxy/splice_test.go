// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
)

// splicedFrom is the length from which on content is moved within the kernel, if that is possible.
const splicedFrom = 256 << 10

// content returns n bytes that repeat nowhere.
func content(n int) string {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return string(b)
}

// firstDifference says where two contents differ first. A diff of megabytes would be too long.
func firstDifference(want, got string) string {
	if want == got {
		return ""
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf("byte %d of %d differs", i, len(want))
		}
	}
	return fmt.Sprintf("%d bytes, want %d", len(got), len(want))
}

// startContents starts a backend that sends as much content as the path says, after it has read as much as X-Content
// says.
func startContents(t *testing.T) *backend {
	t.Helper()
	return startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("reading a request's content: %v", err)
		}
		if n, err := strconv.Atoi(r.Header.Get("X-Content")); err == nil {
			if difference := firstDifference(content(n), string(got)); difference != "" {
				t.Errorf("content at the backend: %s", difference)
			}
		}
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			t.Errorf("the path is %q", r.URL.Path)
		}
		w.Header().Set("Content-Length", strconv.Itoa(n))
		_, _ = io.WriteString(w, content(n))
	})
}

// contentLengths returns lengths around all that decides which way content takes: buffers and the threshold of
// splicing.
func contentLengths() []int {
	return []int{0, 1, 8<<10 - 1, 8 << 10, 64 << 10, splicedFrom - 1, splicedFrom, splicedFrom + 1, splicedFrom + 8<<10, mebi + 1, 5*mebi + 3}
}

// talker is a client's side of a connection, plain or secured.
type talker interface {
	send(string)
	reply(method string) reply
}

// Contents of every length arrive byte for byte and end at their end. So the next message on the same connections is
// read correctly.
func TestContentsOfEveryLengthArriveWhole(t *testing.T) {
	t.Parallel()
	backend := startContents(t)
	certificate := issue(t, "a", ecdsaKey(t), "a")
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			p.apply(with(everything(backend.address), certificate))
			var client talker = p.dial()
			if scheme == "https" {
				secured, err := dialTLS(t, p.listen("127.0.0.1:0", p.ServeTLS), &tls.Config{ServerName: "a"})
				if err != nil {
					t.Fatal(err)
				}
				client = secured
			}
			expect := func(n int) {
				t.Helper()
				got := client.reply("GET")
				if difference := firstDifference(content(n), got.Body); difference != "" || got.Status != 200 {
					t.Errorf("content at the client, %d bytes: got %d, %s", n, got.Status, difference)
				}
			}
			for _, n := range contentLengths() {
				client.send(fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", n))
				expect(n)
				// The next request comes right behind the content.
				client.send(fmt.Sprintf("PUT /7 HTTP/1.1\r\nHost: a\r\nX-Content: %d\r\nContent-Length: %[1]d\r\n\r\n%sGET /9 HTTP/1.1\r\nHost: a\r\n\r\n", n, content(n)))
				expect(7)
				expect(9)
				client.send(fmt.Sprintf("PUT /%d HTTP/1.1\r\nHost: a\r\nX-Content: %[1]d\r\nContent-Length: %[1]d\r\n\r\n%s", n, content(n)))
				expect(n)
			}
		})
	}
}

// outcomes returns a proxy's access log. It tells a test why an exchange ended if no response can.
func outcomes() (written *pages, config func(*Config)) {
	written = &pages{}
	return written, logTo(written, observe.LogJSON)
}

func expectReason(t *testing.T, written *pages, want reason.Reason) {
	t.Helper()
	if got := parsedLine(t, written.lines(t, 1)[0])["reason"]; got != want.String() {
		t.Errorf("the reason is %v, want %s", got, want)
	}
}

// ample is more than all buffers between two programs take.
const ample = 64 * mebi

// A client that takes nothing of a long download for the write stall time is cut, and so is the endpoint.
func TestClientThatStopsReadingIsCut(t *testing.T) {
	t.Parallel()
	const stall = 300 * time.Millisecond
	written, log := outcomes()
	p := serve(t, log, func(c *Config) { c.WriteTimeout = stall })
	endpoint := startScript(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	begun := time.Now()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", ample))
	if _, err := io.WriteString(up, strings.Repeat("x", ample)); !isReset(err) {
		t.Fatalf("the endpoint sent everything (%v), want it cut", err)
	}
	if took := time.Since(begun); took < stall {
		t.Errorf("the connection was cut after %v, want %v at the earliest", took, stall)
	}
	client.expectTorn("GET")
	expectReason(t, written, reason.ClientClosed)
}

// A client that reads slowly is served to the end, even if that takes much longer than the stall time.
func TestClientThatReadsSlowlyIsServed(t *testing.T) {
	t.Parallel()
	const stall, pause, steps, step = 2500 * time.Millisecond, 100 * time.Millisecond, 30, mebi
	endpoint := startScript(t)
	p := serve(t, func(c *Config) { c.WriteTimeout = stall })
	p.apply(everything(endpoint.address))
	client := p.dial()
	if err := client.SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	want := content(ample)
	var sent atomic.Bool
	done := make(chan error, 1)
	go func() {
		_, err := io.WriteString(up, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", ample)+want)
		sent.Store(true)
		done <- err
	}()
	client.head()
	got := make([]byte, ample)
	for i := range steps {
		<-time.After(pause)
		if _, err := io.ReadFull(client.in, got[i*step:(i+1)*step]); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	if sent.Load() {
		t.Error("the endpoint has sent everything: nothing had to wait for the client")
	}
	if _, err := io.ReadFull(client.in, got[steps*step:]); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, "the sending of the whole content", done); err != nil {
		t.Errorf("sending the content: %v", err)
	}
	if difference := firstDifference(want, string(got)); difference != "" {
		t.Error(difference)
	}
}

// The proxy waits for a long content as long as it comes, even if that takes much longer than the stall times.
func TestLongContentsThatComeSlowlyArrive(t *testing.T) {
	t.Parallel()
	const stall, pause, steps, step = 2500 * time.Millisecond, 100 * time.Millisecond, 30, 32 << 10
	if steps*step < splicedFrom {
		t.Fatalf("%d bytes are not spliced", steps*step)
	}
	whole := content(steps * step)
	for name, upload := range map[string]bool{"download": false, "upload": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t, func(c *Config) { c.ReadTimeout, c.WriteTimeout, c.IdleTimeout = stall, stall, stall })
			p.apply(everythingBy(idleAfter(stall), endpoint.address))
			client := p.dial()
			from, to := client, (*wire)(nil)
			if upload {
				client.send(fmt.Sprintf("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", len(whole)))
				to = endpoint.accept()
				to.head()
			} else {
				client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				from, to = endpoint.accept(), client
				from.head()
				from.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(whole)))
				to.head()
			}
			for i := range steps {
				<-time.After(pause)
				piece := whole[i*step : (i+1)*step]
				from.send(piece)
				to.take(piece)
			}
			if upload {
				to.send(okReply)
				if got := client.reply("PUT"); got.Body != "ok" {
					t.Errorf("got %d %q, want ok", got.Status, got.reason())
				}
			}
		})
	}
}

// take reads this content and nothing more.
func (w *wire) take(want string) {
	w.tb.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(w.in, got)
	if difference := firstDifference(want, string(got[:n])); difference != "" {
		w.tb.Fatalf("content: %s (%v)", difference, err)
	}
}

// A download whose endpoint stops midway is torn. The client must not take what it got for the whole.
func TestEndpointThatStopsMidwayTears(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		idle time.Duration
		stop func(up *wire)
		want reason.Reason
	}{
		"by closing":      {patience, func(up *wire) { _ = up.Close() }, reason.UpstreamReset},
		"by resetting":    {patience, func(up *wire) { up.abort() }, reason.UpstreamReset},
		"by half closing": {patience, func(up *wire) { _ = up.CloseWrite() }, reason.UpstreamReset},
		// A machine that is slow enough may take it for stopped before it has stopped.
		"by doing nothing": {3 * time.Second, nil, reason.UpstreamTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			written, log := outcomes()
			p := serve(t, log)
			endpoint := startScript(t)
			p.apply(everythingBy(idleAfter(test.idle), endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			up := endpoint.accept()
			up.head()
			half := content(2 * mebi)
			_, _ = io.WriteString(up, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 2*len(half))+half)
			client.head()
			if test.stop != nil {
				client.take(half)
				half = ""
				test.stop(up)
			}
			if rest, err := client.ending(); !strings.HasPrefix(half, rest) || !isReset(err) {
				t.Errorf("received %d more bytes and %v, want a reset", len(rest), err)
			}
			expectReason(t, written, test.want)
		})
	}
}

// An upload whose client stops midway reaches the endpoint as one that broke off.
func TestClientThatStopsMidwayBreaksTheUploadOff(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		read   time.Duration
		stop   func(*wire)
		want   reason.Reason
		status int
	}{
		"by closing":       {patience, func(c *wire) { _ = c.Close() }, reason.ClientClosed, 0},
		"by resetting":     {patience, func(c *wire) { c.abort() }, reason.ClientClosed, 0},
		"by doing nothing": {3 * time.Second, nil, reason.RequestTimeout, 408},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			written, log := outcomes()
			p := serve(t, log, func(c *Config) { c.ReadTimeout = test.read })
			endpoint := startScript(t)
			p.apply(everything(endpoint.address))
			client := p.dial()
			half := content(2 * mebi)
			_, _ = io.WriteString(client, fmt.Sprintf("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", 2*len(half))+half)
			up := endpoint.accept()
			up.head()
			if test.stop != nil {
				up.take(half)
				half = ""
				test.stop(client)
			}
			if rest, err := up.ending(); !strings.HasPrefix(half, rest) || err != nil && !isReset(err) {
				t.Errorf("the endpoint received %d more bytes and %v, want the end", len(rest), err)
			}
			if test.status != 0 {
				if got := client.reply("PUT"); got.Status != test.status || got.reason() != test.want.String() {
					t.Errorf("got %d %q, want %d %s", got.Status, got.reason(), test.status, test.want)
				}
			}
			expectReason(t, written, test.want)
		})
	}
}

// A client that goes away in the midst of a long download takes the endpoint's connection with it, and nothing else.
func TestClientThatLeavesMidwayEndsTheDownload(t *testing.T) {
	t.Parallel()
	written, log := outcomes()
	p := serve(t, log)
	endpoint := startScript(t)
	p.apply(everything(endpoint.address))
	client, other := p.dial(), p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", ample))
	client.head()
	up.send(content(mebi))
	client.take(content(mebi))
	client.abort()
	if _, err := io.WriteString(up, strings.Repeat("x", ample-mebi)); !isReset(err) {
		t.Errorf("the endpoint sent everything (%v), want it cut", err)
	}
	expectReason(t, written, reason.ClientClosed)
	// Nobody else gets what was on its way to the client that left.
	next := (*wire)(nil)
	for range 3 {
		other.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if next == nil {
			next = endpoint.accept()
		}
		next.head()
		next.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", mebi))
		other.head()
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			_, _ = io.WriteString(next, content(mebi))
		}()
		other.take(content(mebi))
		<-sent
	}
}
