// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"testing"
	"time"
)

func TestTheOtherReplicaGoesOnServingAndTakesStatusOverWhenTheLeaderIsKilled(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	first := s.start().ready()
	versions := s.populate()
	leader, err := s.leader()
	if err != nil || leader == "" {
		t.Fatalf("the Lease is held by %q (%v), want the only controller", leader, err)
	}

	second := s.start().ready()
	web := []string{from("web-1"), from("web-2")}
	for _, replica := range []*controller{first, second} {
		if err := answersAre(replica.http, s.host("shop"), web); err != nil {
			t.Errorf("with two replicas: %v", err)
		}
	}
	always(t, afterLeading, "a second replica should write nothing", func() error { return s.unchanged(versions) })
	if now, err := s.leader(); err != nil || now != leader {
		t.Errorf("the Lease is held by %q (%v) with a second replica, want %q", now, err, leader)
	}

	tr := startTraffic(t, second.http, []string{s.host("shop")}, sparsePace, answeredBy("web-1", "web-2"))
	first.kill()
	// A Lease expires after 15 seconds. The machine takes the rest.
	took := s.leaderWrites("meanwhile", patience)
	t.Logf("status was written again %s after the leader was killed", took.Round(time.Millisecond))
	tr.finish()
	if now, err := s.leader(); err != nil || now == leader || now == "" {
		t.Errorf("the Lease is held by %q (%v), want the other replica", now, err)
	}
	if err := answersAre(second.http, s.host("meanwhile"), web); err != nil {
		t.Errorf("the Ingress of the time without a leader: %v", err)
	}
	if err := s.unchanged(versions); err != nil {
		t.Errorf("after the takeover: %v", err)
	}
}
