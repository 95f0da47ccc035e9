// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// theExamplesAreServed applies testdata/examples.yaml with a pod behind each Service. It checks that each request that
// the examples are for gets the answer that they promise.
func theExamplesAreServed(s *scene) {
	s.t.Helper()
	ports := map[string]int32{"myapp": 8080, "api": 8080, "frontend": 3000, "landing": 8080, "admin": 8080}
	for name, port := range ports {
		behind := service(name)
		behind.Spec.Ports[0].Port, behind.Spec.Ports[0].TargetPort = port, intstr.FromInt32(backendPodPort)
		s.create(backendPods(name, 1, 0), behind)
	}
	content, err := os.ReadFile("testdata/examples.yaml")
	if err != nil {
		s.t.Fatal(err)
	}
	examples, err := parse(content)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, example := range examples {
		s.create(example)
	}

	get := func(host, target string) request {
		return request{method: http.MethodGet, host: host, target: target, header: http.Header{"X-Powered-By": {"client"}}}
	}
	for _, test := range []struct {
		name    string
		request request
		check   func(*reply) error
	}{
		{"one service", get("myapp.example.com", "/"), answered("myapp")},
		{"of several services the first path's", get("example.com", "/api/users"), arrivedAs("api", "/api/users")},
		{"of several services the second path's", get("example.com", "/app/"), arrivedAs("frontend", "/app/")},
		{"of several services the rest", get("example.com", "/"), arrivedAs("landing", "/")},
		{"access for some addresses", get("admin.example.com", "/admin"), refused(http.StatusForbidden, "AccessDenied")},
		{"access for all but some", get("admin.example.com", "/"), answered("admin")},
		{"header fields", get("headers.example.com", "/api"), both(answered("api"),
			received("X-Custom-Header", "value"), received("X-App-Version", "v1.2.3"), received("X-Powered-By", ""))},
		{"a prefix that is stripped", get("rewrites.example.com", "/api/v1/users"), arrivedAs("api", "/users")},
		{"a path that is replaced", get("rewrites.example.com", "/old-api/users"), arrivedAs("api", "/v2")},
	} {
		if _, took := everywhere(s.t, test.name, test.request, test.check); s.t.Failed() {
			s.t.Fatalf("%s is not served after %s", test.name, took)
		}
	}

	// That is far more than ten a second with a burst of twenty. Some are let through, and some are told to wait.
	answers := map[int]int{}
	client := newClient(true)
	for range 200 {
		got, err := exchange(s.t.Context(), client, get("limited.example.com", "/api"))
		if err != nil {
			s.t.Fatal(err)
		}
		answers[got.status]++
	}
	if answers[http.StatusOK] == 0 || answers[http.StatusTooManyRequests] == 0 || len(answers) != 2 {
		s.t.Errorf("the answers to 200 requests at a limit of 10 a second are %v, want some of 200 and some of 429", answers)
	}
}

// arrivedAs returns a check: a pod of the Deployment was asked for that target.
func arrivedAs(deployment, target string) func(*reply) error {
	return both(answered(deployment), func(got *reply) error {
		if got.arrival.Target != target {
			return fmt.Errorf("the pod was asked for %q, want %q", got.arrival.Target, target)
		}
		return nil
	})
}

// received returns a check: the pod received a field with that value, or no such field if the value is empty.
func received(name, value string) func(*reply) error {
	return func(got *reply) error {
		if is := got.arrival.Header.Get(name); is != value {
			return fmt.Errorf("the pod received %s: %q, want %q", name, is, value)
		}
		return nil
	}
}

func both(checks ...func(*reply) error) func(*reply) error {
	return func(got *reply) error {
		var errs []error
		for _, check := range checks {
			errs = append(errs, check(got))
		}
		return errors.Join(errs...)
	}
}
