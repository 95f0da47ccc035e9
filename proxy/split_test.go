// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// shared is a route to pools that share its requests by these weights. Their ids are 0, 1 and so on.
func shared(path string, weights ...int) snapshot.Route {
	r := prefix(path, "")
	for i, weight := range weights {
		r.Backends = append(r.Backends, snapshot.Backend{Pool: strconv.Itoa(i), Weight: weight})
	}
	return r
}

// headersFor is the policies of a backend that gives requests and responses a field.
func headersFor(name string) []policy.Policy {
	set := policy.HeaderChanges{Set: []policy.Header{{Name: name, Value: "yes"}}}
	return []policy.Policy{&policy.Headers{Request: set, Response: set}}
}

func TestBackendsGetRequestsByTheirWeights(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("", shared("/", 1, 0, 3))}, echoes(t, "0", "1", "2")...))
	got := map[string]int{}
	for range 400 {
		by, _ := p.get("a", "/").seen(t)
		got[by]++
	}
	// The share of 0 is 100 on average. It is below 40 or above 160 once in a thousand million runs.
	if got["1"] > 0 || got["0"] < 40 || got["0"] > 160 {
		t.Errorf("requests by backend: %v", got)
	}
}

// A backend's own policies change its requests and responses, and those of no other backend.
func TestABackendHasPoliciesOfItsOwn(t *testing.T) {
	t.Parallel()
	p := serve(t)
	pools := echoes(t, "0", "1")
	for _, weights := range [][]int{{1, 0}, {0, 1}} {
		r := shared("/", weights...)
		r.Backends[0].Policies = headersFor("X-Backend")
		p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, pools...))
		got := p.get("a", "/")
		want := ""
		if weights[0] > 0 {
			want = "yes"
		}
		if seen := got.header(t).Get("X-Backend"); seen != want || got.Header.Get("X-Backend") != want {
			t.Errorf("weights %v: the request has %q, the response %q, want %q", weights, seen, got.Header.Get("X-Backend"), want)
		}
	}
}

// What the Hash policy keeps on one endpoint stays with one backend.
func TestHashKeepsToABackend(t *testing.T) {
	t.Parallel()
	p := serve(t)
	r := shared("/", 1, 1)
	r.Balancing = snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnHeader, Name: "x-user"}
	p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, echoes(t, "0", "1")...))
	client := p.dial()
	seen := map[string]bool{}
	for user := range 64 {
		first := ""
		for range 3 {
			client.send("GET / HTTP/1.1\r\nHost: a\r\nX-User: " + strconv.Itoa(user) + "\r\n\r\n")
			by, _ := client.reply("GET").seen(t)
			if first == "" {
				first = by
			}
			if by != first {
				t.Fatalf("user %d came to %s and then to %s", user, first, by)
			}
		}
		seen[first] = true
	}
	if len(seen) != 2 {
		t.Errorf("all users came to %v", seen)
	}
}

func TestABackendThatCannotServe(t *testing.T) {
	t.Parallel()
	p := serve(t)
	for _, test := range []struct {
		name, want string
		backends   []snapshot.Backend
	}{
		{"it cannot be used", "500 InvalidBackend", []snapshot.Backend{{Pool: "0"}, {Weight: 1}}},
		{"it has no endpoint", "503 NoHealthyTask", []snapshot.Backend{{Pool: "0"}, {Pool: "none", Weight: 1}}},
		{"none has a weight", "503 NoHealthyTask", []snapshot.Backend{{Pool: "0"}, {}}},
	} {
		r := prefix("/", "")
		r.Backends = test.backends
		p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, append(echoes(t, "0"), poolOf("none"))...))
		if got := p.get("a", "/").outcome(t); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func TestExplainSaysHowBackendsShare(t *testing.T) {
	t.Parallel()
	p := serve(t)
	r := shared("/", 10, 90)
	r.Backends = append(r.Backends, snapshot.Backend{})
	p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, echoes(t, "0", "1")...))
	e, err := p.Explainer().Explain(&explain.Question{URL: "http://a/"})
	if err != nil {
		t.Fatal(err)
	}
	want := []explanation.Backend{
		{Pool: "0", Service: "default/0", Weight: 10, Share: 0.1}, {Pool: "1", Service: "default/1", Weight: 90, Share: 0.9}, {},
	}
	if diff := cmp.Diff(want, e.Backends); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if e.Pool == nil || e.Pool.ID != "1" || e.Candidates[0].Service != "default/0 default/1" {
		t.Errorf("the pool is %+v, the services are %q", e.Pool, e.Candidates[0].Service)
	}
}
