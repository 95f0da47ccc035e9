// SPDX-License-Identifier: Apache-2.0

package snippets

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"

	"github.com/warren-dev/ingress/controllers/nginx/snippet"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// The backend answers as the field of a request wants, and says in the content what it got.
const wantedField = "Wanted"

// seen is what the backend got.
type seen struct {
	Method, Target, Host string
	Fields               http.Header
}

type wanted struct {
	Status int
	Answer [][2]string
}

func startBackend(tb testing.TB) netip.AddrPort {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var want wanted
		if err := json.Unmarshal([]byte(r.Header.Get(wantedField)), &want); err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		for _, f := range want.Answer {
			w.Header().Add(f[0], f[1])
		}
		text, err := json.Marshal(seen{Method: r.Method, Target: r.RequestURI, Host: r.Host, Fields: r.Header})
		if err != nil {
			http.Error(w, err.Error(), http.StatusTeapot)
			return
		}
		w.Header().Set("Backend", strconv.Itoa(len(text)))
		if want.Status == http.StatusNoContent {
			w.Header().Set("Seen", string(text))
		}
		w.WriteHeader(want.Status)
		if want.Status != http.StatusNoContent {
			_, _ = w.Write(text)
		}
	}))
	tb.Cleanup(server.Close)
	return netip.MustParseAddrPort(server.Listener.Addr().String())
}

// routes returns the routes of a sample, or the faults of its snippets.
func (s *sample) routes(tb testing.TB) (list []snapshot.Route, faults []snippet.Fault) {
	tb.Helper()
	for i, path := range s.paths() {
		result, faults := snippet.Compile(snippet.Snippets{Configuration: s.Configuration, Server: s.Server}, s.context(path))
		if len(faults) > 0 {
			return nil, faults
		}
		r := snapshot.Route{
			Rule: snapshot.RuleID{Ingress: "shop/web", Path: i}, Path: path, Match: snapshot.MatchPrefix, Pool: "shop/cart:8080",
			Timeouts: snapshot.Timeouts{Connect: 5 * time.Second, Idle: 10 * time.Second},
		}
		if s.Path != "" {
			r.Path, r.Match = "(?i)"+s.Path+".*", snapshot.MatchExpression
		}
		if result.Script != nil {
			r.Policies = []policy.Policy{result.Script}
		}
		list = append(list, r)
	}
	if s.Path == "" {
		return list, nil
	}
	// What no path has goes to the default backend.
	context := s.context("/")
	context.Path, context.RewriteTarget = "", ""
	result, faults := snippet.Compile(snippet.Snippets{Configuration: "return 404;", Server: s.Server}, context)
	if len(faults) > 0 {
		return nil, faults
	}
	rest := list[0]
	rest.Turn = 1
	rest.Rule.Path, rest.Path, rest.Match, rest.Policies = 1, "/.*", snapshot.MatchExpression, []policy.Policy{result.Script}
	return append(list, rest), nil
}

// startOurs starts this proxy with the samples that are kept, and returns its address. It returns the faults of the
// others by their seeds.
func startOurs(tb testing.TB, samples []*sample, backend netip.AddrPort) (address string, closed map[uint64][]snippet.Fault) {
	tb.Helper()
	closed = map[uint64][]snippet.Fault{}
	s := &snapshot.Snapshot{Pools: []snapshot.Pool{{
		ID: "shop/cart:8080", Service: "shop/cart", Endpoints: []snapshot.Endpoint{{ID: "task/shop/cart", Address: backend, Weight: 1}},
	}}}
	for _, sample := range samples {
		routes, faults := sample.routes(tb)
		if len(faults) > 0 {
			closed[sample.Seed] = faults
			continue
		}
		s.Hosts = append(s.Hosts, snapshot.Host{Name: sample.Host, Routes: routes})
	}
	slices.SortFunc(s.Hosts, func(a, b snapshot.Host) int { return strings.Compare(a.Name, b.Name) })
	p := proxy.New(proxy.Config{
		Logger: testr.New(tb.(*testing.T)), ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		MaxHeaderBytes: 64 << 10, MaxHeaders: 200, DrainTimeout: 10 * time.Second,
	})
	if _, err := p.Apply(s); err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.ServePlain(l)
	}()
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := p.Shutdown(ctx); err != nil {
			tb.Error(err)
		}
		<-done
	})
	return l.Addr().String(), closed
}
