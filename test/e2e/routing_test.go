// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"
)

func TestRequestsGoToPodsByHostAndPath(t *testing.T) {
	s := newScene(t)
	s.backend("web", 1, 0)
	s.backend("api", 2, 0)
	host := s.host()
	s.create(ingress("shop", map[string]string{
		host + "/":           "web",
		host + "/api":        "api",
		host + "/api/hello$": "web",
		"*." + host + "/":    "api",
	}))
	everywhere(t, "the routes to be served", request{host: host, target: "/api"}, answered("api"))
	everywhere(t, "the pod of the other service", request{host: host, target: "/"}, answered("web"))

	for _, test := range []struct {
		name   string
		host   string
		target string
		check  func(*reply) error
		// seen is the target that the pod has to be asked for, if a pod has to answer.
		seen string
	}{
		{"the root", host, "/", answered("web"), "/"},
		{"a path that only the root matches", host, "/other/page?q=1&q=%2F", answered("web"), "/other/page?q=1&q=%2F"},
		{"a prefix", host, "/api", answered("api"), "/api"},
		{"below a prefix", host, "/api/v1", answered("api"), "/api/v1"},
		{"a prefix is of whole segments", host, "/apiv1", answered("web"), "/apiv1"},
		{"an exact path goes before a prefix", host, "/api/hello", answered("web"), "/api/hello"},
		{"below an exact path", host, "/api/hello/x", answered("api"), "/api/hello/x"},
		{"dot segments and repeated slashes are resolved first", host, "/x/..//api/%76%31", answered("api"), "/api/v1"},
		{"a wildcard", "eu." + host, "/", answered("api"), "/"},
		{"a port in Host", host + ":8080", "/", answered("web"), "/"},
		{"a wildcard is of one label", "a.eu." + host, "/", refused(http.StatusNotFound, "RouteNotFound"), ""},
		{"another host", "other.example.org", "/", refused(http.StatusNotFound, "RouteNotFound"), ""},
		{"a path that leads out of the root", host, "/../etc", refused(http.StatusBadRequest, "MalformedPath"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := exchange(t.Context(), newClient(true), request{host: test.host, target: test.target})
			if err != nil {
				t.Fatal(err)
			}
			if err := test.check(got); err != nil {
				t.Error(err)
			}
			if got.arrival.Target != test.seen {
				t.Errorf("the pod was asked for %q, want %q", got.arrival.Target, test.seen)
			}
		})
	}
}

func TestEveryPodOfAServiceGetsRequests(t *testing.T) {
	s := newScene(t)
	web := s.backend("web", 3, 0)
	s.create(ingress("shop", map[string]string{s.host() + "/": "web"}))
	everywhere(t, "the route to be served", request{host: s.host(), target: "/"}, answered("web"))

	pods, err := s.pods(t.Context(), web)
	if err != nil {
		t.Fatalf("listing the pods: %v", err)
	}
	// One connection reaches one replica, which takes the pods in turn.
	client := newClient(true)
	round := func(ctx context.Context, requests int) (map[string]int, error) {
		answers := map[string]int{}
		for range requests {
			got, err := exchange(ctx, client, request{host: s.host(), target: "/"})
			if err != nil {
				return nil, err
			}
			if err := answered("web")(got); err != nil {
				return nil, err
			}
			answers[got.arrival.Pod]++
		}
		return answers, nil
	}
	// The EndpointSlices list all three. A replica hears of them in its own time.
	took := eventually(t, "each pod to be known", func(ctx context.Context) error {
		answers, err := round(ctx, len(pods))
		if err == nil && len(answers) != len(pods) {
			return fmt.Errorf("%d requests reached %v, want one for each of %v", len(pods), answers, pods)
		}
		return err
	})
	if took > shownWithin {
		t.Errorf("it took %s until a replica knew each pod that is listed, want at most %s", took, shownWithin)
	}

	answers, err := round(t.Context(), 60)
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods {
		if answers[pod] != 20 {
			t.Errorf("pod %s gave %d of 60 answers, want 20: %v", pod, answers[pod], answers)
		}
	}
}
