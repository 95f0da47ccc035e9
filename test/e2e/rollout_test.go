//go:build e2e

package e2e

import (
	"testing"
)

func TestARollingUpdateOfABackendLosesNoRequest(t *testing.T) {
	for _, test := range []struct {
		name      string
		lingering int64
	}{
		{"of pods that take requests for a while after their end was decided", 3},
		{"of pods that take no new connection once their end was decided", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			web := s.backend("web", 3, test.lingering)
			s.create(ingress("shop", map[string]string{s.host() + "/": "web"}))
			everywhere(t, "the route to be served", request{host: s.host(), target: "/"}, answered("web"))

			tr := startTraffic(t, s.host(), "/")
			s.change(t, web, func() { web.Spec.Template.Annotations = map[string]string{"version": "2"} })
			s.settled(web)
			tr.reaches(s, web)
			s.alone(web)
			tr.finish()
		})
	}
}
