// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/status"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// unruly are services that never say plainly that a request may pass.
var unruly = map[string]func(*wire){
	"closes at once":         func(*wire) {},
	"closes within the head": func(w *wire) { w.head(); w.send("HTTP/1.1 200 OK\r\nContent-Le") },
	"closes within a body":   func(w *wire) { w.head(); w.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") },
	"closes within a chunk":  func(w *wire) { w.head(); w.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf") },
	"is not HTTP":            func(w *wire) { w.head(); w.send("+PONG\r\n") },
	"has two lengths":        func(w *wire) { w.head(); w.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n") },
	"changes the protocol": func(w *wire) {
		w.head()
		w.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
	},
	"redirects to nowhere":    func(w *wire) { w.head(); w.send("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n") },
	"only informs":            func(w *wire) { w.head(); w.send(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100)) },
	"fails":                   func(w *wire) { w.head(); w.send("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n") },
	"sends without an end":    pouring("HTTP/1.1 200 OK\r\n\r\n"),
	"sends a long answer":     pouring("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n"),
	"sends a long refusal":    pouring("HTTP/1.1 403 Forbidden\r\nContent-Length: 104857600\r\n\r\n"),
	"sends a head of 100 MiB": pouring("HTTP/1.1 200 OK\r\nX-Long: "),
}

// pouring sends a head, and then a hundred megabytes or as much as is taken.
func pouring(head string) func(*wire) {
	return func(w *wire) {
		w.head()
		w.send(head)
		piece := make([]byte, 1<<20)
		for i := range piece {
			piece[i] = 'x'
		}
		for range 100 {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	}
}

// startUnruly starts a service that behaves so on each connection.
func startUnruly(t *testing.T, behave func(*wire)) netip.AddrPort {
	t.Helper()
	service := startScript(t)
	go func() {
		for c := range service.conns {
			behave(newWire(t, c))
			_ = c.Close()
		}
	}()
	return service.address
}

// asks returns what has the endpoint guarded by a service, for whatever host.
func (s *siege) asks(e *auth.External, service snapshot.Pool) func() {
	return s.asksFor("", e, service)
}

// asksFor does that for one host.
func (s *siege) asksFor(host string, e *auth.External, service snapshot.Pool) func() {
	return func() {
		r := prefix("/", "pool")
		r.Policies = []policy.Policy{e}
		s.serves([]snapshot.Host{hostOf(host, r)}, service)
	}
}

// Nobody gets in by what is wrong with the service that says who does.
func TestAttacksByServices(t *testing.T) {
	t.Parallel()
	besiege(t, func(s *siege) (all []attack) {
		unavailable := refused(503, "AuthUnavailable")
		briefly := func(e *auth.External) { e.Timeout = 100 * time.Millisecond }
		for name, behave := range unruly {
			all = append(all, attack{name: "a service that " + name, before: s.asks(askingService(), poolOf("auth", startUnruly(t, behave))), want: unavailable})
		}
		answering := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
			status, _ := strconv.Atoi(r.Header.Get("Cookie"))
			w.Header().Set("WWW-Authenticate", `Bearer realm="shop"`)
			w.WriteHeader(status)
		})
		for _, status := range []string{"300", "302", "304", "400", "404", "407", "418", "429", "499", "500", "502", "503", "599"} {
			all = append(all, attack{name: "a service that answers " + status, before: s.asks(askingService(), poolOf("auth", answering.address)),
				asked: asked{fields: []string{"Cookie: " + status}}, want: unavailable})
		}
		redirecting := startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://id.example.com/")
			w.Header().Set("X-Internal", "forged")
			w.WriteHeader(http.StatusFound)
		})
		silent, deaf := startScript(t).address, deafAddress(t)
		behind := func(e *auth.External) { e.Nginx = true }
		oks := startChecker(t, func(*authv3.CheckRequest) (*authv3.CheckResponse, error) {
			return &authv3.CheckResponse{Status: &status.Status{Message: strings.Repeat("x", 100<<10)}}, nil
		})
		return append(all,
			attack{name: "a service that says 401", before: s.asks(askingService(), poolOf("auth", answering.address)), asked: asked{fields: []string{"Cookie: 401"}},
				want: refused(401, "AuthRequired", `WWW-Authenticate: Bearer realm="shop"`)},
			attack{name: "a service that says 403", before: s.asks(askingService(), poolOf("auth", answering.address)), asked: asked{fields: []string{"Cookie: 403"}},
				want: refused(403, "AuthDenied", "WWW-Authenticate:")},
			attack{name: "a service that redirects", before: s.asks(askingService(), poolOf("auth", redirecting.address)),
				want: refused(302, "AuthRequired", "Location: https://id.example.com/", "X-Internal:")},
			attack{name: "a service that redirects behind nginx", before: s.asks(askingService(behind), poolOf("auth", redirecting.address)),
				want: refused(500, "AuthUnavailable", "Location:", "X-Internal:")},
			attack{name: "a service without endpoints", before: s.asks(askingService(), poolOf("auth")), want: unavailable},
			attack{name: "a service where nobody listens", before: s.asks(askingService(), poolOf("auth", closedPort(t), closedPort(t))), want: unavailable},
			attack{name: "a service that takes no connection", before: s.asks(askingService(briefly), poolOf("auth", deaf)), want: unavailable},
			attack{name: "a service that hangs", before: s.asks(askingService(briefly), poolOf("auth", silent)), want: unavailable},
			attack{name: "a service that is gone", before: s.asks(askingService(func(e *auth.External) { e.Missing = "gone" }), poolOf("auth")), want: unavailable},
			attack{name: "a service that is the proxy itself", before: s.asks(askingService(), poolOf("auth", netip.MustParseAddrPort(s.address))), want: unavailable},
			attack{name: "a service that is asked for what is no target", before: s.asks(askingService(behind, func(e *auth.External) { e.Path = "/a b" }),
				poolOf("auth", answering.address)), want: refused(500, "AuthUnavailable")},
			attack{name: "a service of gRPC that is gone", before: s.asks(called(), inHTTP2(poolOf("auth", closedPort(t)))), want: unavailable},
			attack{name: "a service of gRPC that hangs", before: s.asks(called(briefly), inHTTP2(poolOf("auth", silent))), want: unavailable},
			attack{name: "a service of gRPC that says too much", before: s.asks(called(), inHTTP2(poolOf("auth", oks))), want: unavailable},
			attack{name: "a service of gRPC that speaks HTTP/1.1", before: s.asks(called(), poolOf("auth", named(t, "e").address)), want: unavailable},
			attack{name: "a service of gRPC that speaks HTTP/2 alone", before: s.asks(called(), inHTTP2(poolOf("auth", startH2C(t, echoed).address))), want: unavailable},
		)
	})
}

// A verdict that is kept is its user's alone: whoever comes right after, within the time of the cache, is somebody
// else.
func TestAttacksByKeptVerdicts(t *testing.T) {
	t.Parallel()
	besiege(t, func(s *siege) (all []attack) {
		service := userOf(t, new(atomic.Int64))
		stranger := refused(401, "AuthRequired")
		first := &asked{fields: []string{"Cookie: session=alice"}}
		for _, key := range []string{"$cookie_session", "$http_authorization", "$cookie_session$http_authorization", "$host", "constant", "$remote_user$request_uri"} {
			before := s.asks(askingService(func(e *auth.External) {
				e.CacheKey, e.CacheFor, e.ResponseHeaders = key, time.Hour, []string{"X-User"}
			}), poolOf("auth", service.address))
			for _, a := range []struct {
				name   string
				fields []string
				want   outcome
			}{
				{"another user's cookie", []string{"Cookie: session=bob"}, harmless("X-User: bob")},
				{"half in a cookie and half in a token", []string{"Cookie: session=ali", "Authorization: Bearer ce2"}, harmless("X-User: alice2")},
				{"a token", []string{"Authorization: Bearer carol"}, harmless("X-User: carol")},
				{"her cookie and another one in one field", []string{"Cookie: session=alice; session=dave"}, harmless("X-User: dave")},
				{"her cookie and another one in two fields", []string{"Cookie: session=alice", "Cookie: session=erin"}, harmless("X-User: erin")},
				{"nothing", nil, stranger},
				{"her name in another cookie", []string{"Cookie: other=alice"}, stranger},
				{"a cookie that is none", []string{"Cookie: session=mallory"}, stranger},
				{"her cookie and a bad token", []string{"Cookie: session=alice", "Authorization: Bearer mallory"}, stranger},
				{"her cookie again", []string{"Cookie: session=alice"}, harmless("X-User: alice")},
			} {
				all = append(all, attack{name: "after alice, whose verdict is kept by " + key + ": " + a.name, before: before, first: first,
					asked: asked{fields: append([]string{"X-User: forged"}, a.fields...)}, want: a.want})
			}
		}
		keeping := askingService(func(e *auth.External) {
			e.CacheKey, e.CacheFor, e.ResponseHeaders = "$cookie_session", time.Hour, []string{"X-User"}
		})
		brief := askingService(func(e *auth.External) { e.CacheKey, e.CacheFor = "$cookie_session", time.Nanosecond })
		there, gone := poolOf("auth", service.address), poolOf("auth", closedPort(t))
		for _, a := range []struct {
			name   string
			e      *auth.External
			fields []string
			want   outcome
		}{
			{"none: her kept verdict", keeping, first.fields, harmless("X-User: alice")},
			{"her verdict whose time is over", brief, first.fields, refused(503, "AuthUnavailable")},
			{"another user's cookie", keeping, []string{"Cookie: session=bob"}, refused(503, "AuthUnavailable")},
			{"no cookie", keeping, nil, refused(503, "AuthUnavailable")},
		} {
			all = append(all, attack{name: "once the service is gone: " + a.name, before: s.asks(a.e, there), first: first, meanwhile: s.asks(a.e, gone),
				asked: asked{fields: a.fields}, want: a.want})
		}
		return all
	})
}

// Where clients sign in leads back to a host of the rule alone.
func TestAttacksBySignIn(t *testing.T) {
	t.Parallel()
	besiege(t, func(s *siege) (all []attack) {
		service := poolOf("auth", startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.Header().Set("Set-Cookie", "csrf=1")
			w.WriteHeader(401)
		}).address)
		to := func(url string) func(*auth.External) { return func(e *auth.External) { e.SignInURL = url } }
		nginx := func(url string) func(*auth.External) {
			return func(e *auth.External) { e.SignInURL, e.Nginx = url, true }
		}
		const shop = "shop.example.com"
		for _, a := range []struct {
			name, rule       string
			change           func(*auth.External)
			host, path, want string
		}{
			{"none: the usual", shop, to("https://id.example.com/start"), "Shop.Example.com", "/a/b?c=d&e=%2F", "https://id.example.com/start?rd=http%3A%2F%2Fshop.example.com%2Fa%2Fb%3Fc%3Dd%26e%3D%252F"},
			{"none: a query", shop, to("https://id.example.com/start?a=b"), shop, "/", "https://id.example.com/start?a=b&rd=http%3A%2F%2Fshop.example.com%2F"},
			{"none: where to go is there already", shop, to("https://id.example.com/start?rd=/home"), shop, "/", "https://id.example.com/start?rd=/home"},
			{"none: another parameter", shop, func(e *auth.External) { e.SignInURL, e.SignInParam = "/login", "back" }, shop, "/", "/login?back=http%3A%2F%2Fshop.example.com%2F"},
			{"none: a port", shop, to("/s"), "shop.example.com:8443", "/", "/s?rd=http%3A%2F%2Fshop.example.com%3A8443%2F"},
			{"two slashes and a host", shop, to("/s"), shop, "//evil.example.com/a", "/s?rd=http%3A%2F%2Fshop.example.com%2Fevil.example.com%2Fa"},
			{"escaped backslashes and a host", shop, to("/s"), shop, "/%5C%5Cevil.example.com", "/s?rd=http%3A%2F%2Fshop.example.com%2F%255C%255Cevil.example.com"},
			{"an at sign and a host", shop, to("/s"), shop, "/@evil.example.com", "/s?rd=http%3A%2F%2Fshop.example.com%2F%40evil.example.com"},
			{"a second parameter", shop, to("/s"), shop, "/?rd=https://evil.example.com", "/s?rd=http%3A%2F%2Fshop.example.com%2F%3Frd%3Dhttps%3A%2F%2Fevil.example.com"},
			{"none: a wildcard", "*.example.com", to("/s"), "a.example.com", "/", "/s?rd=http%3A%2F%2Fa.example.com%2F"},
			{"a parameter in a wildcard's label", "*.example.com", to("/s"), "a&b.example.com", "/", "/s?rd=http%3A%2F%2Fa%26b.example.com%2F"},
			{"whatever host", "", to("/s"), "evil.example.com", "/a?b", "/s?rd=%2Fa%3Fb"},
			{"whatever host and two slashes", "", to("/s"), "evil.example.com", "//evil.example.com/a", "/s?rd=%2Fevil.example.com%2Fa"},
			{"none: as ingress-nginx", shop, nginx("https://$host/oauth2/start?rd=$escaped_request_uri"), shop, "/a?b=c", "https://shop.example.com/oauth2/start?rd=%2Fa%3Fb%3Dc"},
			{"none: as ingress-nginx, without a query", shop, nginx("https://id.example.com"), shop, "/a", "https://id.example.com?rd=http%3A%2F%2Fshop.example.com%2Fa"},
			{"as ingress-nginx, with a second parameter", shop, nginx("https://$host/start?rd=https://$host$request_uri"), shop, "/a?b&rd=//evil.io",
				"https://shop.example.com/start?rd=https://shop.example.com%2Fa%3Fb%26rd%3D%2F%2Fevil.io"},
			{"as ingress-nginx, with all of the target", shop, nginx("https://id.io$request_uri"), shop, "/a?rd=//evil.io", "https://id.io/a?rd=http%3A%2F%2Fshop.example.com%2Fa%3Frd%3D%2F%2Fevil.io"},
		} {
			all = append(all, attack{name: "at sign-in " + a.name, before: s.asksFor(a.rule, askingService(a.change), service),
				asked: asked{host: a.host, path: a.path}, want: refused(302, "AuthRequired", "Location: "+a.want, "Set-Cookie: csrf=1", "WWW-Authenticate:")})
		}
		return append(all,
			attack{name: "at sign-in of whatever host, as ingress-nginx", before: s.asksFor("", askingService(nginx("https://$host/start")), service),
				asked: asked{host: "evil.example.com"}, want: refused(401, "AuthRequired", "Location:", "WWW-Authenticate: Basic")},
			attack{name: "at sign-in a backslash", before: s.asksFor(shop, askingService(to("/s")), service), asked: asked{host: shop, path: `/a\b`},
				want: refused(400, "MalformedPath", "Location:")},
			attack{name: "at sign-in by a call of gRPC", before: s.asksFor(shop, askingService(to("/s")), service),
				asked: asked{method: "POST", host: shop, path: "/p.S/M", fields: []string{"Content-Type: application/grpc"}}, want: refused(401, "AuthRequired", "Location:")},
		)
	})
}

// Over HTTP/1.1 a target may name a host itself. It leads nowhere either.
func TestATargetWithAHostLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	service := startBackend(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) })
	p := serve(t)
	p.apply(guarded("shop.example.com", askingService(func(e *auth.External) { e.SignInURL = "/s" }), poolOf("pool", named(t, "e").address), poolOf("auth", service.address)))
	for target, want := range map[string]string{
		"http://shop.example.com/a":                "302 /s?rd=http%3A%2F%2Fshop.example.com%2Fa",
		"http://evil.example.com/a":                "400 ",
		"http://shop.example.com@evil.example.com": "400 ",
		"http://evil.example.com@shop.example.com": "400 ",
	} {
		got := p.ask("GET " + target + " HTTP/1.1\r\nHost: shop.example.com\r\n\r\n")
		if is := fmt.Sprintf("%d %s", got.Status, got.Header.Get("Location")); is != want {
			t.Errorf("%s: got %s, want %s", target, is, want)
		}
	}
}
