// SPDX-License-Identifier: Apache-2.0

package dashboard

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/dashboard/control"
	"github.com/warren-dev/ingress/dashboard/dashboardtest"
	"github.com/warren-dev/ingress/dashboard/live"
	"github.com/warren-dev/ingress/dashboard/page"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// scene is a page about a data plane that serves a snapshot.
type scene struct {
	t       *testing.T
	proxy   *proxy.Proxy
	handler http.Handler
}

func newScene(t *testing.T, s *snapshot.Snapshot) *scene {
	t.Helper()
	p := proxy.New(proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128})
	if _, err := p.Apply(s); err != nil {
		t.Fatal(err)
	}
	d := New(Config{DataPlane: p.Explainer(), ControlPlane: plane{}, Requests: live.New(p.Tap(), observe.NewLines(nil)), Totals: p.Totals, Replica: "replica-1", Version: "v1"})
	return &scene{t, p, Guard(d.Handler())}
}

// plane is a control plane in which all text is hostile.
type plane struct{}

func (plane) Replicas() (list []control.Replica) {
	for _, text := range dashboardtest.Hostile() {
		list = append(list, control.Replica{Name: text, Node: text, Address: text})
	}
	return list
}

func (plane) Orders(context.Context) (o control.Orders, err error) {
	for _, text := range dashboardtest.Hostile() {
		o.Certificates = append(o.Certificates, control.Certificate{Name: text, Secret: text, Hosts: []string{text}, Reason: text, Message: text, Issuing: text, Progress: text})
		o.Ledger = append(o.Ledger, control.Order{Certificate: text})
	}
	return o, nil
}

func (plane) Object(_ context.Context, id, _ string) (control.Object, bool, error) {
	return control.Object{Kind: id, Namespace: id, Name: id, Text: "a: 1\n" + id + "\nb: 2\n", First: 2, Last: 2}, strings.HasPrefix(id, "n/"), nil
}

// shop is a snapshot with one route that has an endpoint.
func shop() *snapshot.Snapshot {
	return &snapshot.Snapshot{
		Hosts: []snapshot.Host{{Name: "shop.example.com", Routes: []snapshot.Route{{Rule: snapshot.RuleID{Ingress: "shop/web"}, Path: "/", Pool: "shop/web:80"}}}},
		Pools: []snapshot.Pool{{ID: "shop/web:80", Service: "shop/web", Endpoints: []snapshot.Endpoint{
			{ID: "task/shop/web-1", Address: netip.MustParseAddrPort("10.0.0.1:80"), Weight: 1}}}},
	}
}

// get asks as a program does.
func (s *scene) get(path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://localhost:9091"+path, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// read reads what is at a path into to.
func (s *scene) read(path string, to any) {
	s.t.Helper()
	w := s.get(path)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		s.t.Fatalf("%s is answered with %d %s: %s", path, w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), to); err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
}

func set(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		if name == "Host" {
			r.Host = value
			return
		}
		r.Header.Add(name, value)
	}
}

func TestOnlyOwnPagesAndProgramsAreAnswered(t *testing.T) {
	s := newScene(t, shop())
	link := []func(*http.Request){set("Sec-Fetch-Site", "cross-site"), set("Sec-Fetch-Mode", "navigate"), set("Sec-Fetch-Dest", "document")}
	for _, test := range []struct {
		name, path string
		change     []func(*http.Request)
		want       int
	}{
		{"a program", "/api/v1/overview", nil, 200},
		{"a program by an address", "/api/v1/overview", []func(*http.Request){set("Host", "10.0.0.7:9091")}, 200},
		{"a program by a name of the cluster", "/", []func(*http.Request){set("Host", "warren.warren-system.svc:9091")}, 200},
		{"a program by the replica's name", "/", []func(*http.Request){set("Host", "replica-1")}, 200},
		{"a person who typed the URL", "/", []func(*http.Request){set("Sec-Fetch-Site", "none")}, 200},
		{"the page itself", "/api/v1/routes", []func(*http.Request){set("Sec-Fetch-Site", "same-origin"), set("Origin", "http://localhost:9091")}, 200},
		{"a link to a view", "/view/explain?url=http://x/", link, 200},
		{"a link to JSON", "/api/v1/overview", link, 403},
		{"another site's script", "/api/v1/routes", []func(*http.Request){set("Sec-Fetch-Site", "cross-site"), set("Sec-Fetch-Mode", "cors")}, 403},
		{"another site's frame", "/", []func(*http.Request){set("Sec-Fetch-Site", "cross-site"), set("Sec-Fetch-Mode", "navigate"), set("Sec-Fetch-Dest", "iframe")}, 403},
		{"another port of this machine", "/api/v1/routes", []func(*http.Request){set("Sec-Fetch-Site", "same-site"), set("Sec-Fetch-Mode", "cors")}, 403},
		{"another origin", "/api/v1/routes", []func(*http.Request){set("Origin", "http://evil.example")}, 403},
		{"no origin that has a name", "/api/v1/routes", []func(*http.Request){set("Origin", "null")}, 403},
		{"two origins", "/api/v1/routes", []func(*http.Request){set("Origin", "http://localhost:9091"), set("Origin", "http://localhost:9091")}, 403},
		{"a name of the Internet", "/", []func(*http.Request){set("Host", "evil.example.com:9091"), set("Origin", "http://evil.example.com:9091")}, 403},
		{"a name of the Internet that ends like an address", "/api/v1/overview", []func(*http.Request){set("Host", "10.0.0.7.evil.com")}, 403},
		{"no host", "/api/v1/overview", []func(*http.Request){set("Host", "")}, 403},
		{"a change", "/api/v1/routes", []func(*http.Request){func(r *http.Request) { r.Method = http.MethodPost }}, 405},
		{"a preflight", "/api/v1/routes", []func(*http.Request){func(r *http.Request) { r.Method = http.MethodOptions }, set("Origin", "http://localhost:9091")}, 405},
		{"nothing", "/api/v1/nothing", nil, 404},
		{"a file that is none", "/assets/page.go", nil, 404},
	} {
		w := s.get(test.path, test.change...)
		if w.Code != test.want {
			t.Errorf("%s: %s is answered with %d, want %d: %s", test.name, test.path, w.Code, test.want, w.Body)
		}
		for name := range w.Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: another origin may read: %s", test.name, name)
			}
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: a browser may take the answer for another type", test.name)
		}
	}
}

func TestEachAnswerSaysWhatABrowserMayDo(t *testing.T) {
	s := newScene(t, shop())
	for _, path := range []string{"/", "/view/routes", "/view/explain", "/view/live", "/view/certificates", "/assets/lib.js", "/api/v1/overview", "/api/v1/nothing"} {
		h := s.get(path).Header()
		policy := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; ") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s has the policy %q", path, policy)
		}
		if h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("%s has the fields %v", path, h)
		}
	}
	etag := s.get("/assets/lib.js").Header().Get("ETag")
	if w := s.get("/assets/lib.js", set("If-None-Match", etag)); etag == "" || w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		t.Errorf("a file that a browser has is answered with %d", w.Code)
	}
}

func TestEachPathAnswersInJSON(t *testing.T) {
	s := newScene(t, shop())
	var replica Replica
	if s.read("/api/v1/replica", &replica); replica.Replica != "replica-1" || replica.Generation != 1 {
		t.Errorf("the replica is %+v", replica)
	}
	var o Overview
	if s.read("/api/v1/overview", &o); o.Serving.Routes != 1 || len(o.Flow.Routes) != 1 || o.Flow.Routes[0].To[0].Address != "10.0.0.1:80" || !o.Flow.Routes[0].To[0].Takes {
		t.Errorf("the overview is %+v", o)
	}
	var found explain.FoundRoutes
	if s.read("/api/v1/routes?q=SHOP+web&state=serving&most=5", &found); found.Matched != 1 || len(found.Routes) != 1 || found.Routes[0].State != explain.RouteServing {
		t.Errorf("the routes are %+v", found)
	}
	var detail explain.RouteDetail
	if s.read("/api/v1/route?host=shop.example.com&path=/&match="+found.Routes[0].Match, &detail); detail.Ingress != "shop/web" || len(detail.Pools) != 1 {
		t.Errorf("the route is %+v", detail)
	}
	var e explanation.Explanation
	if s.read("/api/v1/explain?url=http://shop.example.com/x", &e); len(e.Candidates) != 1 || !e.Candidates[0].Wins {
		t.Errorf("the explanation is %+v", e)
	}
	var list []any
	for _, path := range []string{"/api/v1/certificates", "/api/v1/refused"} {
		if s.read(path, &list); list == nil {
			t.Errorf("%s is null, want a list", path)
		}
	}
	for path, want := range map[string]string{
		"/api/v1/routes?state=broken":                          "serving, down, closed",
		"/api/v1/routes?most=1000":                             "from 0 to 500",
		"/api/v1/routes?skip=-1":                               "from 0 to",
		"/api/v1/routes?q=" + strings.Repeat("a+", 9):          "write fewer",
		"/api/v1/explain?url=shop":                             "write one such as https://",
		"/api/v1/explain?url=http://shop.example.com&ask=true": "explain --ask",
		"/api/v1/explain?url=http://x&client=me":               "no address",
		"/api/v1/requests?status=9":                            "such as 404",
		"/api/v1/requests?most=0":                              "from 1 to 1000",
	} {
		if w := s.get(path); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is answered with %d %q, want 400 with %q", path, w.Code, w.Body, want)
		}
	}
}

// follow reads events until done says so.
func (s *scene) follow(path string, done func(kind, data string) bool) {
	s.t.Helper()
	server := httptest.NewServer(s.handler)
	s.t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	s.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		s.t.Fatalf("%s has the type %q", path, got)
	}
	kind := ""
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			kind = value
		case "data":
			if done(kind, value) {
				return
			}
			kind = ""
		case "", "retry":
		default:
			s.t.Fatalf("an event has the line %q", lines.Text())
		}
	}
	s.t.Fatalf("%s ended", path)
}

func TestRequestsAreSentAsTheyEnd(t *testing.T) {
	s := newScene(t, shop())
	record := &observe.Record{Request: &message.Request{Method: []byte("GET"), Authority: []byte("shop.example.com")}, Host: []byte("shop.example.com"),
		Path: []byte("/cart"), Client: netip.MustParseAddr("203.0.113.7"), Status: 403, Reason: reason.AccessDenied}
	counted := false
	s.follow("/api/v1/requests?reason=AccessDenied", func(kind, data string) bool {
		if kind == "counts" { // Somebody looks now.
			var c live.Counts
			if err := json.Unmarshal([]byte(data), &c); err != nil {
				t.Error(err)
			}
			counted = true
			s.proxy.Tap().Record(record)
			return false
		}
		var shown struct{ Path, Reason, Client string }
		if err := json.Unmarshal([]byte(data), &shown); err != nil || shown.Path != "/cart" || shown.Reason != "AccessDenied" || shown.Client != "203.0.113.7" {
			t.Errorf("the request is %+v (%v)", shown, err)
		}
		return true
	})
	if !counted {
		t.Error("no counts were sent")
	}
}

func TestTheOverviewIsSentAgainAndAgain(t *testing.T) {
	s, n := newScene(t, shop()), 0
	s.follow("/api/v1/overview/events", func(_, data string) bool {
		var o Overview
		if err := json.Unmarshal([]byte(data), &o); err != nil || o.Serving.Routes != 1 {
			t.Errorf("the overview is %s (%v)", data, err)
		}
		n++
		return n == 2
	})
}

// Everything that comes from objects and requests goes through all of JSON, and comes out as it was.
func TestHostileTextIsText(t *testing.T) {
	hostile := dashboardtest.Hostile()
	if len(hostile) < 50 {
		t.Fatalf("there are %d hostile texts, want 50", len(hostile))
	}
	snap := &snapshot.Snapshot{}
	for i, text := range hostile {
		id, path := fmt.Sprintf("%02d/%s", i, text), "/"
		if form, err := canonical.Path(nil, []byte("/"+text)); err == nil {
			path = string(form)
		}
		snap.Pools = append(snap.Pools, snapshot.Pool{ID: id, Service: "s/" + text, Why: text})
		snap.Hosts = append(snap.Hosts, snapshot.Host{Name: fmt.Sprintf("h%02d.example.com", i), Owner: text, Routes: []snapshot.Route{
			{Rule: snapshot.RuleID{Ingress: "n/" + text, Where: text}, Path: path, Match: snapshot.MatchExact, Pool: id, Closed: "InvalidAuth", ClosedWhy: text}}})
		snap.Unserved = append(snap.Unserved, snapshot.Unserved{Host: text, Path: text, Rule: snapshot.RuleID{Ingress: text}, Reason: text, Why: text})
	}
	s := newScene(t, snap)
	for i, text := range hostile {
		host := fmt.Sprintf("h%02d.example.com", i)
		var found explain.FoundRoutes
		if s.read("/api/v1/routes?"+url.Values{"q": {host}}.Encode(), &found); len(found.Routes) != 1 || found.Routes[0].ClosedWhy != text || found.Routes[0].Ingress != "n/"+text {
			t.Fatalf("%q is found as %+v", text, found)
		}
		r := found.Routes[0]
		var detail explain.RouteDetail
		if s.read("/api/v1/route?"+url.Values{"host": {host}, "path": {r.Path}, "match": {r.Match}}.Encode(), &detail); detail.Owner != text || detail.Rule != text {
			t.Errorf("%q is the route %+v", text, detail)
		}
		var object control.Object
		if s.read("/api/v1/object?"+url.Values{"object": {"n/" + text}, "rule": {text}}.Encode(), &object); !strings.Contains(object.Text, text) || object.First != 2 {
			t.Errorf("%q is the object %+v", text, object)
		}
		for _, path := range []string{
			"/api/v1/object?" + url.Values{"object": {text}, "rule": {text}}.Encode(),
			"/api/v1/routes?" + url.Values{"q": {text}, "state": {text}}.Encode(),
			"/api/v1/route?" + url.Values{"host": {text}, "path": {text}}.Encode(),
			"/api/v1/explain?" + url.Values{"url": {text}}.Encode(),
			"/api/v1/explain?" + url.Values{"url": {"http://" + host + "/" + text}, "method": {text}, "header": {"X: " + text, text}, "client": {text}}.Encode(),
			"/api/v1/explain?" + url.Values{"url": {"http://" + host + "/" + url.PathEscape(text)}, "header": {"X: " + text}}.Encode(),
			"/api/v1/requests?" + url.Values{"status": {text}, "reason": {text}}.Encode(),
			"/api/v1/" + url.PathEscape(text),
		} {
			w := s.get(path)
			kind := w.Header().Get("Content-Type")
			if kind != "application/json" && kind != "text/plain; charset=utf-8" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s is answered with the type %q", path, kind)
			}
			if kind == "application/json" && !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s is answered with no JSON: %s", path, w.Body)
			}
		}
	}
	var refused []explain.RefusedRule
	s.read("/api/v1/refused", &refused)
	for i, text := range hostile {
		if refused[i].Why != text || refused[i].Host != text {
			t.Errorf("%q is refused as %+v", text, refused[i])
		}
	}
	var o Overview
	if s.read("/api/v1/overview", &o); len(o.Serving.Troubled) == 0 || o.Serving.Troubled[0].ClosedWhy != hostile[0] {
		t.Errorf("the overview has %+v", o.Serving.Troubled)
	}
	var orders control.Orders
	s.read("/api/v1/orders", &orders)
	for i, text := range hostile {
		if orders.Certificates[i].Message != text || o.Replicas[i].Name != text {
			t.Errorf("%q is ordered as %+v, and a replica is %+v", text, orders.Certificates[i], o.Replicas[i])
		}
	}
	var seen []string
	s.follow("/api/v1/requests?most=1000", func(kind, data string) bool {
		if kind == "counts" && len(seen) == 0 {
			for i, text := range hostile {
				s.proxy.Tap().Record(&observe.Record{Request: &message.Request{Method: []byte(text), Authority: []byte(text),
					Fields: []message.Field{{Name: []byte("User-Agent"), Value: []byte(text)}}}, Path: []byte(text), Host: []byte(text), Ended: time.Duration(i) * time.Second})
			}
			return false
		}
		if kind == "counts" {
			return false
		}
		var shown struct{ Path string }
		if err := json.Unmarshal([]byte(data), &shown); err != nil {
			t.Errorf("%s: %v", data, err)
		}
		seen = append(seen, shown.Path)
		return len(seen) == len(hostile)
	})
	for i, text := range hostile {
		if strings.ContainsFunc(text, func(r rune) bool { return r > 127 }) {
			continue // The log spells the bytes of requests, not their letters.
		}
		if seen[i] != text {
			t.Errorf("%q is shown as %q", text, seen[i])
		}
	}
}

func TestHostileNamesOfTheReplicaAreText(t *testing.T) {
	for _, text := range dashboardtest.Hostile() {
		for _, view := range page.Views() {
			w := httptest.NewRecorder()
			page.Handler(view, page.Frame{Replica: text, Version: text}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, view.Path, nil))
			plain := httptest.NewRecorder()
			page.Handler(view, page.Frame{Replica: "x", Version: "x"}).ServeHTTP(plain, httptest.NewRequest(http.MethodGet, view.Path, nil))
			if strings.Count(w.Body.String(), "<") != strings.Count(plain.Body.String(), "<") {
				t.Errorf("%q makes an element of view %s", text, view.Name)
			}
		}
	}
}

func TestHistoryCountsByReasonAndForgets(t *testing.T) {
	var h history
	began := time.Unix(1000, 0)
	totals := observe.Totals{}
	for i := range 3 * historySteps {
		h.add(began.Add(time.Duration(i)*historyStep), totals)
		totals.Requests += 10
		totals.Reasons[reason.None] += 8
		totals.Reasons[reason.RouteNotFound]++
		totals.Reasons[reason.RedirectToHTTPS]++
		totals.Durations[2] += 9
		totals.Durations[14]++
	}
	report := reportOf(append(h.all(), historyPoint{began.Add(3 * historySteps * historyStep), totals}))
	if got := len(report.Periods); got != historySteps+1 {
		t.Errorf("there are %d periods, want %d", got, historySteps+1)
	}
	for _, p := range report.Periods {
		if p.Requests != 10 || p.Errors != 1 || p.Seconds != historyStep.Seconds() || p.P50 < 0.001 || p.P50 > 0.0025 || p.P99 != 10 {
			t.Errorf("a period is %+v", p)
		}
	}
	if len(report.Reasons) != 1 || report.Reasons[0].Reason != "RouteNotFound" || report.Reasons[0].Requests != historySteps+1 || len(report.Reasons[0].Steps) != historySteps+1 {
		t.Errorf("the reasons are %+v", report.Reasons)
	}
}

// late is a data plane whose requests go on while it is asked for its routes, and are noted just then.
type late struct {
	DataPlane
	of     *Dashboard
	totals observe.Totals
}

func (l *late) RouteStates() explain.RouteStates {
	l.totals.Requests++
	l.totals.ServiceErrors++
	l.of.history.add(time.Now(), l.totals)
	return l.DataPlane.RouteStates()
}

func TestRequestsThatEndMeanwhileAreNotTakenAway(t *testing.T) {
	p := proxy.New(proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128})
	l := &late{DataPlane: p.Explainer()}
	l.of = New(Config{DataPlane: l, ControlPlane: plane{}, Requests: live.New(p.Tap(), observe.NewLines(nil)), Totals: func() observe.Totals { return l.totals }})
	for range 3 {
		for _, period := range l.of.overview().History.Periods {
			if period.Requests > 1 || period.Errors > 1 {
				t.Fatalf("a period has %d requests and %d errors", period.Requests, period.Errors)
			}
		}
	}
}

func TestTheFlowHasTheRoutesWithTheMostRequests(t *testing.T) {
	snap := shop()
	for i := range 40 {
		snap.Hosts = append(snap.Hosts, snapshot.Host{Name: fmt.Sprintf("t%02d.example.com", i), Routes: []snapshot.Route{
			{Rule: snapshot.RuleID{Ingress: "shop/web", Rule: i + 1}, Path: "/", Pool: "shop/web:80"}}})
	}
	s := newScene(t, snap)
	var o Overview
	s.read("/api/v1/overview", &o) // The counting begins.
	names := &observe.RouteNames{Rule: snapshot.RuleID{Ingress: "shop/web", Rule: 38}, Path: "/", Service: "shop/web"}
	record := &observe.Record{Request: &message.Request{}, Host: []byte("t37.example.com"), Route: names, Status: 502,
		Attempts: []observe.Attempt{{Address: netip.MustParseAddrPort("10.0.0.1:80")}}}
	s.proxy.Tap().Record(record)
	other := *record
	other.Route = &observe.RouteNames{Rule: names.Rule, Path: "/", Service: "shop/web"} // of the generation before
	s.proxy.Tap().Record(&other)
	s.proxy.Tap().Record(&observe.Record{Request: &message.Request{}, Status: 404})
	s.read("/api/v1/overview", &o)
	f := &o.Flow
	if f.UnroutedPerSecond == 0 || len(f.Routes) != flowMost || f.Others != 41-flowMost {
		t.Errorf("the flow has %d routes and %d others", len(f.Routes), f.Others)
	}
	first := &f.Routes[0]
	if first.Host != "t37.example.com" || first.PerSecond == 0 || first.ErrorsPerSecond != first.PerSecond || len(first.To) != 1 || first.To[0].PerSecond != first.PerSecond {
		t.Errorf("the first route is %+v", first)
	}
	if slices.ContainsFunc(f.Routes[1:], func(r FlowRoute) bool { return r.Host == first.Host || r.PerSecond > 0 }) {
		t.Errorf("the others are %+v", f.Routes[1:])
	}
}

// locating counts how often its routes are looked up.
type locating struct {
	DataPlane
	lookups int
}

func (l *locating) Locate(host, object, place, path string) (explain.FoundRoute, bool) {
	l.lookups++
	return l.DataPlane.Locate(host, object, place, path)
}

func TestFewSumsOfRequestsAreLookedUp(t *testing.T) {
	s := newScene(t, shop())
	l := &locating{DataPlane: s.proxy.Explainer()}
	d := New(Config{DataPlane: l, ControlPlane: plane{}, Requests: live.New(s.proxy.Tap(), observe.NewLines(nil)), Totals: s.proxy.Totals})
	d.overview() // The counting begins.
	names := &observe.RouteNames{Rule: snapshot.RuleID{Ingress: "shop/web"}, Path: "/", Service: "shop/web"}
	const many = 3 * locatedMost
	for i := range many {
		s.proxy.Tap().Record(&observe.Record{Request: &message.Request{}, Host: []byte("shop.example.com"), Route: names, Status: 200,
			Attempts: []observe.Attempt{{Address: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), uint16(i))}}})
	}
	f := d.overview().Flow
	if l.lookups > locatedMost {
		t.Errorf("%d sums were looked up, want at most %d", l.lookups, locatedMost)
	}
	if sum := (f.Routes[0].PerSecond + f.OthersPerSecond) * max(f.Seconds, 1); f.Routes[0].PerSecond == 0 || sum < many-0.5 || sum > many+0.5 {
		t.Errorf("there are %v requests a second of the route and %v others, want %d requests together", f.Routes[0].PerSecond, f.OthersPerSecond, many)
	}
}
