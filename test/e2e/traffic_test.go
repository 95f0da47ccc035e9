// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
)

const (
	// rate is in requests a second. A request is sent when it is due, whether earlier ones were answered or not.
	rate = 200
	// recent is how many of the last answers lastPods looks at.
	recent = 100
	// shownFailures is how many failures are described one by one.
	shownFailures = 10
)

// kind is a way to send a request. Clients of a real service have all of them at once.
type kind struct {
	name      string
	keepAlive bool
	request   request
}

// mix returns what twenty requests consist of.
func mix(host, path string) []kind {
	get := kind{"GET", true, request{method: "GET", host: host, target: path}}
	getNew := kind{"GET, new connection", false, request{method: "GET", host: host, target: path}}
	post := kind{"POST", true, request{method: "POST", host: host, target: path, content: "content"}}
	getSlow := kind{"GET, slow", true, request{method: "GET", host: host, target: path + "?wait=300ms"}}
	postSlow := kind{"POST, slow", true, request{method: "POST", host: host, target: path + "?wait=300ms", content: "content"}}
	return []kind{
		get, getNew, get, post, get, getNew, get, post, get, getSlow,
		get, getNew, get, post, get, getNew, get, post, get, postSlow,
	}
}

// traffic sends requests until it is stopped, and counts what becomes of them.
type traffic struct {
	t       *testing.T
	began   time.Time
	stop    context.CancelFunc
	running sync.WaitGroup
	// check says what is wrong with an answer of a backend.
	check func(*reply) error

	mu       sync.Mutex // guards the rest
	sent     map[string]int
	retried  int
	failed   map[string]int
	failures []string
	last     []string
	slowest  time.Duration
}

// startTraffic begins to send requests for a path of a host. They end with finish, or with the test.
func startTraffic(t *testing.T, host, path string) *traffic {
	t.Helper()
	return startTrafficAt(t, rate, host, path)
}

// startTrafficAt is startTraffic at another rate.
func startTrafficAt(t *testing.T, rate time.Duration, host, path string) *traffic {
	t.Helper()
	return startCheckedTraffic(t, rate, host, path, func(*reply) error { return nil })
}

// startCheckedTraffic is startTrafficAt with a check. An answer that check refuses is a failure.
func startCheckedTraffic(t *testing.T, rate time.Duration, host, path string, check func(*reply) error) *traffic {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	tr := &traffic{t: t, began: time.Now(), stop: stop, check: check, sent: map[string]int{}, failed: map[string]int{}}
	tr.running.Go(func() { tr.run(ctx, time.Second/rate, mix(host, path)) })
	t.Cleanup(func() {
		stop()
		tr.running.Wait()
	})
	return tr
}

func (tr *traffic) run(ctx context.Context, every time.Duration, kinds []kind) {
	kept, fresh := newClient(true), newClient(false)
	defer kept.CloseIdleConnections()
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		k, client := kinds[n%len(kinds)], fresh
		if k.keepAlive {
			client = kept
		}
		// A request that was sent is answered, even if the traffic ends.
		tr.running.Go(func() { tr.exchange(context.WithoutCancel(ctx), client, k) })
	}
}

func (tr *traffic) exchange(ctx context.Context, client *http.Client, k kind) {
	sent, conns := time.Now(), 0
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { conns++ }})
	got, err := exchange(ctx, client, k.request)
	if err == nil && got.status == http.StatusOK {
		err = tr.check(got)
	}
	took := time.Since(sent)

	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.sent[k.name]++
	if conns > 1 {
		tr.retried++
	}
	tr.slowest = max(tr.slowest, took)
	switch {
	case err != nil:
		tr.fail(k, sent, took, err.Error())
	case got.status != http.StatusOK:
		tr.fail(k, sent, took, fmt.Sprintf("%d %s", got.status, got.reason))
	default:
		tr.last = append(tr.last, got.arrival.Pod)
		if len(tr.last) > recent {
			tr.last = tr.last[1:]
		}
	}
}

func (tr *traffic) fail(k kind, sent time.Time, took time.Duration, how string) {
	tr.failed[k.name]++
	if len(tr.failures) < shownFailures {
		tr.failures = append(tr.failures, fmt.Sprintf("%s, sent after %s, ended after another %s: %s",
			k.name, sent.Sub(tr.began).Round(time.Millisecond), took.Round(time.Millisecond), how))
	}
}

// sends returns once so many requests were answered, well or not.
func (tr *traffic) sends(want int) {
	tr.t.Helper()
	eventually(tr.t, "requests", func(context.Context) error {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		total := 0
		for _, sent := range tr.sent {
			total += sent
		}
		if total < want {
			return fmt.Errorf("%d were answered, want %d", total, want)
		}
		return nil
	})
}

// lastPods returns the names of the pods that gave the last answers. It returns none while there are too few answers to
// tell.
func (tr *traffic) lastPods() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.last) < recent {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(tr.last)))
}

// reaches waits until the last answers are from exactly the pods of a Deployment that stay. It returns how long that
// took.
func (tr *traffic) reaches(s *scene, deployment *appsv1.Deployment) time.Duration {
	tr.t.Helper()
	return eventually(tr.t, "requests to reach each pod and no other", func(ctx context.Context) error {
		want, err := s.pods(ctx, deployment)
		if err != nil {
			return err
		}
		if got := tr.lastPods(); !slices.Equal(got, want) {
			return fmt.Errorf("the last answers are from %v, want %v", got, want)
		}
		return nil
	})
}

// finish ends the traffic and says what became of it. It fails the test if more than the share mayFail of the requests
// failed. 0 allows none.
func (tr *traffic) finish(mayFail float64) {
	tr.t.Helper()
	tr.stop()
	lasted := time.Since(tr.began)
	tr.running.Wait()
	tr.mu.Lock()
	defer tr.mu.Unlock()

	total, failed := 0, 0
	var kinds []string
	for _, name := range slices.Sorted(maps.Keys(tr.sent)) {
		total += tr.sent[name]
		failed += tr.failed[name]
		kinds = append(kinds, fmt.Sprintf("%s: %d of %d", name, tr.failed[name], tr.sent[name]))
	}
	// If an idle connection was closed under a request, the client sends it again by itself if that is safe. That is no
	// failure, but it is shown.
	tr.t.Logf("%d of %d requests failed and %d were sent again by the client, in %s, %.0f a second, the slowest took %s (failed by kind: %s)",
		failed, total, tr.retried, lasted.Round(100*time.Millisecond), float64(total)/lasted.Seconds(),
		tr.slowest.Round(time.Millisecond), strings.Join(kinds, "; "))
	if total == 0 {
		tr.t.Error("no request was sent")
	}
	report := tr.t.Logf
	if float64(failed) > mayFail*float64(total) {
		report = tr.t.Errorf
	}
	if failed > 0 {
		report("%d of %d requests failed, of which %.1f%% may; the first of them:\n%s",
			failed, total, 100*mayFail, strings.Join(tr.failures, "\n"))
	}
}
