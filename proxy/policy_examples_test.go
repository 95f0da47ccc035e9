// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// exampleRoutes has a host for each example of policies.
func exampleRoutes(tb testing.TB) *snapshot.Snapshot {
	tb.Helper()
	limited := prefix("/api", "api")
	*rateLimitOf(&limited) = policy.RateLimit{PerSecond: 10, Burst: 20}

	admin := prefix("/admin", "admin")
	*accessOf(&admin) = policy.Access{Allowed: prefixes("10.0.0.0/8", "203.0.113.0/24"), Denied: prefixes("10.0.50.0/24")}

	headers := prefix("/api", "api")
	*headersOf(&headers) = policy.Headers{
		Request: policy.HeaderChanges{
			Add:    []policy.Header{{Name: "X-Custom-Header", Value: "value"}},
			Set:    []policy.Header{{Name: "X-App-Version", Value: "v1.2.3"}},
			Remove: []string{"Server", "X-Powered-By"},
		},
		Response: policy.HeaderChanges{Remove: []string{"Server", "X-Powered-By"}},
	}

	stripped := prefix("/api/v1", "api")
	rewriteOf(&stripped).StripPrefix = "/api/v1"
	replaced := prefix("/old-api", "api")
	rewriteOf(&replaced).Path.Replace = "/v2"

	return snapshotOf([]snapshot.Host{
		hostOf("limited.example.com", limited),
		hostOf("guarded.example.com", admin),
		hostOf("headers.example.com", headers),
		hostOf("rewritten.example.com", stripped, replaced),
	},
		poolOf("api", startEcho(tb, "api", "Server: nginx/1.2.3", "X-Powered-By: PHP/5", "X-Kept: yes")),
		poolOf("admin", startEcho(tb, "admin")))
}

func TestSeedSeveralServicesBehindOneHost(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{
		hostOf("example.com", prefix("/api", "api"), prefix("/app", "frontend"), prefix("/", "landing")),
		hostOf("api.example.com", prefix("/v1", "api-v1"), prefix("/v2", "api-v2")),
		hostOf("app.example.com", prefix("/", "app")),
		hostOf("*.example.com", prefix("/", "default")),
	}, echoes(t, "api", "frontend", "landing", "api-v1", "api-v2", "app", "default")...))
	for _, test := range []struct{ host, path, want string }{
		{"example.com", "/api/users", "api /api/users"},
		{"example.com", "/app/", "frontend /app/"},
		{"example.com", "/", "landing /"},
		{"api.example.com", "/v1/users", "api-v1 /v1/users"},
		{"api.example.com", "/v1", "api-v1 /v1"},
		{"api.example.com", "/v2/users?page=2", "api-v2 /v2/users?page=2"},
		{"api.example.com", "/v3", "default /v3"},
		{"app.example.com", "/anything", "app /anything"},
		{"anything.example.com", "/", "default /"},
		{"sub.api.example.com", "/", "404 RouteNotFound"},
	} {
		if got := p.get(test.host, test.path).outcome(t); got != test.want {
			t.Errorf("%s%s: got %q, want %q", test.host, test.path, got, test.want)
		}
	}
}

// The limit is twenty at once, and ten a second in the long run. How many pass is between what the burst allows and
// what the elapsed time adds.
func TestSeedRateLimit(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(exampleRoutes(t))
	client := p.dial()
	begun, passed := time.Now(), 0
	const together = 100 // A client that waits for each answer may be slower than the limit.
	for {
		if passed%together == 0 {
			client.send(strings.Repeat("GET /api HTTP/1.1\r\nHost: limited.example.com\r\n\r\n", together))
		}
		got := client.reply("GET")
		if got.Status != 200 {
			if got.Status != 429 || got.reason() != "RateLimited" || got.Header.Get("Retry-After") != "1" {
				t.Errorf("got %d %q, Retry-After %q, want 429 RateLimited, 1", got.Status, got.reason(), got.Header.Get("Retry-After"))
			}
			break
		}
		passed++
	}
	if most := 20 + 10*time.Since(begun).Seconds(); passed < 20 || float64(passed) > most {
		t.Errorf("%d requests passed, want 20 to %v", passed, most)
	}
}

func TestSeedAccessControl(t *testing.T) {
	t.Parallel()
	p := serve(t, trust("127.0.0.1/32"))
	p.apply(exampleRoutes(t))
	for address, want := range map[string]string{
		"10.0.1.100":  "admin /admin",
		"10.0.50.10":  "403 AccessDenied",
		"1.2.3.4":     "403 AccessDenied",
		"203.0.113.9": "admin /admin",
	} {
		got := p.ask(fmt.Sprintf("GET /admin HTTP/1.1\r\nHost: guarded.example.com\r\nX-Forwarded-For: %s\r\n\r\n", address))
		if got := got.outcome(t); got != want {
			t.Errorf("%s: got %q, want %q", address, got, want)
		}
	}
}

func TestSeedHeaderManipulation(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(exampleRoutes(t))
	got := p.ask("GET /api HTTP/1.1\r\nHost: headers.example.com\r\nServer: mine\r\nX-Powered-By: me\r\nX-App-Version: v0\r\nAccept: */*\r\n\r\n")
	want := map[string][]string{"Accept": {"*/*"}, "X-Custom-Header": {"value"}, "X-App-Version": {"v1.2.3"}}
	if diff := cmp.Diff(want, withoutForwarding(got.header(t))); diff != "" {
		t.Errorf("fields at the backend (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string][]string{"X-Kept": {"yes"}}, fieldsBut(got.Header, "Content-Length", "X-Request-Id")); diff != "" {
		t.Errorf("fields at the client (-want +got):\n%s", diff)
	}
	own := p.ask("GET /api HTTP/1.1\r\nHost: headers.example.com\r\nx-custom-header: mine\r\n\r\n")
	if diff := cmp.Diff([]string{"mine"}, own.header(t)["X-Custom-Header"]); diff != "" {
		t.Errorf("a field that the client has already (-want +got):\n%s", diff)
	}
}

func TestSeedRewrites(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(exampleRoutes(t))
	for path, want := range map[string]string{
		"/api/v1/users":   "api /users",
		"/api/v1":         "api /",
		"/api/v1/":        "api /",
		"/api/v1/a?b=c/d": "api /a?b=c/d",
		"/api/v1?b=/api":  "api /?b=/api",
		"/api/v11":        "404 RouteNotFound",
		"/old-api/users":  "api /v2",
		"/old-api":        "api /v2",
		"/old-api/a?b=c":  "api /v2?b=c",
	} {
		if got := p.get("rewritten.example.com", path).outcome(t); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

// withoutForwarding drops the fields that the proxy adds to every request.
func withoutForwarding(h http.Header) map[string][]string {
	return fieldsBut(h, "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto",
		"X-Real-Ip", "X-Request-Id", "Cdn-Loop", "Forwarded")
}
