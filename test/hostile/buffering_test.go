// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// mostBeyondNginx is how many times as long as behind nginx others may wait. It tells a difference from none: an attack
// that succeeds makes them wait for seconds.
const mostBeyondNginx = 1.5

// Uploads of a byte now and then must not slow down others of the same host whose server has few workers, where the
// route gathers what they send. Beside the replica, nginx has as many such clients before the same server. It gathers
// by default.
func TestUploadsThatTrickleIntoMemory(t *testing.T) {
	s := newStage(t)
	gathering := ingressOf(s.a, "workers", workersHost, "/")
	gathering.Spec.Rules[0].Paths[0].RequestBuffering = &v1alpha1.RequestBuffering{MaxBytes: resource.MustParse("64Ki")}
	s.serveBy(gathering, s.victim.backend)
	eventually(t, "the attacked host to be served", newVictim(s.replica().http, workersHost, victimAnswer).request)
	peer := startNginx(t, s.victim.backend, 2*silentConnections)
	s.majority(func() string { return s.besideUploads(peer) })
}

// askWorkers lets clients of the victim's kind ask for the host whose server has few workers.
func (s *stage) askWorkers(d time.Duration, address string) experience {
	s.t.Helper()
	saw, err := s.victim.ask(watchOrder{Addresses: []string{address}, Host: workersHost, Answer: victimAnswer, For: d})
	if err != nil {
		s.t.Fatal(err)
	}
	return saw
}

// besideUploads attacks the replica and nginx, if there is one. It says by how much the replica's clients waited longer
// than nginx's, or than they do otherwise. It returns "" if they did not.
func (s *stage) besideUploads(peer *nginx) string {
	s.t.Helper()
	before := s.askWorkers(undisturbed, s.replica().http)
	var gaveUp atomic.Int64
	ctx, cancel := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	attack := func(address string) {
		for range slowUploads {
			running.Go(func() {
				trickle(ctx, address, "POST / HTTP/1.1\r\nHost: "+workersHost+"\r\nContent-Length: 1000000\r\n\r\n")
				if ctx.Err() == nil {
					gaveUp.Add(1)
				}
			})
		}
	}
	attack(s.replica().http)
	during, others, than := s.askWorkers(attackTime, s.replica().http), before, "otherwise"
	if peer != nil {
		attack(peer.http)
		others, than = s.askWorkers(attackTime, peer.http), "behind nginx"
	}
	cancel()
	running.Wait()
	fmt.Printf("%-44s p50 %.1f -> %.1f ms   p99 %.1f -> %.1f ms, %.1f %s   %d requests, %d failed\n", "uploads that trickle into memory",
		milliseconds(before.P50), milliseconds(during.P50), milliseconds(before.P99), milliseconds(during.P99), milliseconds(others.P99), than,
		during.Sent, during.Failed)
	if during.Failed > 0 {
		s.t.Errorf("%d of %d requests failed beside uploads that trickle, the first: %v", during.Failed, during.Sent, during.Failures)
	}
	if gaveUp.Load() > 0 {
		s.t.Errorf("%d of the uploads ended: it was no attack", gaveUp.Load())
	}
	if float64(during.P99) > mostBeyondNginx*float64(others.P99) {
		return fmt.Sprintf("uploads that trickle into memory: the p99 of others was %s, and %s %s: at most %.1f times as much is allowed",
			during.P99, others.P99, than, mostBeyondNginx)
	}
	return ""
}
