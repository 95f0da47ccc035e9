// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestBeforeTheFirstSnapshotNothingIsFound(t *testing.T) {
	t.Parallel()
	p := serve(t)
	if got := p.Generation(); got != 0 {
		t.Errorf("generation %d, want 0", got)
	}
	if got := p.get("example.com", "/"); got.Status != 404 {
		t.Errorf("status %d, want 404", got.Status)
	}
}

func TestEqualSnapshotIsNotANewGeneration(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	steps := []struct {
		name     string
		snapshot *snapshot.Snapshot
		want     uint64
	}{
		{"the empty snapshot", &snapshot.Snapshot{}, 1},
		{"the empty snapshot again", &snapshot.Snapshot{}, 1},
		{"a route", everything(b.address), 2},
		{"the same, built anew", everything(b.address), 2},
		{"another timeout", everythingBy(idleAfter(1), b.address), 3},
		{"the first again", everything(b.address), 4},
		{"the empty snapshot after all", &snapshot.Snapshot{}, 5},
	}
	for _, step := range steps {
		got, err := p.Apply(step.snapshot)
		if err != nil || got != step.want || p.Generation() != step.want {
			t.Errorf("%s: generation %d, %d (%v), want %d", step.name, got, p.Generation(), err, step.want)
		}
	}
}

// foreignPolicy is not in Order.
type foreignPolicy struct{ policy.Policy }

func TestSnapshotThatDoesNotCompileLeavesTheOldOneServing(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everything(b.address))
	other := netip.MustParseAddrPort("192.0.2.1:1")
	treated := func(policies ...policy.Policy) *snapshot.Snapshot {
		r := prefix("/x", "a")
		r.Policies = policies
		return snapshotOf([]snapshot.Host{hostOf("a", r)}, poolOf("a", other))
	}
	for _, wrong := range []struct {
		name     string
		snapshot *snapshot.Snapshot
		want     string
	}{
		{"a pool that is not there", &snapshot.Snapshot{Hosts: []snapshot.Host{hostOf("a", prefix("/", "none"))}}, `there is no pool "none"`},
		{"a pool twice", &snapshot.Snapshot{Pools: []snapshot.Pool{poolOf("a", other), poolOf("a", other)}}, `"a"`},
		{"hosts out of order", &snapshot.Snapshot{Hosts: []snapshot.Host{hostOf("b"), hostOf("a")}}, "not sorted"},
		{"a host twice", &snapshot.Snapshot{Hosts: []snapshot.Host{hostOf("a"), hostOf("a")}}, `"a"`},
		{"a path twice", snapshotOf([]snapshot.Host{hostOf("a", prefix("/x", "a"), prefix("/x", "a"))}, poolOf("a", other)), `path "/x" occurs twice`},
		{"an exact path twice", snapshotOf([]snapshot.Host{hostOf("a", exact("/x", "a"), exact("/x", "a"))}, poolOf("a", other)), `path "/x" occurs twice`},
		{"the root twice", snapshotOf([]snapshot.Host{hostOf("a", prefix("/", "a"), prefix("/", "a"))}, poolOf("a", other)), `path "/" occurs twice`},
		{"a prefix with a trailing slash", snapshotOf([]snapshot.Host{hostOf("a", prefix("/x/", "a"))}, poolOf("a", other)), "ends with a slash"},
		{"a path that is not canonical", snapshotOf([]snapshot.Host{hostOf("a", prefix("/x/../y", "a"))}, poolOf("a", other)), "not canonical"},
		{"a relative path", snapshotOf([]snapshot.Host{hostOf("a", prefix("x", "a"))}, poolOf("a", other)), "not canonical"},
		{"policies out of order", treated(new(policy.Rewrite), new(policy.Access)), `path "/x": policies are not in their order: "access-control" follows "rewrite"`},
		{"a policy twice", treated(new(policy.Access), new(policy.RateLimit), new(policy.RateLimit)), `path "/x": policy "rate-limit" occurs twice`},
		{"no policy", treated(new(policy.Access), nil), `path "/x": there is no policy of type <nil>`},
		{"a policy that points nowhere", treated((*policy.Headers)(nil)), `path "/x": policy "headers" is nil`},
		{"a policy that is in no order", treated(foreignPolicy{}), `path "/x": there is no policy of type proxy.foreignPolicy`},
	} {
		t.Run(wrong.name, func(t *testing.T) {
			if err := p.Check(wrong.snapshot); err == nil || !strings.Contains(err.Error(), wrong.want) {
				t.Errorf("Check returns %v, want an error with %q", err, wrong.want)
			}
			number, err := p.Apply(wrong.snapshot)
			if err == nil || !strings.Contains(err.Error(), wrong.want) {
				t.Errorf("error %v, want one with %q", err, wrong.want)
			}
			if number != 1 || p.Generation() != 1 {
				t.Errorf("generation %d, %d, want 1", number, p.Generation())
			}
			if got := p.get("example.com", "/"); got.Body != "b" {
				t.Errorf("got %d %q, want the old generation's answer", got.Status, got.Body)
			}
		})
	}
}

func TestCheckServesNothing(t *testing.T) {
	a, b := named(t, "a"), named(t, "b")
	p := serve(t)
	if err := p.Check(everything(a.address)); err != nil {
		t.Fatalf("before there is a generation: %v", err)
	}
	p.apply(everything(a.address))
	for range 2 {
		if err := p.Check(everything(b.address)); err != nil {
			t.Fatal(err)
		}
		if got := p.get("example.com", "/"); got.Body != "a" || p.Generation() != 1 {
			t.Errorf("got %d %q of generation %d, want what was served before", got.Status, got.Body, p.Generation())
		}
	}
	p.apply(everything(b.address))
	if got := p.get("example.com", "/"); got.Body != "b" {
		t.Errorf("got %d %q, want what was applied since", got.Status, got.Body)
	}
}

// A swap of endpoints and routes under load loses no request. A request that runs finishes as it began.
func TestSwapsUnderLoadLoseNoRequest(t *testing.T) {
	t.Parallel()
	const requests, swaps, clients = 10_000, 100, 16
	names := []string{"a", "b", "c"}
	var backends []netip.AddrPort
	for _, name := range names {
		backends = append(backends, named(t, name).address)
	}
	p := serve(t)
	// Each generation serves /a, /b and /c. Two of three endpoints at a time serve the route on which any is right. Other
	// routes come and go beside them.
	generation := func(n int) *snapshot.Snapshot {
		routes := []snapshot.Route{prefix("/any", "any")}
		var pools []snapshot.Pool
		for i, name := range names {
			routes = append(routes, prefix("/"+name, name))
			pools = append(pools, poolOf(name, backends[i]))
		}
		for i := range n % 7 {
			routes = append(routes, exact(fmt.Sprintf("/other/%d", i), "any"))
		}
		pools = append(pools, poolOf("any", backends[n%3], backends[(n+1)%3]))
		return snapshotOf([]snapshot.Host{hostOf("", routes...)}, pools...)
	}
	p.apply(generation(0))

	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var sent, applied atomic.Int64
	var working sync.WaitGroup
	for range clients {
		working.Go(func() {
			for {
				n := sent.Add(1)
				if n > requests {
					return
				}
				if n%(requests/swaps) == 0 {
					if _, err := p.Apply(generation(int(applied.Add(1)))); err != nil {
						t.Errorf("applying: %v", err)
					}
				}
				path, want := "any", "abc"
				if i := n % 4; i < 3 {
					path, want = names[i], names[i]
				}
				resp, err := client.Get("http://" + p.address + "/" + path)
				if err != nil {
					t.Errorf("request %d: %v", n, err)
					continue
				}
				body, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if err != nil || resp.StatusCode != 200 || !strings.Contains(want, string(body)) {
					t.Errorf("request %d for %s: %d %q (%v)", n, path, resp.StatusCode, body, err)
				}
			}
		})
	}
	working.Wait()
	if got := applied.Load(); got != swaps {
		t.Errorf("%d swaps, want %d", got, swaps)
	}
	if got := p.Generation(); got != swaps+1 {
		t.Errorf("generation %d, want %d", got, swaps+1)
	}
}

// If the route and the endpoint of a request go away, it ends as it began.
func TestRunningRequestOutlivesItsRoute(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	p.apply(&snapshot.Snapshot{})
	up.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")
	if got := client.reply("GET"); got.Status != 200 || got.Body != "late" {
		t.Errorf("got %d %q, want what the old endpoint answered", got.Status, got.Body)
	}
	up.expectEnd() // nothing can use the connection any more
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	if got := client.reply("GET"); got.reason() != "RouteNotFound" {
		t.Errorf("got %d %q, want RouteNotFound", got.Status, got.reason())
	}
}
