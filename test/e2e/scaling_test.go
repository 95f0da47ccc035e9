// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"testing"
	"time"
)

// shownWithin is how long requests may take to follow after Kubernetes says that pods are there, or will go. The figure
// is for a machine that does everything at once. The log says how long it was.
const shownWithin = 30 * time.Second

func TestScalingABackendShowsWithinSecondsAndLosesNoRequest(t *testing.T) {
	s := newScene(t)
	// It is long enough for the news from Kubernetes to arrive. Any Deployment behind a Service should have it.
	web := s.backend("web", 1, 3)
	s.create(ingress("shop", map[string]string{s.host() + "/": "web"}))
	everywhere(t, "the route to be served", request{host: s.host(), target: "/"}, answered("web"))

	tr := startTraffic(t, s.host(), "/")
	for _, replicas := range []int32{3, 1} {
		s.change(t, web, func() { web.Spec.Replicas = &replicas })
		s.settled(web)
		took := tr.reaches(s, web)
		t.Logf("requests went to the pods of %d replicas, and to no other, %s after Kubernetes said so", replicas, took)
		if took > shownWithin {
			t.Errorf("it took %s until requests went to the pods of %d replicas, want at most %s", took, replicas, shownWithin)
		}
		s.alone(web)
	}
	tr.finish(0)
}
