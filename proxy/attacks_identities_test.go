// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/genproto/googleapis/rpc/status"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// identities are fields by which endpoints are told who a client is, by somebody or other.
var identities = []string{
	"Remote-User", "Client-Cert", "Client-Cert-Chain", "Ssl-Client-Verify", "Ssl-Client-Cert", "Ssl-Client-Subject-Dn", "X-Auth-Request-User",
	"X-Auth-Request-Email", "X-Auth-Request-Groups", "X-Auth-Request-Preferred-Username", "X-Auth-Request-Access-Token", "X-Forwarded-Client-Cert",
}

// spellings are the ways in which a client may write a field.
var spellings = []struct {
	name  string
	write func(name string) (fields, trailers []string)
}{
	{"as it is", func(name string) ([]string, []string) { return []string{name + ": forged"}, nil }},
	{"in small letters", func(name string) ([]string, []string) { return []string{strings.ToLower(name) + ": forged"}, nil }},
	{"in capitals", func(name string) ([]string, []string) { return []string{strings.ToUpper(name) + ": forged"}, nil }},
	{"with underscores", func(name string) ([]string, []string) {
		return []string{strings.ReplaceAll(name, "-", "_") + ": forged"}, nil
	}},
	{"with one underscore", func(name string) ([]string, []string) {
		return []string{strings.Replace(name, "-", "_", 1) + ": forged"}, nil
	}},
	{"with dots", func(name string) ([]string, []string) {
		return []string{strings.ReplaceAll(name, "-", ".") + ": forged"}, nil
	}},
	{"twice", func(name string) ([]string, []string) { return []string{name + ": forged", name + ": forged"}, nil }},
	{"in two spellings", func(name string) ([]string, []string) {
		return []string{name + ": forged", strings.ReplaceAll(strings.ToUpper(name), "-", "_") + ": forged"}, nil
	}},
	{"in a trailer", func(name string) ([]string, []string) { return nil, []string{name + ": forged"} }},
	{"in a trailer, with underscores", func(name string) ([]string, []string) {
		return nil, []string{strings.ReplaceAll(name, "-", "_") + ": forged"}
	}},
}

// Nothing by which a client says itself who it is gets to the endpoint, whatever the client has to prove.
func TestAttacksByForgedIdentities(t *testing.T) {
	t.Parallel()
	besiege(t, func(s *siege) (all []attack) {
		issuer := newTokens(t, "k")
		service := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Cookie") != "" {
				w.Header().Set("X-User", "alice")
			}
		})
		checks := startChecker(t, func(*authv3.CheckRequest) (*authv3.CheckResponse, error) {
			return &authv3.CheckResponse{Status: &status.Status{}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{
				Headers: []*corev3.HeaderValueOption{headerOption("x-user", "alice")},
			}}}, nil
		})
		silent := startChecker(t, func(*authv3.CheckRequest) (*authv3.CheckResponse, error) {
			return &authv3.CheckResponse{Status: &status.Status{}}, nil
		})
		usual := []string{"X-User", "X-Forwarded-User", "X-Forwarded-Groups", "X-Auth-User", "X-Remote-User", "Remote-Groups", "X-WebAuth-User", "X-Authentik-Username"}
		asking := func(pool snapshot.Pool, e *auth.External, before ...policy.Policy) func() {
			return func() {
				r := prefix("/", "pool")
				r.Policies = append(slices.Clip(before), e)
				s.serves(hostsOf(r), pool)
			}
		}
		say := func(names ...string) func(*auth.External) {
			return func(e *auth.External) { e.ResponseHeaders = names }
		}
		allowed := &policy.Access{Allowed: prefixes("127.0.0.0/8"), Any: true}
		for _, by := range []struct {
			name   string
			before func()
			proof  []string
			more   []string // names that are guarded besides
			told   []string
		}{
			{"a password", s.guarding(basicAuth), []string{knows("carol:secret")}, nil, []string{"Authorization:"}},
			{"a token", s.guarding(issuer.takes("")), []string{brings(issuer.token(nil))}, []string{"X-User", "X-Groups"}, []string{"X-User: alice", "X-Groups: buyers"}},
			{"a token without claims", s.guarding(issuer.takes("")), []string{brings(issuer.token(map[string]any{"sub": "", "groups": nil}))}, []string{"X-User", "X-Groups"}, nil},
			{"an address", s.guarding(allowed, issuer.takes("")), nil, []string{"X-User", "X-Groups"}, nil},
			{"a service", asking(poolOf("auth", service.address), askingService(say("X-User", "X-Role"))), []string{"Cookie: a=b"}, []string{"X-User", "X-Role"},
				[]string{"X-User: alice", "Cookie: a=b"}},
			{"a service that says nothing", asking(poolOf("auth", service.address), askingService(say("X-User"))), nil, []string{"X-User"}, nil},
			{"a service by gRPC", asking(inHTTP2(poolOf("auth", checks)), called(say("X-Rank"))), nil, []string{"X-User", "X-Rank"}, []string{"X-User: alice"}},
			{"a service by gRPC that says nothing", asking(inHTTP2(poolOf("auth", silent)), called()), nil, usual, nil},
			{"a service by gRPC that sees who somebody says to be", asking(inHTTP2(poolOf("auth", silent)),
				called(func(e *auth.External) { e.ForwardHeaders = usual })), nil, usual, nil},
			{"a token, and a service by gRPC that says nothing", asking(inHTTP2(poolOf("auth", silent)), called(), issuer.takes("")), []string{brings(issuer.token(nil))}, usual,
				[]string{"X-User: alice", "X-Groups: buyers"}},
			{"a service that may say anything", asking(poolOf("auth", service.address), askingService(say("*"))), nil, usual, nil},
		} {
			for _, name := range append(by.more, identities...) {
				for _, spelling := range spellings {
					fields, trailers := spelling.write(name)
					all = append(all, attack{
						name: name + " " + spelling.name + ", by who has " + by.name, before: by.before, want: harmless(by.told...),
						asked: asked{method: "POST", fields: append(fields, by.proof...), trailers: trailers},
					})
				}
			}
		}
		return all
	})
}
