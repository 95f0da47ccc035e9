// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"strconv"
	"testing"
)

// updates is how often each Deployment is replaced, one update after the other.
const updates = 10

func TestRollingUpdatesOfABackendLoseNothingThatItsPodsLetBeSaved(t *testing.T) {
	for _, test := range []struct {
		name string
		// lingering is for how many seconds a pod takes requests after its end was decided.
		lingering int64
		mayFail   float64
	}{
		{"pods that linger lose no request", 3, 0},
		// When the proxy hears of the end of such a pod, the pod has ended already. If a request was sent to it by then, and
		// it is a POST, it may not be sent to another pod. Another pod may also have ended in the same way.
		{"pods that end at once lose few", 0, 0.01},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			web := s.backend("web", 3, test.lingering)
			s.create(ingress("shop", map[string]string{s.host() + "/": "web"}))
			everywhere(t, "the route to be served", request{host: s.host(), target: "/"}, answered("web"))

			tr := startTraffic(t, s.host(), "/")
			for n := range updates {
				s.change(t, web, func() { web.Spec.Template.Annotations = map[string]string{"version": strconv.Itoa(n)} })
				s.settled(web)
			}
			tr.reaches(s, web)
			s.alone(web)
			tr.finish(test.mayFail)
		})
	}
}
