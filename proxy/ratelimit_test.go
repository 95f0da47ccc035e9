// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// What a client has used up belongs to the rule. It stays as long as the rule means the same, whatever else changes.
func TestBucketsOutliveASwapThatLeavesTheRuleAlone(t *testing.T) {
	t.Parallel()
	b, other := startEcho(t, "b"), startEcho(t, "other")
	build := func(change func(*snapshot.Snapshot)) *snapshot.Snapshot {
		limited := prefix("/limited", "b")
		limited.Rule.Ingress = "default/shop"
		*rateLimitOf(&limited) = *never(2)
		s := snapshotOf([]snapshot.Host{hostOf("a", limited, prefix("/", "b"))}, poolOf("b", b), poolOf("other", other))
		change(s)
		return s
	}
	limited := func(s *snapshot.Snapshot) *snapshot.Route { return &s.Hosts[0].Routes[1] }
	for _, test := range []struct {
		name   string
		change func(*snapshot.Snapshot)
		kept   bool
	}{
		{"another route", func(s *snapshot.Snapshot) { s.Hosts[0].Routes[0].Path = "/a" }, true},
		{"another host", func(s *snapshot.Snapshot) { s.Hosts = append(s.Hosts, hostOf("b", prefix("/", "b"))) }, true},
		{"other endpoints", func(s *snapshot.Snapshot) { s.Pools[0].Endpoints[0].Address = other }, true},
		{"another pool", func(s *snapshot.Snapshot) { limited(s).Pool = "other" }, true},
		{"another place in the Ingress", func(s *snapshot.Snapshot) { limited(s).Rule.Rule, limited(s).Rule.Path = 3, 4 }, true},
		{"other headers", func(s *snapshot.Snapshot) { headersOf(limited(s)).Request.Remove = []string{"X"} }, true},
		{"a rewrite", func(s *snapshot.Snapshot) { rewriteOf(limited(s)).Path.Replace = "/x" }, true},
		{"access control that admits", func(s *snapshot.Snapshot) { accessOf(limited(s)).Allowed = prefixes("127.0.0.0/8") }, true},
		{"other timeouts", func(s *snapshot.Snapshot) { limited(s).Timeouts.Connect = time.Second }, true},
		{"another limit in the long run", func(s *snapshot.Snapshot) { rateLimitOf(limited(s)).PerSecond = 2e-9 }, false},
		{"another burst", func(s *snapshot.Snapshot) { rateLimitOf(limited(s)).Burst = 3 }, false},
		{"another match", func(s *snapshot.Snapshot) { limited(s).Match = snapshot.MatchExact }, false},
		{"another Ingress", func(s *snapshot.Snapshot) { limited(s).Rule.Ingress = "default/other" }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			p.apply(build(func(*snapshot.Snapshot) {}))
			for i, want := range []int{200, 200, 429} {
				if got := p.get("a", "/limited"); got.Status != want {
					t.Fatalf("request %d before the swap: got %d, want %d", i, got.Status, want)
				}
			}
			p.apply(build(test.change))
			want := map[bool]int{true: 429, false: 200}[test.kept]
			if got := p.get("a", "/limited"); got.Status != want {
				t.Errorf("after the swap: got %d, want %d", got.Status, want)
			}
			if got := p.get("a", "/"); got.Status == 429 {
				t.Error("a route without a limit is limited")
			}
		})
	}
}

// A rule that went and came back is a new rule.
func TestRuleThatWasAwayBeginsAnew(t *testing.T) {
	t.Parallel()
	limited := everythingBy(func(r *snapshot.Route) { *rateLimitOf(r) = *never(1) }, startEcho(t, "b"))
	p := serve(t)
	p.apply(limited)
	p.get("a", "/")
	if got := p.get("a", "/"); got.Status != 429 {
		t.Fatalf("got %d, want 429", got.Status)
	}
	p.apply(&snapshot.Snapshot{})
	p.apply(limited)
	if got := p.get("a", "/"); got.Status != 200 {
		t.Errorf("got %d, want 200", got.Status)
	}
}

// Two routes of one host, and one path of two hosts, have separate limits although the limits are equal.
func TestEachRouteHasItsOwnBuckets(t *testing.T) {
	t.Parallel()
	pool := echoes(t, "b")
	route := func(path string) snapshot.Route {
		r := prefix(path, "b")
		*rateLimitOf(&r) = *never(1)
		return r
	}
	exactly := route("/one")
	exactly.Match = snapshot.MatchExact
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("a", exactly, route("/one"), route("/two")), hostOf("b", route("/one"))}, pool...))
	for _, url := range []struct{ host, path string }{{"a", "/one"}, {"a", "/one/x"}, {"a", "/two"}, {"b", "/one"}} {
		for i, want := range []int{200, 429} {
			if got := p.get(url.host, url.path); got.Status != want {
				t.Errorf("%s%s, request %d: got %d, want %d", url.host, url.path, i, got.Status, want)
			}
		}
	}
}

// The fields of a 429 say what the limit is and when there is a token again, in whole seconds and never too early.
func TestRefusalSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		limit policy.RateLimit
		// seconds is how long a token takes.
		seconds int
	}{
		{policy.RateLimit{PerSecond: 0.01, Burst: 1}, 100},
		{policy.RateLimit{PerSecond: 0.001, Burst: 5}, 1000},
		{*never(1), 1e9},
	} {
		t.Run(fmt.Sprintf("%g a second, %d at once", test.limit.PerSecond, test.limit.Burst), func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			p.apply(everythingBy(func(r *snapshot.Route) { *rateLimitOf(r) = test.limit }, startEcho(t, "b")))
			client := p.dial()
			begun := time.Now()
			for range test.limit.Burst {
				client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				if got := client.reply("GET"); got.Status != 200 || got.Header.Get("RateLimit-Limit") != "" {
					t.Errorf("within the burst: got %d, %v", got.Status, got.Header)
				}
			}
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			got := client.reply("GET")
			wait, err := strconv.Atoi(got.Header.Get("Retry-After"))
			if least := test.seconds - int(time.Since(begun).Seconds()); err != nil || wait < least || wait > test.seconds {
				t.Errorf("Retry-After is %q, want %d to %d", got.Header.Get("Retry-After"), least, test.seconds)
			}
			want := map[string][]string{
				"Retry-After": {strconv.Itoa(wait)}, "Ratelimit-Limit": {strconv.Itoa(test.limit.Burst)},
				"Ratelimit-Remaining": {"0"}, "Ratelimit-Reset": {strconv.Itoa(wait)},
			}
			if diff := cmp.Diff(want, fieldsBut(got.Header, "Content-Type", "Content-Length", "Proxy-Status", "X-Content-Type-Options", "X-Request-Id")); diff != "" || got.Status != 429 {
				t.Errorf("got %d, fields (-want +got):\n%s", got.Status, diff)
			}
		})
	}
}
