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
		// A burst of a second's worth: a client that stalls for less than that takes up later what it left.
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

			var allowed atomic.Int64
			began := time.Now()
			var clients sync.WaitGroup
			for _, address := range addresses {
				clients.Go(func() { flood(t, address, s.host("limited"), began.Add(during), 10*limit/replicas, &allowed) })
			}
			clients.Wait()
			want := limit*time.Since(began).Seconds() + burst
			t.Logf("%d requests were let through at ten times the limit, want %.0f", allowed.Load(), want)
			if got := float64(allowed.Load()); math.Abs(got-want) > 0.1*want {
				t.Errorf("%v requests were let through, want %.0f within a tenth", got, want)
			}
		})
	}
}

// sharesWith waits until a replica knows that it is one of so many. A limit of one request in 100 seconds tells it: a share of that
// is one in so many times 100 seconds.
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

// flood sends so many requests a second until the end, and counts those that were answered with 200.
func flood(t *testing.T, address, host string, end time.Time, rate int, allowed *atomic.Int64) {
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
		response, err := client.Do(request)
		if err != nil {
			t.Error(err)
			return
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			allowed.Add(1)
		}
	}
}
