// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/step"
)

func (s *served) explain(q explain.Question) *explanation.Explanation {
	s.tb.Helper()
	e, err := s.Explainer().Explain(&q)
	if err != nil {
		s.tb.Fatalf("explaining %+v: %v", q, err)
	}
	return e
}

func ruled(r snapshot.Route, ingress string, rule, path int) snapshot.Route {
	r.Rule = snapshot.RuleID{Ingress: ingress, Rule: rule, Path: path}
	return r
}

func TestExplainSaysWhyEachCandidateLost(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{
		hostOf("", ruled(prefix("/", "b"), "default/fallback", 0, 0)),
		hostOf("*.example.com", ruled(prefix("/api", "b"), "default/wild", 0, 0)),
		hostOf("shop.example.com", ruled(exact("/api/v1", "b"), "default/shop", 0, 0), ruled(prefix("/", "b"), "default/shop", 0, 1),
			ruled(prefix("/api", "b"), "default/shop", 1, 0), ruled(prefix("/ap", "b"), "default/shop", 1, 1)),
	}, poolOf("b", closedPort(t))))
	line := func(c explanation.Candidate) string {
		return fmt.Sprintf("%v %s %s %s %s: %s", c.Wins, c.Host, c.Match, c.Path, c.Rule, c.Why)
	}
	for _, test := range []struct {
		path string
		want []string
	}{
		{"/api/v1", []string{
			"true shop.example.com Exact /api/v1 0.0: the most specific rule that matches",
			"false shop.example.com Prefix /api 1.0: matches, but an Exact path goes before a Prefix",
			"false shop.example.com Prefix / 0.1: matches, but an Exact path goes before a Prefix",
			"false *.example.com Prefix /api 0.0: matches, but shop.example.com is more specific than *.example.com",
			"false  Prefix / 0.0: matches, but shop.example.com is more specific than (every host)",
			"false shop.example.com Prefix /ap 1.1: does not match: the path is not /ap or below it",
		}},
		{"/api/v2", []string{
			"true shop.example.com Prefix /api 1.0: the most specific rule that matches",
			"false shop.example.com Prefix / 0.1: matches, but /api is longer",
			"false *.example.com Prefix /api 0.0: matches, but shop.example.com is more specific than *.example.com",
			"false  Prefix / 0.0: matches, but shop.example.com is more specific than (every host)",
			"false shop.example.com Exact /api/v1 0.0: does not match: the path is not /api/v1",
			"false shop.example.com Prefix /ap 1.1: does not match: the path is not /ap or below it",
		}},
	} {
		var got []string
		for _, c := range p.explain(explain.Question{URL: "http://SHOP.example.com:8000//x/.." + test.path}).Candidates {
			got = append(got, line(c))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.path, diff)
		}
	}
}

func TestExplainHintsAtWhatMayHaveBeenMeant(t *testing.T) {
	t.Parallel()
	p := serve(t)
	if got := p.explain(explain.Question{URL: "http://a/"}); !strings.Contains(strings.Join(got.Hints, "\n"), "nothing is served at all") {
		t.Errorf("without a snapshot the hints are %q", got.Hints)
	}
	p.apply(snapshotOf([]snapshot.Host{hostOf("*.example.com", prefix("/", "b")), hostOf("shop.example.org", prefix("/api", "b"))}, poolOf("b")))
	for host, want := range map[string][]string{
		"a.b.example.com":  {"no rule is for host a.b.example.com; 2 hosts are served", "*.example.com stands for exactly one label before example.com"},
		"example.com":      {"no rule is for host example.com; 2 hosts are served", "*.example.com does not stand for example.com itself"},
		"other":            {"no rule is for host other; 2 hosts are served"},
		"shop.example.org": {"rules for this host are above; none of their paths matches"},
	} {
		got := p.explain(explain.Question{URL: "http://" + host + "/x"})
		if diff := cmp.Diff(want, got.Hints); diff != "" || got.Answer.Reason != "RouteNotFound" || got.Answer.Status != 404 {
			t.Errorf("%s: %+v, hints (-want +got):\n%s", host, got.Answer, diff)
		}
	}
}

func TestExplainSaysWhatIsWrittenAndNotServed(t *testing.T) {
	t.Parallel()
	p := serve(t)
	written := snapshotOf([]snapshot.Host{hostOf("a", ruled(prefix("/api", "b"), "default/first", 0, 0))}, poolOf("b"))
	refused := func(host, path string, match snapshot.PathMatch, position int, why string) {
		written.Unserved = append(written.Unserved, snapshot.Unserved{
			Host: host, Path: path, Match: match, Senseless: why == "InvalidRule", Rule: snapshot.RuleID{Ingress: "default/second", Path: position},
			Service: "default/s", Reason: why, Why: "told so",
		})
	}
	refused("", "/", snapshot.MatchPrefix, 0, "HostOwnedElsewhere")
	refused("*.example.com", "/x", snapshot.MatchExact, 1, "PathConflict")
	refused("a", "/api", snapshot.MatchPrefix, 2, "PathConflict")
	refused("a", "no/path", snapshot.MatchPrefix, 3, "InvalidRule")
	refused("a", "/other", snapshot.MatchPrefix, 4, "PathConflict")
	refused("a", "/v(.*)", snapshot.MatchPrefix, 5, "InvalidRule")
	p.apply(written)

	for _, test := range []struct {
		url  string
		want []string
		hint string
	}{
		{"http://a/api/v1", []string{
			"0.0: the most specific rule that matches",
			"0.2 PathConflict: matches, but is not served, PathConflict: told so",
			"0.3 InvalidRule: is not served, InvalidRule: told so",
			"0.5 InvalidRule: is not served, InvalidRule: told so",
			"0.0 HostOwnedElsewhere: matches, but is not served, HostOwnedElsewhere: told so",
			"0.4 PathConflict: does not match: the path is not /other or below it",
		}, ""},
		{"http://w.example.com/x", []string{
			"0.1 PathConflict: matches, but is not served, PathConflict: told so",
			"0.0 HostOwnedElsewhere: matches, but is not served, HostOwnedElsewhere: told so",
		}, "rules for this host are above; none that matches is served"},
	} {
		e := p.explain(explain.Question{URL: test.url})
		var got []string
		for _, c := range e.Candidates {
			got = append(got, strings.TrimSuffix(c.Rule+" "+c.Unserved, " ")+": "+c.Why)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.url, diff)
		}
		if hint := strings.Join(e.Hints, "\n"); hint != test.hint {
			t.Errorf("%s: the hint is %q, not %q", test.url, hint, test.hint)
		}
	}
}

func TestExplainNamesThePrefixThatDecided(t *testing.T) {
	t.Parallel()
	p := serve(t, trust("10.0.0.0/8"))
	p.apply(everythingBy(func(r *snapshot.Route) {
		*accessOf(r) = policy.Access{Allowed: prefixes("203.0.113.0/24", "2001:db8::/32"), Denied: prefixes("203.0.113.128/25")}
	}, closedPort(t)))
	for _, test := range []struct {
		peer, forwarded string
		want            explanation.Access
	}{
		{"203.0.113.1", "", explanation.Access{Admitted: true, Prefix: "203.0.113.0/24", Why: "203.0.113.0/24 is allowed"}},
		{"203.0.113.200", "", explanation.Access{Prefix: "203.0.113.128/25", Why: "203.0.113.128/25 is denied"}},
		{"::ffff:203.0.113.1", "", explanation.Access{Admitted: true, Prefix: "203.0.113.0/24", Why: "203.0.113.0/24 is allowed"}},
		{"198.51.100.1", "203.0.113.1", explanation.Access{Why: "no allowed prefix holds the address"}},
		{"10.0.0.1", "203.0.113.200", explanation.Access{Prefix: "203.0.113.128/25", Why: "203.0.113.128/25 is denied"}},
		{"10.0.0.1", "2001:db8::5", explanation.Access{Admitted: true, Prefix: "2001:db8::/32", Why: "2001:db8::/32 is allowed"}},
	} {
		q := explain.Question{URL: "http://a/", Peer: netip.MustParseAddr(test.peer)}
		if test.forwarded != "" {
			q.Headers = []string{"X-Forwarded-For: " + test.forwarded}
		}
		got := p.explain(q)
		if diff := cmp.Diff(&test.want, got.Access); diff != "" || (got.Answer.Reason == "AccessDenied") == test.want.Admitted {
			t.Errorf("%s for %q: answered with %q, access (-want +got):\n%s", test.peer, test.forwarded, got.Answer.Reason, diff)
		}
	}
	p.apply(everythingBy(func(r *snapshot.Route) { accessOf(r).Denied = prefixes("203.0.113.0/24") }, closedPort(t)))
	want := &explanation.Access{Admitted: true, Why: "no denied prefix holds the address, and there are no allowed ones"}
	if diff := cmp.Diff(want, p.explain(explain.Question{URL: "http://a/"}).Access); diff != "" {
		t.Errorf("with denied prefixes alone (-want +got):\n%s", diff)
	}
}

func TestExplainTakesNothingFromARateLimit(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { *rateLimitOf(r) = policy.RateLimit{PerSecond: 0.001, Burst: 2} }, startEcho(t, "b")))
	q := explain.Question{URL: "http://a/", Peer: netip.MustParseAddr("127.0.0.1")}
	for i, want := range []explanation.Limit{
		{PerSecond: 0.001, Burst: 2, Replicas: 1, Left: 2, Allowed: true},
		{PerSecond: 0.001, Burst: 2, Replicas: 1, Left: 1, Allowed: true},
		{PerSecond: 0.001, Burst: 2, Replicas: 1, Left: 0},
	} {
		for range 5 {
			got := p.explain(q)
			if got.RateLimit == nil || got.RateLimit.Allowed != want.Allowed || (got.Answer.Reason == "RateLimited") == want.Allowed {
				t.Fatalf("after %d requests: %+v, answered with %q", i, got.RateLimit, got.Answer.Reason)
			}
			// A part of a token has come back since.
			if left := got.RateLimit.Left; left < want.Left || left > want.Left+0.5 {
				t.Errorf("after %d requests %v are left, want %v", i, left, want.Left)
			}
			if wait := got.RateLimit.RetryAfter; want.Allowed != (wait == 0) || wait > 1000 {
				t.Errorf("after %d requests the wait is %v s", i, wait)
			}
		}
		p.get("a", "/")
	}
	p.SetReplicas(2)
	other := q
	other.Peer = netip.MustParseAddr("203.0.113.7")
	if got := p.explain(other).RateLimit; got.Replicas != 2 || got.Left != 1 {
		t.Errorf("shared by two replicas: %+v, want one request left here", got)
	}
}

func TestExplainSaysWhyATaskIsOut(t *testing.T) {
	t.Parallel()
	pool := poolOf("pool", closedPort(t), closedPort(t), closedPort(t), closedPort(t))
	pool.Endpoints[0].Draining, pool.Endpoints[1].Weight, pool.Endpoints[2].Unhealthy = true, 0, true
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("a", prefix("/", "pool"))}, pool))
	got := p.explain(explain.Question{URL: "http://a/"})
	type task struct {
		Takes       bool
		Health, Why string
	}
	var tasks []task
	for _, e := range got.Pool.Tasks {
		tasks = append(tasks, task{e.TakesRequests, e.Health, e.Why})
	}
	want := []task{
		{false, "Healthy", "it drains"}, {false, "Healthy", "its weight is 0"}, {false, "Unhealthy", "it was reported unhealthy"}, {true, "Healthy", ""},
	}
	if diff := cmp.Diff(want, tasks); diff != "" || got.Answer.Reason != "" {
		t.Errorf("answered with %q, tasks (-want +got):\n%s", got.Answer.Reason, diff)
	}
	pool.Endpoints = slices.Clone(pool.Endpoints) // the other ones are the snapshot's
	pool.Endpoints[3].Draining = true
	p.apply(snapshotOf([]snapshot.Host{hostOf("a", prefix("/", "pool"))}, pool))
	if got := p.explain(explain.Question{URL: "http://a/"}); got.Answer.Reason != "NoHealthyTask" || got.Answer.Status != 503 {
		t.Errorf("with none left: %+v, want 503 NoHealthyTask", got.Answer)
	}
}

func TestExplainSaysWhatACheckAndRequestsFound(t *testing.T) {
	t.Parallel()
	down := closedPort(t)
	pool := poolOf("pool", down, startEcho(t, "b"))
	pool.Endpoints[0].Checked = true
	wanted := snapshotOf([]snapshot.Host{hostOf("a", prefix("/", "pool"))}, pool)
	wanted.Checks = []snapshot.Check{{
		ID: pool.Endpoints[0].ID, Address: down, Interval: time.Hour, Timeout: patience, HealthyThreshold: 1, UnhealthyThreshold: 1,
	}}
	p := serve(t)
	p.apply(wanted)
	await(t, "the probe", func() bool {
		first := p.explain(explain.Question{URL: "http://a/"}).Pool.Tasks[0]
		return first.Health == "Unhealthy" && !first.TakesRequests && strings.HasPrefix(first.Why, "its health check fails: connecting to "+down.String()) &&
			strings.Contains(first.Why, ", since 20")
	})

	p.apply(snapshotOf([]snapshot.Host{hostOf("a", prefix("/", "pool"))}, poolOf("pool", down, startEcho(t, "c"))))
	await(t, "the endpoint to be set aside", func() bool {
		p.get("a", "/")
		first := p.explain(explain.Question{URL: "http://a/"}).Pool.Tasks[0]
		return !first.TakesRequests && strings.HasPrefix(first.Why, "it is set aside")
	})
	tasks := p.explain(explain.Question{URL: "http://a/"}).Pool.Tasks
	first := tasks[0]
	if !strings.Contains(first.Why, "in a row failed, the last one at 20") || !strings.HasSuffix(first.Why, first.LastError) ||
		!strings.HasPrefix(first.LastError, "UpstreamConnectFailed: ") || !strings.Contains(first.LastError, "refused") {
		t.Errorf("the endpoint is explained as %+v, want what its last request failed of", first)
	}
	if since := time.Since(first.LastErrorTime); since < 0 || since > patience {
		t.Errorf("the last error is of %v", first.LastErrorTime)
	}
	if other := tasks[1]; other.LastError != "" || other.Why != "" {
		t.Errorf("the other endpoint is explained as %+v, want that nothing failed there", other)
	}
}

func TestExplainSaysWhyNothingIsBehindARule(t *testing.T) {
	t.Parallel()
	const why = "no Task of the namespace has this serviceName, and no Service this name"
	for name, test := range map[string]struct {
		change func(*snapshot.Snapshot)
		want   string
	}{
		"no service": {func(s *snapshot.Snapshot) { s.Pools[0].Why = why }, "\n      " + why + "\n"},
		"a closed rule": {func(s *snapshot.Snapshot) {
			s.Hosts[0].Routes[0].Closed, s.Hosts[0].Routes[0].ClosedWhy = "ForeignAnnotation", "annotation a/b says who gets in"
		}, "it is closed, ForeignAnnotation: annotation a/b says who gets in\n"},
	} {
		p := serve(t)
		s := snapshotOf([]snapshot.Host{hostOf("a", prefix("/", "pool"))}, poolOf("pool"))
		test.change(s)
		p.apply(s)
		var text strings.Builder
		e := p.explain(explain.Question{URL: "http://a/"})
		if err := e.WriteText(&text, time.Now()); err != nil {
			t.Fatal(err)
		}
		if e.Answer.Status != 503 || !strings.Contains(text.String(), test.want) || strings.Contains(text.String(), "ResolvedRefs") {
			t.Errorf("%s: there is no %q in:\n%s", name, test.want, text.String())
		}
	}
}

func TestExplainSaysWhatAnEndpointHasToProve(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	for want, terms := range map[string]snapshot.UpstreamTLS{
		"": {},
		"a certificate for api.default.svc from an authority of the rule's":        trusting(a),
		"a certificate for api.default.svc from an authority of the system's":      {ServerName: backendName},
		"any certificate, asked for as api.default.svc":                            {ServerName: backendName, SkipVerify: true},
		"a certificate for a, the request's host, from an authority of the rule's": following(a),
		"any certificate, asked for as a, the request's host":                      {ServerName: backendName, ServerNameFromRequest: true, SkipVerify: true},
	} {
		p := serve(t)
		p.apply(over(terms, everything(closedPort(t))))
		e := p.explain(explain.Question{URL: "http://a/"})
		if e.Pool.TLS != want {
			t.Errorf("%+v: got %q, want %q", terms, e.Pool.TLS, want)
		}
		var text strings.Builder
		if err := e.WriteText(&text, time.Now()); err != nil || strings.Contains(text.String(), "over TLS") != (want != "") || !strings.Contains(text.String(), want) {
			t.Errorf("%+v: the text is %v\n%s", terms, err, text.String())
		}
	}
}

func TestExplainNamesTheProtocol(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	for want, s := range map[string]*snapshot.Snapshot{
		"HTTP": everything(closedPort(t)), "H2C": inH2C(everything(closedPort(t))), "HTTPS": over(trusting(a), everything(closedPort(t))),
	} {
		p := serve(t)
		p.apply(s)
		e := p.explain(explain.Question{URL: "http://a/"})
		if e.Pool.Protocol != want {
			t.Errorf("got %q, want %q", e.Pool.Protocol, want)
		}
		var text strings.Builder
		if err := e.WriteText(&text, time.Now()); err != nil || strings.Contains(text.String(), "in HTTP/2 without TLS") != (want == "H2C") {
			t.Errorf("%s: the text is %v\n%s", want, err, text.String())
		}
	}
}

func TestExplainShowsWhatTheEndpointGets(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		rewriteOf(r).StripPrefix = "/api"
		headersOf(r).Request = policy.HeaderChanges{Set: []policy.Header{{Name: "X-App", Value: "1"}}, Remove: []string{"Server"}}
	}, startEcho(t, "b")))
	got := p.explain(explain.Question{
		URL: "http://Shop.example.com/api/x?q=1#fragment", Method: "POST", Peer: netip.MustParseAddr("203.0.113.7"),
		Headers: []string{"Server: x", "Host: other.example.com", "X-Forwarded-For: 1.2.3.4"},
	})
	headers := got.Upstream.Headers
	id, mark := headers[len(headers)-5], headers[len(headers)-2]
	want := []explanation.Header{
		{Name: "Host", Value: "other.example.com"}, {Name: "X-Forwarded-For", Value: "203.0.113.7"}, {Name: "X-Real-IP", Value: "203.0.113.7"}, {Name: "X-Forwarded-Proto", Value: "http"},
		{Name: "X-Forwarded-Port", Value: "80"}, {Name: "X-Forwarded-Host", Value: "other.example.com"}, id, {Name: "X-App", Value: "1"}, {Name: "X-Forwarded-Prefix", Value: "/api"}, mark,
		{Name: "Content-Length", Value: "0"},
	}
	if diff := cmp.Diff(want, headers); diff != "" || id.Name != "X-Request-Id" || mark.Name != "CDN-Loop" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if got.Upstream.Target != "/x?q=1" || got.Upstream.Path != "/x" || got.Upstream.Method != "POST" || got.Request.Host != "other.example.com" {
		t.Errorf("the endpoint gets %+v", got.Upstream)
	}
}

func TestExplainFindsTheCertificateOfAHandshake(t *testing.T) {
	t.Parallel()
	p := serve(t)
	s := with(everything(startEcho(t, "b")), issue(t, "default/wild", ecdsaKey(t), "*.example.com"), issue(t, "default/shop", ecdsaKey(t), "shop.example.com"))
	p.apply(s)
	for host, want := range map[string]string{
		"shop.example.com": "default/shop", "SHOP.example.com:8443": "default/shop", "blog.example.com": "default/wild", "example.com": "", "127.0.0.1": "",
	} {
		got := p.explain(explain.Question{URL: "https://" + host + "/"})
		switch {
		case want == "":
			if got.Certificate != nil || got.Answer.TLSAlert != "unrecognized_name" || got.Answer.Status != 0 || got.Pool != nil {
				t.Errorf("%s: %+v and the answer %+v, want an alert", host, got.Certificate, got.Answer)
			}
		case got.Certificate == nil || got.Certificate.ID != want || got.Certificate.NotAfter.Before(time.Now()) || got.Answer.TLSAlert != "" || !got.Request.Secure:
			t.Errorf("%s: %+v, want %s", host, got.Certificate, want)
		}
	}
	other := with(everything(startEcho(t, "b")), issue(t, "default/default", ecdsaKey(t), "d"))
	other.Certificates[0].Default = true
	p.apply(other)
	if got := p.explain(explain.Question{URL: "https://127.0.0.1/"}); got.Certificate == nil || !got.Certificate.Default {
		t.Errorf("for an address: %+v, want the default certificate", got.Certificate)
	}
}

func TestExplainRefusesQuestionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	p := serve(t)
	for _, test := range []struct {
		question explain.Question
		want     string
	}{
		{explain.Question{URL: ""}, "is no URL"},
		{explain.Question{URL: "shop.example.com"}, "is no URL"},
		{explain.Question{URL: "ftp://a/"}, "is no URL"},
		{explain.Question{URL: "http:///x"}, "names no host"},
		{explain.Question{URL: "http://a/b c"}, "write %20"},
		{explain.Question{URL: "http://a/", Headers: []string{"nothing"}}, "has no colon"},
		{explain.Question{URL: "http://a/", Headers: []string{"A: b\r\nC: d"}}, "line break"},
		{explain.Question{URL: "http://a/", Method: "GET\n"}, "line break"},
	} {
		if _, err := p.Explainer().Explain(&test.question); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, want an error with %q", test.question, err, test.want)
		}
	}
}

func TestExplainHandlerAnswersInTextAndJSON(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) { accessOf(r).Denied = prefixes("203.0.113.0/24") }, startEcho(t, "b")))
	server := httptest.NewServer(p.Explainer().ExplainHandler())
	t.Cleanup(server.Close)
	ask := func(query url.Values) (int, string) {
		response, err := http.Get(server.URL + "/explain?" + query.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(content)
	}
	query := url.Values{"url": {"http://a/x"}, "client": {"203.0.113.7"}, "header": {"A: b", "C: d"}, "method": {"PUT"}}
	status, text := ask(query)
	for _, want := range []string{"PUT http://a/x", "203.0.113.7", "-> (every host)", "denied: 203.0.113.0/24 is denied", "answer  403 AccessDenied"} {
		if status != 200 || !strings.Contains(text, want) {
			t.Errorf("%d without %q:\n%s", status, want, text)
		}
	}
	query.Set("output", "json")
	status, text = ask(query)
	var e explanation.Explanation
	if err := json.Unmarshal([]byte(text), &e); err != nil || status != 200 || e.Answer.Reason != "AccessDenied" {
		t.Errorf("%d %v: %s", status, err, text)
	}
	for name, query := range map[string]url.Values{"no URL": {}, "no address": {"url": {"http://a/"}, "client": {"me"}}} {
		if status, text := ask(query); status != 400 {
			t.Errorf("%s: %d %s, want 400", name, status, text)
		}
	}
}

// The explanation shows what a policy notes, without knowing the policy.
func TestExplainTellsWhatAnyPolicyNotes(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everything(startEcho(t, "b")))
	if got := p.explain(explain.Question{URL: "http://a/"}); got.Policies != nil {
		t.Errorf("a route without policies has %+v", got.Policies)
	}
	changeRoute(p, func(r *routing.Route) {
		r.Policies.Add(&step.Steps{Request: func(v *step.View) step.Answer {
			*v.Notes = append(*v.Notes, step.Note{Policy: "cors", Passed: true, Text: "no preflight"})
			return step.Answer{}
		}})
	})
	got := p.explain(explain.Question{URL: "http://a/"})
	if diff := cmp.Diff([]explanation.Policy{{Name: "cors", Passed: true, Text: "no preflight"}}, got.Policies); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
	var text strings.Builder
	if err := got.WriteText(&text, time.Now()); err != nil || !strings.Contains(text.String(), "lets pass: no preflight") {
		t.Errorf("got %v and\n%s", err, text.String())
	}
}
