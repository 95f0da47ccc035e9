// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

const (
	// attacker is where attacks on connections come from. The victim's clients come from 127.0.0.1.
	attacker = "127.0.0.2"

	// mostWait is how long the victim may wait while others take places.
	mostWait = 3 * time.Second

	// places is how many connections a replica may have, and silentConnections how many the attacker opens.
	places            = 300
	silentConnections = 600

	// slowWorkers is how many requests a backend works on at a time, and slowUploads how many the attacker begins.
	slowWorkers, slowUploads = 16, 32
	// slowTime is longer than a client may be slow for.
	slowTime = 36 * time.Second

	// takers is how many connections the attacker has streams on, as many as it may have on each.
	takers = 5
	// mostTaken is how many responses may still wait for the attacker at the end, on each connection.
	mostTaken = 16
	// takeTime is how long the victim is watched meanwhile, and takeLongest how long the attacker's responses may take to
	// be reset: five seconds after the last of them began, which a busy machine begins late.
	takeTime    = 9 * time.Second
	takeLongest = time.Minute
)

// The attacks in this file take places, and not time. So they run side by side, after all others.

// Connections that send nothing, or a byte, must not take the places of others.
func TestConnectionsThatSendNothing(t *testing.T) {
	t.Parallel()
	s := newStageApart(t, launch{arguments: []string{fmt.Sprintf("--max-connections=%d", places)}})
	for name, first := range map[string]string{"connections that send nothing": "", "connections that send a byte": "G"} {
		s.besideSlow(attackTime, name, func(ctx context.Context) {
			var running sync.WaitGroup
			for range silentConnections {
				await(ctx, attackTime/4/silentConnections)
				running.Go(func() {
					for ctx.Err() == nil {
						restSilent(ctx, s.replica().http, first)
						await(ctx, 10*pause)
					}
				})
			}
			running.Wait()
		})
	}
}

// besideSlow is [stage.beside] for attacks that take places, not time: the victim may wait for a moment, but not long.
func (s *stage) besideSlow(duration time.Duration, name string, run func(ctx context.Context)) {
	s.t.Helper()
	if _, during := s.beside(duration, name, run); during.P99 > mostWait {
		s.t.Errorf("%s: the victim's p99 was %s, at most %s are allowed", name, during.P99, mostWait)
	}
}

// restSilent opens a connection, sends a text and waits until the connection ends, or ctx is done.
func restSilent(ctx context.Context, address, text string) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(attacker)}}
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	_, _ = io.WriteString(c, text)
	_, _ = io.Copy(io.Discard, c)
}

// Uploads of a byte now and then must not hold the workers of a backend for ever. They take little but time. So they
// run beside the attacks that come next.
func TestUploadsThatTrickle(t *testing.T) {
	const host = "slow.example.com"
	s := newStageApart(t, launch{})
	workers := make(chan struct{}, slowWorkers)
	s.serve(s.a, "slow", host, "/", startBackend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		workers <- struct{}{}
		defer func() { <-workers }()
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "done")
	})))
	honest := newVictim(s.replica().http, host, "done")
	eventually(t, "the attacked host to be served", honest.request)
	full, least := false, slowWorkers
	var attacking sync.WaitGroup
	attacking.Go(func() {
		s.besideSlow(slowTime, "uploads that trickle", func(ctx context.Context) {
			var running sync.WaitGroup
			for range slowUploads {
				running.Go(func() {
					trickle(ctx, s.replica().http, "POST / HTTP/1.1\r\nHost: "+host+"\r\nContent-Length: 1000000\r\n\r\n")
				})
			}
			for ctx.Err() == nil {
				if n := len(workers); n == slowWorkers {
					full = true
				} else if full {
					least = min(least, n)
				}
				await(ctx, pause)
			}
			running.Wait()
		})
	})
	t.Parallel()
	attacking.Wait()
	if !full || least > 0 {
		t.Errorf("of %d workers, at least %d were held for %s, once all were held: %v", slowWorkers, least, slowTime, full)
	}
}

// Responses that nobody takes must not hold what endpoints have sent of them.
func TestResponsesThatNobodyTakes(t *testing.T) {
	t.Parallel()
	const host = "large.example.com"
	s := newStageApart(t, launch{arguments: []string{"--h2c"}})
	large := strings.Repeat("x", 256<<10)
	s.serve(s.a, "large", host, "/", startBackend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			_, _ = io.WriteString(w, "there")
			return
		}
		_, _ = io.WriteString(w, large)
	})))
	eventually(t, "the attacked host to be served", newVictim(s.replica().http, host, "there").request)
	most, left := 0, 0
	const allowed = takers*mostTaken + victimConnections
	s.besideSlow(takeTime, "responses that nobody takes", func(watched context.Context) {
		ctx, end := context.WithTimeout(s.t.Context(), takeLongest)
		defer end()
		var opening sync.WaitGroup
		for range takers {
			opening.Go(func() {
				h := openHeads(ctx, s.replica().http)
				if h == nil {
					return
				}
				defer h.close()
				_ = h.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
				for i := range uint32(headStreams) {
					block := h.encode(":method", "GET", ":scheme", "http", ":path", "/large", ":authority", host)
					_ = h.framer.WriteHeaders(http2.HeadersFrameParam{
						StreamID: 2*i + 1, BlockFragment: block, EndHeaders: true, EndStream: true})
				}
				_ = h.flush()
				<-ctx.Done()
			})
		}
		for ctx.Err() == nil && (watched.Err() == nil || left > allowed) {
			if n, err := activeRequests(ctx, s.replica()); err == nil {
				most, left = max(most, n), n
			}
			await(ctx, 20*pause)
		}
		end()
		opening.Wait()
	})
	t.Logf("of %d responses, %d still waited at the end", most, left)
	if most < takers*headStreams/2 {
		t.Errorf("the attack had %d responses under way: it was none", most)
	}
	if left > allowed {
		t.Errorf("%d responses still wait after %s, of %d: at most %d may", left, takeLongest, most, takers*mostTaken)
	}
}

// activeRequests asks a replica how many requests have not ended.
func activeRequests(ctx context.Context, r *replica) (n int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.metrics+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	_, value, _ := strings.Cut(string(text), "\nwarren_ingress_active_requests ")
	_, err = fmt.Sscan(value, &n)
	return n, err
}
