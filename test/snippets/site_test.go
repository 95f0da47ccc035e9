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
	template := snapshot.Route{
		Rule: snapshot.RuleID{Ingress: "shop/web"}, Match: snapshot.MatchExpression, Pool: "shop/cart:8080",
		Timeouts: snapshot.Timeouts{Connect: 5 * time.Second, Idle: 10 * time.Second},
	}
	var locations []snippet.Location
	for _, path := range s.paths() {
		result, faults := snippet.Compile(snippet.Snippets{Configuration: s.Configuration, Server: s.Server}, s.context(path))
		if len(faults) > 0 {
			return nil, faults
		}
		locations = result.Locations
		r := template
		switch {
		case s.Path != "":
			r.Path = "(?i)" + s.Path + ".*"
		case path == "/":
			r.Path = "/.*"
		default:
			r.Path = path + "(/.*)?"
		}
		if result.Script != nil {
			r.Policies = []policy.Policy{result.Script}
		}
		rules := result.Access
		if len(rules) == 0 {
			rules = result.ServerAccess
		}
		if access, ok := snippet.AccessOf(rules); access != nil || !ok {
			r.Policies = append(r.Policies, access)
		}
		list = append(list, r)
	}
	if s.Path != "" { // what no path has goes to the default backend
		context := s.context("/")
		context.Path, context.RewriteTarget = "", ""
		result, faults := snippet.Compile(snippet.Snippets{Configuration: "return 404;", Server: s.Server}, context)
		if len(faults) > 0 {
			return nil, faults
		}
		rest := template
		rest.Path, rest.Policies = "/.*", []policy.Policy{result.Script}
		list = append(list, rest)
	}
	list = append(added(tb, template, locations), list...)
	for i := range list {
		list[i].Turn, list[i].Rule.Path = i, i
	}
	return list, nil
}

// added returns the routes of locations that a snippet adds, in the order in which nginx prefers them. It is right
// where none of the Ingress's paths is below a prefix.
func added(tb testing.TB, template snapshot.Route, locations []snippet.Location) (list []snapshot.Route) {
	tb.Helper()
	order := []snippet.LocationMatch{snippet.Exact, snippet.Final, snippet.Expression, snippet.FoldedExpression, snippet.Prefix}
	for _, match := range order {
		for i := range locations {
			l := &locations[i]
			if l.Match != match {
				continue
			}
			r := template
			r.Path, r.Pool = l.Pattern(), ""
			var ok bool
			if r.Policies, ok = l.Policies(); !ok {
				tb.Fatalf("the rules of access of line %d need too many prefixes", l.Line)
			}
			list = append(list, r)
		}
	}
	return list
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
		slices.SortFunc(routes, func(a, b snapshot.Route) int { return strings.Compare(a.Path, b.Path) })
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
