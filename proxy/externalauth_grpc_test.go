// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	grpcstatus "google.golang.org/grpc/status"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// checker is a service of gRPC that says who gets in.
type checker struct {
	authv3.UnimplementedAuthorizationServer
	check func(*authv3.CheckRequest) (*authv3.CheckResponse, error)
}

func (c *checker) Check(_ context.Context, r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return c.check(r)
}

// startChecker starts one on grpc-go.
func startChecker(tb testing.TB, check func(*authv3.CheckRequest) (*authv3.CheckResponse, error)) netip.AddrPort {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := grpc.NewServer()
	authv3.RegisterAuthorizationServer(s, &checker{check: check})
	ended := make(chan error)
	go func() { ended <- s.Serve(l) }()
	tb.Cleanup(func() {
		s.Stop()
		if err := <-ended; err != nil {
			tb.Errorf("serving: %v", err)
		}
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// called asks by gRPC.
func called(changes ...func(*auth.External)) *auth.External {
	return askingService(append([]func(*auth.External){func(e *auth.External) { e.Protocol, e.Path = auth.GRPC, "" }}, changes...)...)
}

func inHTTP2(p snapshot.Pool) snapshot.Pool {
	p.H2C = true
	return p
}

func headerOption(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{Header: &corev3.HeaderValue{Key: name, Value: value}}
}

func TestARealAuthorizationServerOfGRPCSaysWhoGetsIn(t *testing.T) {
	t.Parallel()
	service := startChecker(t, func(r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
		asked := r.GetAttributes().GetRequest().GetHttp()
		if asked.GetMethod() != "GET" || asked.GetPath() != "/a?b=c" || asked.GetHost() != "shop.example.com" || asked.GetScheme() != "http" ||
			r.GetAttributes().GetSource().GetAddress().GetSocketAddress().GetAddress() != "127.0.0.1" {
			t.Errorf("asked %v", r)
		}
		switch asked.GetHeaders()["x-who"] {
		case "alice":
			return &authv3.CheckResponse{Status: &status.Status{}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{
				Headers:              []*corev3.HeaderValueOption{headerOption("x-user", "alice")},
				HeadersToRemove:      []string{"x-who"},
				ResponseHeadersToAdd: []*corev3.HeaderValueOption{headerOption("x-seen", "yes")},
			}}}, nil
		case "mallory":
			return &authv3.CheckResponse{Status: &status.Status{Code: int32(codes.PermissionDenied)}, HttpResponse: &authv3.CheckResponse_DeniedResponse{
				DeniedResponse: &authv3.DeniedHttpResponse{
					Status: &typev3.HttpStatus{Code: typev3.StatusCode_PaymentRequired}, Body: `{"pay": true}`,
					Headers: []*corev3.HeaderValueOption{headerOption("content-type", "application/json"), headerOption("x-price", "1")},
				},
			}}, nil
		case "nobody":
			return &authv3.CheckResponse{Status: &status.Status{Code: int32(codes.Unauthenticated)}, HttpResponse: &authv3.CheckResponse_DeniedResponse{
				DeniedResponse: &authv3.DeniedHttpResponse{
					Status: &typev3.HttpStatus{Code: typev3.StatusCode_Unauthorized}, Headers: []*corev3.HeaderValueOption{headerOption("www-authenticate", "Bearer")},
				},
			}}, nil
		case "huge":
			return &authv3.CheckResponse{Status: &status.Status{Message: strings.Repeat("x", 100<<10)}}, nil
		case "query":
			return &authv3.CheckResponse{Status: &status.Status{}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: &authv3.OkHttpResponse{
				QueryParametersToRemove: []string{"b"},
			}}}, nil
		}
		return nil, grpcstatus.Error(codes.Internal, "who?")
	})
	p := serve(t, h2c)
	p.apply(guarded("", called(), poolOf("pool", startBackend(t, told).address), inHTTP2(poolOf("auth", service))))
	versions(t, p, func(t *testing.T, ask func(method, host, path string, fields ...string) reply) {
		for _, test := range []struct {
			who, answer, body string
			fields            map[string]string
		}{
			{"alice", "200 ", "X-User: alice\r\n", map[string]string{"X-Seen": "yes"}},
			{"mallory", "402 AuthDenied", `{"pay": true}`, map[string]string{"X-Price": "1", "Content-Type": "application/json"}},
			{"nobody", "401 AuthRequired", "", map[string]string{"WWW-Authenticate": "Bearer"}},
			{"huge", "503 AuthUnavailable", "", nil},
			{"query", "503 AuthUnavailable", "", nil},
			{"else", "503 AuthUnavailable", "", nil},
		} {
			got := ask("GET", "shop.example.com", "/a?b=c", "X-Who: "+test.who, "X-User: forged")
			if is := fmt.Sprintf("%d %s", got.Status, got.reason()); is != test.answer || !strings.Contains(got.Body, test.body) || strings.Contains(got.Body, "forged") || strings.Contains(got.Body, "X-Who") {
				t.Errorf("%s: got %s %q, want %s %q", test.who, is, got.Body, test.answer, test.body)
			}
			for name, want := range test.fields {
				if is := got.Header.Get(name); is != want {
					t.Errorf("%s: %s is %q, want %q", test.who, name, is, want)
				}
			}
		}
	})
}

// A service of gRPC gives what no list has. What it has given once no client can say.
func TestNobodyForgesWhatAServiceOfGRPCHasSaidOnce(t *testing.T) {
	t.Parallel()
	service := startChecker(t, func(r *authv3.CheckRequest) (*authv3.CheckResponse, error) {
		ok := new(authv3.OkHttpResponse)
		if r.GetAttributes().GetRequest().GetHttp().GetHeaders()["x-who"] == "alice" {
			ok.Headers = []*corev3.HeaderValueOption{headerOption("x-user", "alice")}
		}
		return &authv3.CheckResponse{Status: &status.Status{}, HttpResponse: &authv3.CheckResponse_OkResponse{OkResponse: ok}}, nil
	})
	p := serve(t, h2c)
	p.apply(guarded("", called(), poolOf("pool", startBackend(t, told).address), inHTTP2(poolOf("auth", service))))
	versions(t, p, func(t *testing.T, ask func(method, host, path string, fields ...string) reply) {
		if got := ask("GET", "a", "/", "X-Who: alice"); !strings.Contains(got.Body, "X-User: alice\r\n") {
			t.Fatalf("the endpoint got %q", got.Body)
		}
		if got := ask("GET", "a", "/", "X-Who: bob", "X-User: forged", "x_user: forged"); got.Status != 200 || strings.Contains(got.Body, "forged") {
			t.Errorf("got %d, and the endpoint %q", got.Status, got.Body)
		}
	})
}

// A service of gRPC that is replaced keeps nobody out, and one that is away lets nobody in.
func TestAnAuthorizationServerOfGRPCThatIsAwayLetsNobodyPass(t *testing.T) {
	t.Parallel()
	p := serve(t, h2c)
	for name, pool := range map[string]snapshot.Pool{
		"nobody":          inHTTP2(poolOf("auth", closedPort(t))),
		"no endpoint":     inHTTP2(poolOf("auth")),
		"one of HTTP/1.1": inHTTP2(poolOf("auth", named(t, "e").address)),
		"one of HTTP/2":   inHTTP2(poolOf("auth", startH2C(t, echoed).address)),
		"not of gRPC":     poolOf("auth", named(t, "e").address),
		"deaf":            inHTTP2(poolOf("auth", deafAddress(t))),
	} {
		p.apply(guarded("", called(func(e *auth.External) { e.Timeout = 100 * time.Millisecond }), poolOf("pool", named(t, "e").address), pool))
		versions(t, p, func(t *testing.T, ask func(method, host, path string, fields ...string) reply) {
			if got := ask("GET", "a", "/"); got.Status != 503 || got.reason() != "AuthUnavailable" {
				t.Errorf("%s: got %d %s", name, got.Status, got.Body)
			}
		})
	}
}

// What grpc-go makes of our answers to calls.
func TestCallsThatDoNotGetInEndInTheirCodes(t *testing.T) {
	t.Parallel()
	says := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Authorization") {
		case "":
			w.WriteHeader(http.StatusUnauthorized)
		case "no":
			w.WriteHeader(http.StatusForbidden)
		case "broken":
			w.WriteHeader(http.StatusInternalServerError)
		case "redirects":
			w.Header().Set("Location", "/login")
			w.WriteHeader(http.StatusFound)
		}
	})
	service := startChecker(t, func(*authv3.CheckRequest) (*authv3.CheckResponse, error) { return &authv3.CheckResponse{}, nil })
	p := serve(t, h2c)
	p.apply(guarded("", askingService(func(e *auth.External) { e.SignInURL = "/start" }), inHTTP2(poolOf("pool", service)), poolOf("auth", says.address)))
	for authorization, want := range map[string]codes.Code{
		"": codes.Unauthenticated, "no": codes.PermissionDenied, "broken": codes.Unavailable, "redirects": codes.Unauthenticated, "yes": codes.OK,
	} {
		if got := callThrough(t, p.address, authorization); got != want {
			t.Errorf("%q: got %v, want %v", authorization, got, want)
		}
	}
}

// callThrough calls a method with grpc-go, and returns how that ended.
func callThrough(tb testing.TB, address, authorization string) codes.Code {
	tb.Helper()
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if authorization != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
	}
	_, err = authv3.NewAuthorizationClient(conn).Check(ctx, &authv3.CheckRequest{})
	return grpcstatus.Code(err)
}
