// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func closedText(text string) snapshot.Route {
	r := routeTo(text, snapshot.MatchText, "closed")
	r.Closed = "UnreadablePath"
	return r
}

// No route of the host serves a path that begins with a closed text, in any spelling.
func TestAClosedTextGoesBeforeEveryOtherRouteOfItsHost(t *testing.T) {
	t.Parallel()
	all, exactly, deeper, other := named(t, "all"), named(t, "exactly"), named(t, "deeper"), named(t, "other")
	p := serve(t)
	p.apply(snapshotOf(
		[]snapshot.Host{
			hostOf("a", closedText("/adm"), closedText("/files/"), closedText("/b%C3%BC"),
				prefix("/", "all"), exact("/admin", "exactly"),
				prefix("/adm/in/x", "deeper")),
			hostOf("", prefix("/", "other")),
		},
		poolOf("all", all.address), poolOf("exactly", exactly.address),
		poolOf("deeper", deeper.address), poolOf("other", other.address),
		poolOf("closed"),
	))
	for path, want := range map[string]string{
		"/":             "all",
		"/ad":           "all",
		"/x/adm":        "all",
		"/adm":          "",
		"/adm/":         "",
		"/admin":        "",
		"/ADMIN/x":      "",
		"/%61dm":        "",
		"//adm":         "",
		"/x/../adm?q=1": "",
		"/adm/in/x":     "",
		"/file":         "all",
		"/files":        "",
		"/files/x":      "",
		"/filesystem":   "all",
		"/b%c3%bcro":    "",
		"/b%C3%BC":      "",
		"/b%C3":         "all",
	} {
		got := p.get("a", path)
		switch {
		case want == "" && (got.Status != 503 || got.reason() != "RuleClosed"):
			t.Errorf("%s: got %d %q %q, want 503 RuleClosed", path, got.Status, got.reason(), got.Body)
		case want != "" && got.Body != want:
			t.Errorf("%s: got %d %q, want that of %s", path, got.Status, got.Body, want)
		}
	}
	for _, path := range []string{"/x%2F..%2Fadm", "/;y/adm", "/%5Cadm"} {
		if got := p.get("a", path); got.Status < 400 {
			t.Errorf("%s: got %d %q, which is closed to a server that decodes it", path, got.Status, got.Body)
		}
	}
	expectServedBy(t, p, "b", "/adm", "other")
}

func TestWhatIsClosedIsShownAndCounted(t *testing.T) {
	t.Parallel()
	invalid := prefix("/x", "closed")
	invalid.Closed = "InvalidRule"
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("a", prefix("/", "open"), closedText("/a"), closedText("/b"), invalid)},
		poolOf("closed"), poolOf("open")))
	got := map[string]float64{}
	for series, n := range p.scrape() {
		if strings.HasPrefix(series, "warren_ingress_closed_routes") {
			got[series] = n
		}
	}
	want := map[string]float64{
		"warren_ingress_closed_routes ingress=default/closed reason=InvalidRule":    1,
		"warren_ingress_closed_routes ingress=default/closed reason=UnreadablePath": 2,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	shown := httptest.NewRecorder()
	p.Explainer().RoutesHandler().ServeHTTP(shown, httptest.NewRequest("GET", "/routes", nil))
	for _, line := range []string{"closed: UnreadablePath", "closed: InvalidRule", "Text"} {
		if !strings.Contains(shown.Body.String(), line) {
			t.Errorf("%q is not shown in\n%s", line, shown.Body)
		}
	}
	e := p.explain(explain.Question{URL: "http://a/ABC"})
	if e.Answer.Status != 503 || e.Answer.Reason != "RuleClosed" ||
		!strings.Contains(e.Candidates[0].Why, "it is closed, UnreadablePath") {
		t.Errorf("explained as %+v by %+v", e.Answer, e.Candidates[0])
	}
}

func TestATextIsOnlyForWhatIsClosed(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]snapshot.Route{
		"open":          routeTo("/a", snapshot.MatchText, "pool"),
		"longer":        closedText("/" + strings.Repeat("a", snapshot.MaxClosedText)),
		"not canonical": closedText("/a/../b"),
	} {
		r.Pool = "pool"
		if _, err := serve(t).Apply(snapshotOf([]snapshot.Host{hostOf("a", r)}, poolOf("pool"))); err == nil {
			t.Errorf("%s: it is applied", name)
		}
	}
}
