// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// clients is how many connections carry traffic at once.
	clients = 8
	// These are the least times between two requests of a client. They leave time for what is tested.
	densePace  = 4 * time.Millisecond
	sparsePace = 20 * time.Millisecond
	// postEvery says that one of so many requests is a POST, which cannot be sent again if it is lost.
	postEvery = 4
	// shownFailures is how many failures are described one by one.
	shownFailures = 10
)

// record is a request of the traffic and what became of it.
type record struct {
	host         string
	began, ended time.Time
	answer       answer
	err          error
}

// traffic sends requests from several clients until it is stopped.
type traffic struct {
	t       *testing.T
	address string
	hosts   []string
	pace    time.Duration
	// verdict says what is wrong with a record that has a whole response.
	verdict func(record) error
	stop    chan struct{}
	running sync.WaitGroup

	mu       sync.Mutex // guards the rest
	sent     int
	outcomes map[string]int
	failed   int
	failures []string
}

// startTraffic begins to send requests for the hosts in turn. They end with finish, or with the test.
func startTraffic(t *testing.T, address string, hosts []string, pace time.Duration, verdict func(record) error) *traffic {
	t.Helper()
	tr := &traffic{t: t, address: address, hosts: hosts, pace: pace, verdict: verdict, stop: make(chan struct{}), outcomes: map[string]int{}}
	for i := range clients {
		tr.running.Go(func() { tr.client(i) })
	}
	t.Cleanup(tr.end)
	return tr
}

func (tr *traffic) end() {
	select {
	case <-tr.stop:
	default:
		close(tr.stop)
	}
	tr.running.Wait()
}

// client sends requests over one connection, and over a new one only after a failure.
func (tr *traffic) client(number int) {
	var c *connection
	ticker := time.NewTicker(tr.pace)
	defer ticker.Stop()
	for n := number; ; n++ {
		select {
		case <-tr.stop:
			if c != nil {
				_ = c.Close()
			}
			return
		case <-ticker.C:
		}
		r := record{host: tr.hosts[n%len(tr.hosts)], began: time.Now()}
		if c == nil {
			c, r.err = connect(tr.address, net.Dialer{})
		}
		if r.err == nil {
			nonce := fmt.Sprintf("%d-%d", number, n)
			r.answer, r.err = c.exchange(r.host, "/", nonce, content(n))
			r.err = errors.Join(r.err, matches(r, nonce, content(n)))
		}
		r.ended = time.Now()
		if r.err != nil && c != nil {
			_ = c.Close()
			c = nil
		}
		tr.note(r)
	}
}

// content returns a request's content, or nothing for a GET.
func content(n int) string {
	if n%postEvery != 0 {
		return ""
	}
	return strings.Repeat("content ", 1+n%512)
}

// matches returns an error if a backend answered another request.
func matches(r record, nonce, content string) error {
	got := r.answer.arrival
	if got.Backend == "" || got.Nonce == nonce && got.Host == r.host && got.Content == content {
		return nil
	}
	return fmt.Errorf("request %s for %s with %d bytes arrived at %s as %s for %s with %d",
		nonce, r.host, len(content), got.Backend, got.Nonce, got.Host, len(got.Content))
}

func (tr *traffic) note(r record) {
	if r.err == nil {
		r.err = tr.verdict(r)
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.sent++
	if r.answer.status != 0 {
		tr.outcomes[fmt.Sprintf("%d %s", r.answer.status, r.answer.reason)]++
	}
	if r.err == nil {
		return
	}
	tr.failed++
	if len(tr.failures) < shownFailures {
		tr.failures = append(tr.failures, fmt.Sprintf("%s, which took %s until %s: %v",
			r.host, r.ended.Sub(r.began), r.ended.Format("15:04:05.000"), r.err))
	}
}

// total returns how many requests there were so far.
func (tr *traffic) total() int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.sent
}

// sends waits until there were so many requests.
func (tr *traffic) sends(total int) {
	tr.t.Helper()
	eventually(tr.t, patience, "requests to be sent", func() error {
		if sent := tr.total(); sent < total {
			return fmt.Errorf("there were %d, want %d", sent, total)
		}
		return nil
	})
}

// finish ends the traffic and prints what became of it. It fails the test if a request failed or none was sent.
func (tr *traffic) finish() {
	tr.t.Helper()
	tr.end()
	var outcomes []string
	for _, outcome := range slices.Sorted(maps.Keys(tr.outcomes)) {
		outcomes = append(outcomes, fmt.Sprintf("%d × %s", tr.outcomes[outcome], strings.TrimSpace(outcome)))
	}
	tr.t.Logf("%d requests of %d clients: %s; %d failed", tr.sent, clients, strings.Join(outcomes, ", "), tr.failed)
	if tr.failed > 0 {
		tr.t.Errorf("%d of %d requests failed, the first of them:\n%s", tr.failed, tr.sent, strings.Join(tr.failures, "\n"))
	}
	if tr.sent == 0 {
		tr.t.Error("no request was sent")
	}
}

// answeredBy returns a verdict: one of these backends must answer each request.
func answeredBy(backends ...string) func(record) error {
	return func(r record) error {
		for _, name := range backends {
			if r.answer.String() == from(name) {
				return nil
			}
		}
		return fmt.Errorf("answered with %s, want one of %v", r.answer, backends)
	}
}
