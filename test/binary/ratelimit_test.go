// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestReplicasShareARateLimit(t *testing.T) {
	t.Parallel()
	const (
		limit, burst = 100, 100
		during       = 3 * time.Second
	)
	for _, replicas := range []int{1, 3, 5} {
		t.Run(strconv.Itoa(replicas), func(t *testing.T) {
			s := newScene(t)
			s.create(task("web", startBackend(t, "web-1")))
			probe, limited := ingress("probe", s.host("probe"), "web"), ingress("limited", s.host("limited"), "web")
			probe.Spec.Rules[0].Paths[0].RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: resource.MustParse("0.01"), Burst: 1}
			limited.Spec.Rules[0].Paths[0].RateLimit = &v1alpha1.RateLimit{RequestsPerSecond: resource.MustParse(strconv.Itoa(limit)), Burst: burst}
			s.create(probe, limited)
			var addresses []string
			for range replicas {
				addresses = append(addresses, s.start().ready().http)
			}
			for _, address := range addresses {
				s.sharesWith(address, replicas)
			}

			// On a busy machine the clients may stay below the limit for a while.
			var allowed, due atomic.Int64
			began := time.Now()
			var clients sync.WaitGroup
			for _, address := range addresses {
				share := &bucket{tokens: burst / float64(replicas), burst: burst / float64(replicas), perSecond: limit / float64(replicas), at: began}
				clients.Go(func() {
					flood(t, address, s.host("limited"), began.Add(during), 10*limit/replicas, share, &allowed, &due)
				})
			}
			clients.Wait()
			t.Logf("%d requests were let through at ten times the limit in %s, want %d for those that were sent, and %.0f if the clients never stalled",
				allowed.Load(), time.Since(began).Round(time.Millisecond), due.Load(), limit*time.Since(began).Seconds()+burst)
			if got, want := float64(allowed.Load()), float64(due.Load()); math.Abs(got-want) > 0.1*want {
				t.Errorf("%v requests were let through, want %v within a tenth", got, want)
			}
		})
	}
}

// sharesWith waits until a replica knows that it is one of so many. A limit of one request in 100 seconds shows it: the
// replica's share is one in so many times 100 seconds.
func (s *scene) sharesWith(address string, replicas int) {
	s.t.Helper()
	eventually(s.t, patience, "the replicas to know of each other", func() error {
		request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+address+"/", http.NoBody)
		if err != nil {
			return err
		}
		request.Host = s.host("probe")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		seconds, err := strconv.Atoi(response.Header.Get("Retry-After"))
		if err != nil || seconds <= 100*(replicas-1) || seconds > 100*replicas {
			return fmt.Errorf("the answer is %d with Retry-After %q, want one as of %d replicas", response.StatusCode, response.Header.Get("Retry-After"), replicas)
		}
		return nil
	})
}

// bucket is what a replica's share of a limit should be.
type bucket struct {
	tokens, burst, perSecond float64
	at                       time.Time
}

// take says whether a request at now should be let through.
func (b *bucket) take(now time.Time) bool {
	b.tokens = min(b.burst, b.tokens+b.perSecond*now.Sub(b.at).Seconds())
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// flood sends so many requests a second until the end. It counts those that got 200, and those that the share lets
// through.
func flood(t *testing.T, address, host string, end time.Time, rate int, share *bucket, allowed, due *atomic.Int64) {
	client := http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	ticker := time.NewTicker(time.Second / time.Duration(rate))
	defer ticker.Stop()
	for time.Now().Before(end) {
		<-ticker.C
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/", http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		request.Host = host
		sent := time.Now()
		response, err := client.Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		_ = response.Body.Close()
		if share.take(sent.Add(time.Since(sent) / 2)) {
			due.Add(1)
		}
		if response.StatusCode == http.StatusOK {
			allowed.Add(1)
		}
	}
}
