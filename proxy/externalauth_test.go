// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/step"
)

// askingService has a route ask a service in the pool "auth" who gets in.
func askingService(changes ...func(*auth.External)) *auth.External {
	e := &auth.External{Pool: "auth", Path: "/check", Timeout: patience}
	for _, change := range changes {
		change(e)
	}
	return e
}

// guarded sends all requests for a host to one pool, once the service in another one lets them pass.
func guarded(host string, e *auth.External, pool, service snapshot.Pool, policies ...policy.Policy) *snapshot.Snapshot {
	r := prefix("/", "pool")
	r.Policies = append([]policy.Policy{e}, policies...)
	return snapshotOf([]snapshot.Host{hostOf(host, r)}, pool, service)
}

// versions runs a test with clients of each version of HTTP. ask sends a request with fields, as lines.
func versions(t *testing.T, p *served, test func(t *testing.T, ask func(method, host, path string, fields ...string) reply)) {
	t.Helper()
	t.Run("HTTP1", func(t *testing.T) {
		test(t, func(method, host, path string, fields ...string) reply {
			t.Helper()
			lines := append([]string{method + " " + path + " HTTP/1.1", "Host: " + host}, fields...)
			return p.ask(strings.Join(lines, "\r\n") + "\r\n\r\n")
		})
	})
	t.Run("HTTP2", func(t *testing.T) {
		test(t, func(method, host, path string, fields ...string) reply {
			t.Helper()
			f := p.dialFrames()
			defer func() { _ = f.conn.Close() }()
			head := []string{":method", method, ":scheme", "http", ":path", path, ":authority", host}
			for _, line := range fields {
				name, value, _ := strings.Cut(line, ": ")
				head = append(head, strings.ToLower(name), value)
			}
			f.request(1, true, head...)
			got := f.answer(1)
			made := reply{Header: http.Header{}, Body: got.body}
			made.Status, _ = strconv.Atoi(got.status)
			for name, value := range got.fields {
				made.Header.Set(name, value)
			}
			return made
		})
	})
}

// told is an endpoint that answers with the fields that it got.
func told(w http.ResponseWriter, r *http.Request) {
	_ = r.Header.Write(w)
}

func TestAServiceSaysWhoGetsIn(t *testing.T) {
	t.Parallel()
	service := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-User", "alice")
		w.Header().Set("X-Other", "not asked for")
		w.Header().Set("WWW-Authenticate", `Bearer realm="shop"`)
		w.Header().Add("Set-Cookie", "session=new")
		status, _ := strconv.Atoi(r.Header.Get("Authorization"))
		if status == 0 {
			status = 204
		}
		w.WriteHeader(status)
	})
	p := serve(t, h2c)
	p.apply(guarded("", askingService(func(e *auth.External) { e.ResponseHeaders = []string{"X-User", "X-Email"} }),
		poolOf("pool", startBackend(t, told).address), poolOf("auth", service.address)))
	versions(t, p, func(t *testing.T, ask func(method, host, path string, fields ...string) reply) {
		for _, test := range []struct {
			says   string
			status int
			reason string
		}{
			{"200", 200, ""}, {"202", 200, ""}, {"204", 200, ""}, {"299", 200, ""}, {"401", 401, "AuthRequired"}, {"403", 403, "AuthDenied"},
			{"302", 503, "AuthUnavailable"}, {"304", 503, "AuthUnavailable"}, {"400", 503, "AuthUnavailable"}, {"404", 503, "AuthUnavailable"},
			{"407", 503, "AuthUnavailable"}, {"429", 503, "AuthUnavailable"}, {"500", 503, "AuthUnavailable"}, {"503", 503, "AuthUnavailable"},
		} {
			got := ask("GET", "shop.example.com", "/", "Authorization: "+test.says)
			if got.Status != test.status || got.reason() != test.reason {
				t.Errorf("%s: got %d %s %q", test.says, got.Status, got.reason(), got.Body)
			}
			if test.status == 200 && (!strings.Contains(got.Body, "X-User: alice\r\n") || strings.Contains(got.Body, "X-Other") || got.Header.Get("Set-Cookie") == "") {
				t.Errorf("%s: the endpoint got %q, and the client %v", test.says, got.Body, got.Header)
			}
			if has := got.Header.Get("WWW-Authenticate") != ""; has != (test.status == 401) {
				t.Errorf("%s: the client gets %v", test.says, got.Header)
			}
		}
	})
}

// Of a service that may give any field, each that it has given once is its own from then on, also from one snapshot to
// the next. Credentials that no list has stay the client's.
func TestNobodyForgesWhatTheServiceHasSaidOnce(t *testing.T) {
	t.Parallel()
	service := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Cookie"), "alice") {
			w.Header().Set("X-Id", "alice")
			w.Header().Set("Authorization", "Bearer inner")
		}
	})
	for name, policies := range map[string][]policy.Policy{
		"of all":                          nil,
		"with addresses that let some in": {&policy.Access{Allowed: prefixes("127.0.0.0/8"), Any: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			endpoint := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Header.Write(w)
				_ = r.Trailer.Write(w)
			})
			apply := func(policies []policy.Policy, timeout time.Duration) {
				e := askingService(func(e *auth.External) { e.ResponseHeaders, e.Timeout = []string{"*"}, timeout })
				s := guarded("", e, poolOf("pool", endpoint.address), poolOf("auth", service.address))
				s.Hosts[0].Routes[0].Policies = append(slices.Clone(policies), e)
				p.apply(s)
			}
			apply(nil, patience)
			if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nCookie: u=alice\r\n\r\n"); !strings.Contains(got.Body, "X-Id: alice\r\n") || !strings.Contains(got.Body, "Bearer inner") {
				t.Fatalf("the endpoint got %q", got.Body)
			}
			apply(policies, 2*patience)
			got := p.ask("POST / HTTP/1.1\r\nHost: a\r\nX-Id: forged\r\nx_id: forged\r\nCookie: u=bob\r\nAuthorization: Bearer bob\r\n" +
				"Transfer-Encoding: chunked\r\nTrailer: X-Id, X-Sum\r\n\r\n1\r\nx\r\n0\r\nX-Id: forged\r\nX-Sum: 1\r\n\r\n")
			if got.Status != 200 || strings.Contains(got.Body, "forged") || !strings.Contains(got.Body, "Bearer bob") || !strings.Contains(got.Body, "X-Sum: 1") {
				t.Errorf("got %d, and the endpoint %q", got.Status, got.Body)
			}
		})
	}
}

// A service that gives the request a field of credentials sees what the client sent there. The endpoint does not.
func TestAServiceExchangesCredentials(t *testing.T) {
	t.Parallel()
	service := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Authorization") {
		case "Bearer outer":
			w.Header().Set("Authorization", "Bearer inner")
		case "Bearer nothing":
		default:
			w.WriteHeader(401)
		}
	})
	p := serve(t, h2c)
	p.apply(guarded("", askingService(func(e *auth.External) { e.ResponseHeaders = []string{"Authorization"} }),
		poolOf("pool", startBackend(t, told).address), poolOf("auth", service.address)))
	versions(t, p, func(t *testing.T, ask func(method, host, path string, fields ...string) reply) {
		for token, want := range map[string]string{"outer": "Authorization: Bearer inner\r\n", "nothing": ""} {
			got := ask("GET", "a", "/", "Authorization: Bearer "+token)
			if got.Status != 200 || !strings.Contains(got.Body, want) || strings.Contains(got.Body, token) || want == "" && strings.Contains(got.Body, "Authorization") {
				t.Errorf("%s: got %d, and the endpoint %q", token, got.Status, got.Body)
			}
		}
	})
}

func TestWhatForwardAuthIsTold(t *testing.T) {
	t.Parallel()
	service, seen := observing(t, nil)
	p := serve(t, h2c)
	pool := poolOf("pool", named(t, "endpoint").address)
	apply := func(e *auth.External) { p.apply(guarded("", e, pool, poolOf("auth", service.address))) }
	fields := []string{
		"Cookie: a=b", "Authorization: Bearer t", "Accept: text/html", "X-Requested-With: XMLHttpRequest", "X-Api-Key: k", "If-None-Match: *",
		"X-Forwarded-Uri: /forged", "X-Forwarded-Method: FORGED", "X-Original-URL: http://forged/", "X-Auth-Request-Redirect: /forged",
		"Content-Type: text/plain", "X-Sent-From: forged",
	}
	versions(t, p, func(t *testing.T, ask func(method, host, path string, fields ...string) reply) {
		for _, test := range []struct {
			name   string
			change func(*auth.External)
			line   string
			host   string
			want   map[string]string
		}{
			{"as usual", func(*auth.External) {}, "GET /check", "shop.example.com", map[string]string{
				"X-Forwarded-Method": "DELETE", "X-Forwarded-Uri": "/a/c?q=1", "X-Forwarded-Host": "shop.example.com", "X-Forwarded-Proto": "http",
				"X-Forwarded-For": "127.0.0.1", "Cookie": "a=b", "Authorization": "Bearer t", "Accept": "text/html", "X-Requested-With": "XMLHttpRequest",
				"X-Api-Key": "", "If-None-Match": "", "Content-Type": "", "X-Original-Url": "", "X-Auth-Request-Redirect": "",
			}},
			{"with a list", func(e *auth.External) { e.ForwardHeaders = []string{"x-api-key"} }, "GET /check", "shop.example.com", map[string]string{
				"X-Api-Key": "k", "Cookie": "", "Authorization": "", "X-Forwarded-Uri": "/a/c?q=1",
			}},
			{"with all", func(e *auth.External) {
				e.ForwardHeaders, e.Host, e.Method = []string{"*"}, "auth.example.com", "PUT"
				e.Fields = []step.Header{{Name: "X-Api-Key", Value: "$own"}, {Name: "X-Extra", Value: "e"}}
			}, "PUT /check", "auth.example.com", map[string]string{
				"X-Api-Key": "$own", "X-Extra": "e", "Cookie": "a=b", "If-None-Match": "", "X-Forwarded-Method": "DELETE",
			}},
			{"as the request", func(e *auth.External) { e.Mimics = true }, "DELETE /check/a/c?q=1", "shop.example.com", map[string]string{
				"X-Forwarded-Method": "DELETE", "Cookie": "a=b",
			}},
			{"as ingress-nginx", func(e *auth.External) {
				e.Nginx, e.Host, e.Path, e.Fields = true, "auth.example.com", "/verify?of=$host", []step.Header{{Name: "X-Method", Value: "$request_method"}}
			}, "GET /verify?of=shop.example.com", "auth.example.com", map[string]string{
				"X-Original-Url": "http://shop.example.com/a/c?q=1", "X-Original-Method": "DELETE", "X-Real-Ip": "127.0.0.1", "X-Forwarded-For": "127.0.0.1",
				"X-Sent-From": "nginx-ingress-controller", "X-Auth-Request-Redirect": "/a/c?q=1", "X-Method": "DELETE", "X-Forwarded-Proto": "",
				"X-Forwarded-Method": "", "X-Forwarded-Uri": "", "X-Api-Key": "k", "Cookie": "a=b", "Authorization": "Bearer t", "Content-Type": "", "X-Scheme": "",
			}},
		} {
			apply(askingService(test.change))
			if got := ask("DELETE", "shop.example.com", "/a/b/../%63?q=1", fields...); got.Status != 200 {
				t.Fatalf("%s: got %d %s", test.name, got.Status, got.Body)
			}
			r := receive(t, "the question", seen)
			if r.Line != test.line || r.Host != test.host || r.Length != 0 {
				t.Errorf("%s: the service was asked for %q of %q with %d bytes", test.name, r.Line, r.Host, r.Length)
			}
			for name, want := range test.want {
				if got := strings.Join(r.Header.Values(name), "|"); got != want {
					t.Errorf("%s: %s is %q, want %q", test.name, name, got, want)
				}
			}
		}
	})
}

// What a client says in fields is a value of the target that a service is asked for, and never more of it.
func TestAClientSaysNoTargetToTheService(t *testing.T) {
	t.Parallel()
	service, seen := observing(t, nil)
	asked := new(counter)
	endpoint := startBackend(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	p := serve(t, h2c)
	apply := func(path string) {
		p.apply(guarded("", askingService(func(e *auth.External) {
			e.Nginx, e.Path, e.Fields = true, path, []step.Header{{Name: "X-Name", Value: "$remote_user"}}
		}), poolOf("pool", endpoint.address), poolOf("auth", service.address)))
	}
	versions(t, p, func(t *testing.T, ask func(method, host, path string, fields ...string) reply) {
		apply("/check?user=$remote_user&team=$http_x_team&of=$cookie_s&q=$arg_q")
		if got := ask("GET", "a", "/?q=1%262", "X-Team: a&admin=1 HTTP/1.1#", "Cookie: s=b&admin=1", "Authorization: Basic YWxpY2U6c2VjcmV0"); got.Status != 200 {
			t.Fatalf("got %d %s", got.Status, got.Body)
		}
		r := receive(t, "the question", seen)
		if want := "GET /check?user=alice&team=a%26admin%3D1%20HTTP%2F1.1%23&of=b%26admin%3D1&q=1%262"; r.Line != want || r.Header.Get("X-Name") != "alice" {
			t.Errorf("the service was asked for %s of %q, want %s", r.Line, r.Header.Get("X-Name"), want)
		}
		apply("/a b")
		before := asked.Load()
		if got := ask("GET", "a", "/"); got.Status != 500 || got.reason() != "AuthUnavailable" || asked.Load() != before {
			t.Errorf("what is no target: got %d %s", got.Status, got.Body)
		}
	})
}

func TestAServiceThatIsNotThereLetsNobodyPass(t *testing.T) {
	t.Parallel()
	silent := startScript(t)
	for name, test := range map[string]struct {
		service snapshot.Pool
		timeout time.Duration
		cause   string
		nginx   bool
	}{
		"no endpoint": {poolOf("auth"), patience, "default/auth for /check: no endpoint takes requests", false},
		"nobody":      {poolOf("auth", closedPort(t), closedPort(t)), patience, "default/auth for /check: no endpoint answered", false},
		"deaf":        {poolOf("auth", deafAddress(t)), 50 * time.Millisecond, "default/auth for /check: no endpoint answered", false},
		"silent":      {poolOf("auth", silent.address), 50 * time.Millisecond, "default/auth for /check: it did not answer in time", false},
		"behind nginx": {
			poolOf("auth", closedPort(t)), patience, "default/auth for /check: no endpoint answered", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &pages{}
			p := serve(t, h2c, logTo(log, observe.LogJSON))
			p.apply(guarded("", askingService(func(e *auth.External) { e.Timeout, e.Nginx = test.timeout, test.nginx }), poolOf("pool", named(t, "e").address), test.service))
			versions(t, p, func(t *testing.T, ask func(method, host, path string, fields ...string) reply) {
				want := 503
				if test.nginx {
					want = 500
				}
				got := ask("GET", "a", "/")
				if got.Status != want || got.reason() != "AuthUnavailable" || strings.Contains(got.Body, "default/auth") {
					t.Errorf("got %d %q", got.Status, got.Body)
				}
			})
			for _, line := range log.lines(t, 2) {
				if !strings.Contains(line, fmt.Sprintf("%q", test.cause)) {
					t.Errorf("the log says %s, want %q in it", line, test.cause)
				}
			}
		})
	}
}

// An endpoint of the service that is gone keeps nobody out while there is another one.
func TestAnotherEndpointOfTheServiceIsAsked(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(guarded("", askingService(), poolOf("pool", named(t, "endpoint").address), poolOf("auth", closedPort(t), named(t, "yes").address)))
	for range 10 {
		if got := p.get("a", "/"); got.Status != 200 {
			t.Fatalf("got %d %s", got.Status, got.Body)
		}
	}
}

// A client that goes away, the time of the request and a shutdown each end the wait for the service.
func TestTheWaitForAServiceEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	service := startScript(t)
	p := serve(t, h2c)
	endpoint := named(t, "endpoint")
	apply := func(within time.Duration) {
		s := guarded("", askingService(), poolOf("pool", endpoint.address), poolOf("auth", service.address))
		s.Hosts[0].Routes[0].Timeouts.Request = within
		p.apply(s)
	}
	apply(0)

	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	asked := service.accept()
	asked.head()
	client.abort()
	asked.expectClosed()

	f := p.dialFrames()
	f.get(1, "/")
	asked = service.accept()
	asked.head()
	f.check(f.WriteRSTStream(1, 8))
	asked.expectClosed()

	apply(50 * time.Millisecond)
	client = p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	asked = service.accept()
	asked.head()
	if got := client.reply("GET"); got.Status != 504 || got.reason() != "UpstreamRequestTimeout" {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	asked.expectClosed()
}

func TestNothingOfTheContentIsReadBeforeTheVerdict(t *testing.T) {
	t.Parallel()
	service := startScript(t)
	endpoint := startBackend(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	p := serve(t)
	p.apply(guarded("", askingService(), poolOf("pool", endpoint.address), poolOf("auth", service.address)))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	asked := service.accept()
	if got := asked.head(); !strings.HasPrefix(got, "GET /check HTTP/1.1\r\n") || strings.Contains(got, "Content-Length") || strings.Contains(got, "Expect") {
		t.Errorf("the service was asked %q", got)
	}
	asked.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
	if got := client.reply("POST"); got.Status != 403 {
		t.Errorf("got %d before any 100", got.Status)
	}

	client = p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	asked.head()
	asked.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	client.expect("HTTP/1.1 100 Continue\r\n\r\n")
	client.send("hello")
	if got := client.reply("POST"); got.Status != 200 || got.Body != "hello" {
		t.Errorf("got %d %q", got.Status, got.Body)
	}
}

func TestAServiceGetsContentUpToABound(t *testing.T) {
	t.Parallel()
	service, seen := observing(t, nil)
	copied, copies := observing(t, nil)
	endpoint := startBackend(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	p := serve(t)
	s := guarded("", askingService(func(e *auth.External) { e.MaxBody = 10 }), poolOf("pool", endpoint.address), poolOf("auth", service.address))
	s.Hosts[0].Routes[0].Mirrors = []snapshot.Mirror{{Pool: "shadow", Numerator: 1, Denominator: 1}}
	p.apply(snapshotOf(s.Hosts, append(s.Pools, poolOf("shadow", copied.address))...))
	for name, test := range map[string]struct {
		framing, content string
		want             int
	}{
		"with a length":             {"Content-Length: 5", "hello", 200},
		"in chunks":                 {"Transfer-Encoding: chunked", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 200},
		"after an invitation":       {"Content-Length: 5\r\nExpect: 100-continue", "hello", 200},
		"that is too long":          {"Content-Length: 11", "hello hello", 413},
		"in chunks that are so":     {"Transfer-Encoding: chunked", "b\r\nhello hello\r\n0\r\n\r\n", 413},
		"of just as much as may be": {"Content-Length: 10", "hellohello", 200},
		"beside an upgrade":         {"Content-Length: 5\r\nConnection: upgrade\r\nUpgrade: foo", "hello", 200},
		"too long, with an upgrade": {"Content-Length: 11\r\nConnection: upgrade\r\nUpgrade: foo", "hello hello", 413},
		"in chunks, with one":       {"Transfer-Encoding: chunked\r\nConnection: upgrade\r\nUpgrade: foo", "b\r\nhello hello\r\n0\r\n\r\n", 413},
	} {
		client := p.dial()
		client.send("PUT /up HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n" + test.framing + "\r\n\r\n")
		if strings.Contains(test.framing, "Expect") {
			client.expect("HTTP/1.1 100 Continue\r\n\r\n")
		}
		client.send(test.content)
		got := client.reply("PUT")
		_ = client.Close()
		if got.Status != test.want {
			t.Errorf("%s: got %d %s", name, got.Status, got.Body)
		}
		if test.want != 200 {
			continue
		}
		asked := receive(t, "the question", seen)
		if asked.Line != "POST /check" || asked.Body != got.Body || int(asked.Length) != len(got.Body) || asked.Header.Get("Content-Type") != "text/plain" {
			t.Errorf("%s: the service was asked %+v, and the endpoint answered %q", name, asked, got.Body)
		}
		if strings.Contains(test.framing, "Upgrade") {
			continue // of which there are no copies
		}
		if c := receive(t, "the copy", copies); c.Body != got.Body {
			t.Errorf("%s: the mirror got %q", name, c.Body)
		}
	}
	await(t, "the memory to be given back", func() bool { return p.engine.ContentMemory.Taken() == 0 })
}

// A service that redirects itself is Authelia, or Traefik's kind of forward auth. Behind nginx it is broken.
func TestARedirectionOfTheServiceIsTheClients(t *testing.T) {
	t.Parallel()
	service := startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://id.example.com/?rd=x")
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("X-Internal", "secret")
		w.WriteHeader(http.StatusSeeOther)
	})
	p := serve(t, h2c)
	for _, nginx := range []bool{false, true} {
		p.apply(guarded("", askingService(func(e *auth.External) { e.Nginx = nginx }), poolOf("pool", named(t, "e").address), poolOf("auth", service.address)))
		versions(t, p, func(t *testing.T, ask func(method, host, path string, fields ...string) reply) {
			got := ask("GET", "a", "/")
			switch {
			case nginx && (got.Status != 500 || got.Header.Get("Location") != ""):
				t.Errorf("behind nginx: got %d with %v", got.Status, got.Header)
			case !nginx && (got.Status != 303 || got.reason() != "AuthRequired" || got.Header.Get("Location") != "https://id.example.com/?rd=x" ||
				got.Header.Get("Set-Cookie") != "a=b" || got.Header.Get("X-Internal") != ""):
				t.Errorf("got %d with %v", got.Status, got.Header)
			}
		})
	}
}

// ingress-nginx adds the cookie of the service to certain statuses alone, unless it is told to do so always.
func TestCookiesOfTheServiceReachTheClient(t *testing.T) {
	t.Parallel()
	service := startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=b")
		w.Header().Add("Set-Cookie", "c=d")
	})
	endpoint := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "own=1")
		status, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		w.WriteHeader(status)
	})
	p := serve(t)
	for _, test := range []struct {
		nginx, always bool
		want          map[string]string
	}{
		{false, false, map[string]string{"/200": "own=1|a=b|c=d", "/404": "own=1|a=b|c=d"}},
		{true, false, map[string]string{"/200": "own=1|a=b|c=d", "/302": "own=1|a=b|c=d", "/404": "own=1", "/500": "own=1"}},
		{true, true, map[string]string{"/200": "own=1|a=b|c=d", "/404": "own=1|a=b|c=d"}},
	} {
		p.apply(guarded("", askingService(func(e *auth.External) { e.Nginx, e.AlwaysSetCookie = test.nginx, test.always }),
			poolOf("pool", endpoint.address), poolOf("auth", service.address)))
		for path, want := range test.want {
			if got := strings.Join(p.get("a", path).Header.Values("Set-Cookie"), "|"); got != want {
				t.Errorf("%+v, %s: got %s, want %s", test, path, got, want)
			}
		}
	}
	p.apply(guarded("", askingService(), poolOf("pool", closedPort(t)), poolOf("auth", service.address)))
	if got := p.get("a", "/"); got.Status != 502 || len(got.Header.Values("Set-Cookie")) != 2 {
		t.Errorf("an answer of our own: got %d with %v", got.Status, got.Header)
	}
}

// userOf is a service that knows everybody by a cookie or a token, and counts how often it is asked.
func userOf(t *testing.T, asked *atomic.Int64, headers ...string) *backend {
	return startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		user := ""
		for _, name := range []string{"session"} {
			for _, c := range r.Header.Values("Cookie") { // the last one, as some servers read them
				for pair := range strings.SplitSeq(c, ";") {
					if k, v, _ := strings.Cut(strings.TrimSpace(pair), "="); k == name {
						user = v
					}
				}
			}
		}
		user += strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.Header().Set("X-User", user)
		if user == "" || strings.Contains(user, "mallory") {
			w.WriteHeader(401)
		}
	})
}

// A verdict is kept for one host, method, path and query, unless the key names of these what counts.
func TestAVerdictIsKeptForWhatWasAskedAlone(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	service := userOf(t, &asked)
	p := serve(t, h2c)
	keeping := func(key string) {
		p.apply(guarded("", askingService(func(e *auth.External) {
			e.CacheKey, e.CacheFor, e.ResponseHeaders = key, time.Hour, []string{"X-User"}
		}), poolOf("pool", startBackend(t, told).address), poolOf("auth", service.address)))
	}
	versions(t, p, func(t *testing.T, ask func(method, host, path string, fields ...string) reply) {
		keeping("$cookie_session")
		ask("GET", "a", "/", "Cookie: session=alice")
		before := asked.Load()
		ask("GET", "a", "/", "Cookie: session=alice")
		ask("GET", "a", "/?admin", "Cookie: session=alice")
		ask("GET", "a", "/admin", "Cookie: session=alice")
		if n := asked.Load() - before; n != 2 {
			t.Errorf("the service was asked %d times about another path and another query, want 2", n)
		}
		keeping("$cookie_session$scheme$uri")
		ask("GET", "a", "/", "Cookie: session=alice")
		before = asked.Load()
		for range 5 {
			ask("GET", "a", "/?x", "Cookie: x=1; session=alice; y=2")
		}
		if n := asked.Load() - before; n != 0 {
			t.Errorf("the service was asked %d times about what it had said", n)
		}
		ask("POST", "a", "/", "Cookie: session=alice", "Content-Length: 0")
		ask("GET", "b", "/", "Cookie: session=alice")
		if n := asked.Load() - before; n != 2 {
			t.Errorf("the service was asked %d times about another method and another host, want 2", n)
		}
	})
}

func TestWhatIsNotKept(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string][]string{
		"a cookie": {"Set-Cookie", "session=new"}, "no-store": {"Cache-Control", "no-store"}, "private": {"Cache-Control", "max-age=60, private"},
		"no-cache": {"Cache-Control", "No-Cache"}, "max-age=0": {"Cache-Control", "max-age=0"}, "max-age=x": {"Cache-Control", "max-age=x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			p := serve(t)
			p.apply(guarded("", askingService(func(e *auth.External) { e.CacheKey, e.CacheFor = "$cookie_session", time.Hour }),
				poolOf("pool", named(t, "e").address), poolOf("auth", userOf(t, &asked, headers...).address)))
			for range 3 {
				if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nCookie: session=alice\r\n\r\n"); got.Status != 200 {
					t.Fatalf("got %d", got.Status)
				}
			}
			if asked.Load() != 3 {
				t.Errorf("the service was asked %d times, want 3", asked.Load())
			}
		})
	}
}

// What is kept is the route's and the rule's. Another rule, and another route of the same rule, have verdicts of their
// own. The same rule keeps its own from one snapshot to the next.
func TestKeptVerdictsBelongToTheRoute(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	service := userOf(t, &asked)
	p := serve(t)
	apply := func(change func(*snapshot.Route)) {
		routes := []snapshot.Route{prefix("/", "pool"), prefix("/b", "pool")}
		for i := range routes {
			routes[i].Policies = []policy.Policy{askingService(func(e *auth.External) { e.CacheKey, e.CacheFor = "$cookie_session", time.Hour })}
		}
		change(&routes[0])
		p.apply(snapshotOf([]snapshot.Host{hostOf("", routes...)}, poolOf("pool", named(t, "e").address), poolOf("auth", service.address)))
	}
	expect := func(path string, want int64) {
		t.Helper()
		before := asked.Load()
		if got := p.ask("GET " + path + " HTTP/1.1\r\nHost: a\r\nCookie: session=alice\r\n\r\n"); got.Status != 200 {
			t.Fatalf("got %d", got.Status)
		}
		if n := asked.Load() - before; n != want {
			t.Errorf("%s: the service was asked %d times, want %d", path, n, want)
		}
	}
	apply(func(*snapshot.Route) {})
	expect("/", 1)
	expect("/", 0)
	expect("/b", 1)
	apply(func(r *snapshot.Route) { r.Timeouts.Idle = 2 * patience })
	expect("/", 0)
	apply(func(r *snapshot.Route) { r.Policies[0].(*auth.External).ResponseHeaders = []string{"X-User"} })
	expect("/", 1)
	expect("/b", 0)
	apply(func(r *snapshot.Route) { r.Policies[0].(*auth.External).Missing = "the service is gone" })
	if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nCookie: session=alice\r\n\r\n"); got.Status != 503 || got.reason() != "AuthUnavailable" || strings.Contains(got.Body, "gone") {
		t.Errorf("without a service: got %d %q", got.Status, got.Body)
	}
}

// Of a service whose endpoints are replaced all the time, no request notices anything.
func TestAServiceWhoseEndpointsAreReplacedKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	p := serve(t)
	pool := poolOf("pool", named(t, "e").address)
	first := named(t, "0")
	apply := func(service *backend) { p.apply(guarded("", askingService(), pool, poolOf("auth", service.address))) }
	apply(first)
	done := make(chan struct{})
	var failed atomic.Pointer[string]
	var answered atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c := p.dial()
		for {
			select {
			case <-done:
				return
			default:
			}
			c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			if got := c.reply("GET"); got.Status != 200 {
				text := fmt.Sprintf("%d %s", got.Status, got.Body)
				failed.CompareAndSwap(nil, &text)
			}
			answered.Add(1)
		}
	}()
	for i := range 30 {
		next := named(t, strconv.Itoa(i+1))
		apply(next)
		first.server.CloseClientConnections()
		first = next
		// Two endpoints are asked for a request, so that at most one may go in the time of one.
		before := answered.Load()
		await(t, "answers", func() bool { return answered.Load() >= before+2 })
	}
	close(done)
	<-ended
	if text := failed.Load(); text != nil {
		t.Errorf("a request got %s", *text)
	}
}

func TestExplainSaysWhoWouldBeAsked(t *testing.T) {
	t.Parallel()
	asked := new(counter)
	service := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Cookie") == "" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		w.Header().Set("X-User", "alice")
	})
	p := serve(t)
	signIn := func(e *auth.External) { e.SignInURL, e.MaxBody, e.ResponseHeaders = "/start", 10, []string{"X-User"} }
	p.apply(guarded("a", askingService(signIn), poolOf("pool", named(t, "e").address), poolOf("auth", service.address)))
	for _, test := range []struct {
		ask     bool
		fields  []string
		passed  bool
		text    string
		answer  explanation.Answer
		user    string
		asksNow int64
	}{
		{false, nil, true, "would ask default/auth for /check, and goes on as if that let the request pass", explanation.Answer{Text: "the service's"}, "", 0},
		{true, nil, false, "default/auth for /check does not let the request pass", explanation.Answer{
			Status: 302, Reason: "AuthRequired", Text: "the rule wants to know who you are", Location: "/start?rd=http%3A%2F%2Fa%2Fb",
		}, "", 1},
		{true, []string{"Cookie: a=b", "X-User: forged"}, true, "default/auth for /check lets the request pass", explanation.Answer{Text: "the service's"}, "alice", 1},
	} {
		before := asked.Load()
		got, err := p.Explainer().Explain(&explain.Question{URL: "http://a/b", Headers: test.fields, Ask: test.ask})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]explanation.Policy{{Name: "external-auth", Passed: test.passed, Text: test.text}}, got.Policies); diff != "" {
			t.Errorf("the policies (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(test.answer, got.Answer); diff != "" {
			t.Errorf("the answer (-want +got):\n%s", diff)
		}
		if n := asked.Load() - before; n != test.asksNow {
			t.Errorf("the service was asked %d times, want %d", n, test.asksNow)
		}
		user := ""
		if got.Upstream != nil {
			for _, h := range got.Upstream.Headers {
				if strings.EqualFold(h.Name, "X-User") {
					user += h.Value
				}
			}
		}
		if user != test.user {
			t.Errorf("the endpoint is told %q, want %q", user, test.user)
		}
	}

	p.apply(guarded("a", askingService(), poolOf("pool", named(t, "e").address), poolOf("auth")))
	got, err := p.Explainer().Explain(&explain.Question{URL: "http://a/b", Ask: true})
	want := explanation.Answer{Status: 503, Reason: "AuthUnavailable", Text: "default/auth for /check: no endpoint takes requests"}
	if diff := cmp.Diff(want, got.Answer); err != nil || diff != "" {
		t.Errorf("without an endpoint: %v, the answer (-want +got):\n%s", err, diff)
	}

	silent := startScript(t)
	p.apply(guarded("a", askingService(), poolOf("pool", named(t, "e").address), poolOf("auth", silent.address)))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan *explanation.Explanation)
	go func() {
		got, _ := p.Explainer().ExplainWithin(ctx, &explain.Question{URL: "http://a/b", Ask: true})
		ended <- got
	}()
	silent.accept().head()
	cancel()
	if got := receive(t, "the end of the question", ended); got.Answer.Reason != "ClientClosed" {
		t.Errorf("whoever asked is gone, and the answer is %+v", got.Answer)
	}
}

// A client whose address suffices cannot send what the endpoint takes for the service's word. The service is not asked.
func TestWhoNeedNotAskSaysNothingForTheService(t *testing.T) {
	t.Parallel()
	service := startScript(t)
	p := serve(t, h2c)
	e := askingService(func(e *auth.External) { e.ResponseHeaders = []string{"Authorization", "X-Auth-Request-User", "X-Id"} })
	s := guarded("", e, poolOf("pool", startEcho(t, "b")), poolOf("auth", service.address))
	s.Hosts[0].Routes[0].Policies = []policy.Policy{&policy.Access{Allowed: prefixes("127.0.0.0/8"), Any: true}, e}
	p.apply(s)
	overEach(t, p, func(t *testing.T, c prover) {
		c.ask("GET", "/", "Authorization: Bearer forged", "X-Auth-Request-User: forged", "x_id: forged", "Cookie: honest=1").
			expectPassed(t, "an address that suffices", []string{"Cookie: honest=1"}, "forged")
	})
	if n := service.accepted.Load(); n != 0 {
		t.Errorf("the service was asked %d times", n)
	}

	missing := *e
	missing.Missing = "the service is gone"
	s.Hosts[0].Routes[0].Policies = []policy.Policy{&policy.Access{Allowed: prefixes("127.0.0.0/8"), Any: true}, &missing}
	p.apply(s)
	overEach(t, p, func(t *testing.T, c prover) {
		c.ask("GET", "/", "Authorization: Bearer forged", "x_id: forged", "Cookie: honest=1").
			expectPassed(t, "an address that suffices, and no service", []string{"Cookie: honest=1"}, "forged")
	})
}

// A service with a page for the answer is told of the request, but not what the client tried.
func TestPagesGetNoCredentialsThatWereRefused(t *testing.T) {
	t.Parallel()
	service := startBackend(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	pages := startBackend(t, told)
	for name, test := range map[string]struct {
		by     policy.Policy
		status int
	}{
		"a service":            {askingService(), 403},
		"a service by GRPC":    {askingService(func(e *auth.External) { e.Protocol = auth.GRPC }), 503},
		"no service":           {&auth.External{Missing: "gone"}, 503},
		"a token":              {&auth.JWT{Keys: "{}", Missing: "gone"}, 503},
		"a token that is none": {newTokens(t, "k").takes(""), 401},
		"a password":           {&auth.Basic{Missing: "gone"}, 503},
	} {
		p := serve(t, h2c)
		s := pagedTo(handled(401, 403, 503), poolOf("pool", startEcho(t, "b")), poolOf("pages", pages.address))
		s.Pools = append([]snapshot.Pool{poolOf("auth", service.address)}, s.Pools...)
		s.Hosts[0].Routes[0].Policies = []policy.Policy{test.by}
		p.apply(s)
		got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer tried\r\nX-Told: yes\r\n\r\n")
		if !strings.Contains(got.Body, "X-Told: yes") || strings.Contains(got.Body, "tried") {
			t.Errorf("%s: %d; the page was asked for with\n%s", name, got.Status, got.Body)
		}
		if !strings.Contains(got.Body, "X-Code: "+strconv.Itoa(test.status)) {
			t.Errorf("%s: want %d; the page was asked for with\n%s", name, test.status, got.Body)
		}
	}
}
