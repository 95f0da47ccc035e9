//go:build browser

// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/dashboard"
	"github.com/warren-dev/ingress/dashboard/control"
	"github.com/warren-dev/ingress/dashboard/dashboardtest"
	"github.com/warren-dev/ingress/dashboard/live"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// picturesVariable names a folder that pictures of the views are written to.
const picturesVariable = "WARREN_PICTURES"

// view is a view of the page, and what holds once it is there.
type view struct{ name, path, ready string }

var views = []view{
	{"overview", "/", `document.querySelectorAll("#flow .link").length >= 9 && document.querySelector(".bars") && /\d/.test(document.querySelector(".figure dd").textContent)`},
	{"routes", "/view/routes", `document.querySelectorAll("#rows a").length == 9`},
	{"route", "/view/routes?host=shop.example.com&path=%2Fcart&match=Prefix", `document.querySelectorAll("#rows a").length == 9 && document.querySelector("#detail .tasks li")`},
	{"explain", "/view/explain?url=http%3A%2F%2Fadmin.example.com%2F&client=203.0.113.7", `document.querySelector(".verdict strong")?.textContent == "403 AccessDenied"`},
	{"live", "/view/live", `document.querySelectorAll("#requests tr").length > 15`},
	{"certificates", "/view/certificates", `document.querySelectorAll("#certificates li").length == 3`},
}

// TestThePage goes through all views, light and dark, wide and narrow. With the variable WARREN_PICTURES it writes what
// they look like into a folder.
func TestThePage(t *testing.T) {
	w := serveWatched(t)
	w.keepAsking()
	pictures := os.Getenv(picturesVariable)
	if pictures != "" { // The sparklines need some time.
		w.tab.visit("http://" + w.admin + "/")
		time.Sleep(75 * time.Second)
	}
	for _, dark := range []bool{false, true} {
		for _, width := range []int{1280, 360} {
			w.tab.size(width, 940, dark)
			for _, v := range views {
				what := fmt.Sprintf("%s, %d pixels, dark %v", v.name, width, dark)
				w.tab.visit("http://" + w.admin + v.path)
				w.tab.until(what, v.ready)
				var wide bool
				if err := w.tab.evaluate("document.documentElement.scrollWidth > innerWidth", &wide); err != nil {
					t.Fatal(err)
				}
				if wide {
					t.Errorf("%s: the page is wider than the window", what)
				}
				for _, barrier := range w.tab.barriers() {
					t.Errorf("%s: %s", what, barrier)
				}
				w.tab.faultless(what)
				if pictures != "" && width > 1000 {
					scheme := map[bool]string{false: "light", true: "dark"}[dark]
					w.tab.picture(filepath.Join(pictures, v.name+"-"+scheme+".webp"))
				}
			}
		}
	}
}

// TestThePageShowsWhatHappens has requests show up live, each with its explanation, and routes found as one types.
func TestThePageShowsWhatHappens(t *testing.T) {
	w := serveWatched(t)
	base := "http://" + w.admin
	w.tab.visit(base + "/view/live?reason=NoHealthyTask")
	w.tab.until("the stream", `document.getElementById("counts").textContent.includes("ended")`)
	w.request("blog.example.com", "/other")
	began := time.Now()
	w.request("shop.example.com", "/legacy?<b>")
	w.tab.until("the request", `document.querySelector("#requests tr")?.textContent.includes("shop.example.com/legacy?<b>")`)
	t.Logf("the request shows after %v", time.Since(began))
	w.tab.until("the counts", `document.getElementById("counts").textContent.includes("2 requests ended since you look, 1 are of these")`)
	w.tab.click("#requests a[aria-label]")
	w.tab.until("its explanation", `document.querySelector(".verdict strong")?.textContent == "503 NoHealthyTask" && location.search.includes("legacy")`)

	w.tab.visit(base + "/view/routes")
	w.tab.until("all routes", `document.querySelectorAll("#rows a").length == 9`)
	w.tab.enter("#q", "API v2")
	w.tab.until("the route", `document.querySelectorAll("#rows a").length == 1 && document.querySelector("#rows .where").textContent == "api.example.com /v2"`)
	w.tab.press("ArrowDown")
	w.tab.press("Enter")
	w.tab.until("all of it", `document.querySelector("#detail h2")?.textContent == "api.example.com/v2" && location.search.includes("q=API+v2")`)
	w.tab.faultless("routes")
}

// hostilePlane is a control plane in which all text is hostile.
type hostilePlane struct{}

func (hostilePlane) Replicas() (list []control.Replica) {
	for _, text := range dashboardtest.Hostile() {
		list = append(list, control.Replica{Name: text, Node: text, Address: text})
	}
	return list
}

func (hostilePlane) Orders(context.Context) (o control.Orders, err error) {
	for _, text := range dashboardtest.Hostile() {
		o.Certificates = append(o.Certificates, control.Certificate{Name: text, Secret: text, Hosts: []string{text}, Reason: text, Message: text, Step: control.Proving,
			Issuing: text, Progress: text, Issuer: text})
		o.Ledger = append(o.Ledger, control.Order{Certificate: text})
	}
	return o, nil
}

func (hostilePlane) Object(_ context.Context, id, _ string) (control.Object, bool, error) {
	return control.Object{Kind: id, Namespace: id, Name: id, Text: "a: 1\n" + id + "\nb: 2\n", First: 2, Last: 2}, strings.HasPrefix(id, "n/"), nil
}

// served is a page of a data plane in this process.
type served struct {
	proxy  *proxy.Proxy
	server *httptest.Server
}

func servePage(t *testing.T, s *snapshot.Snapshot) *served {
	t.Helper()
	p := proxy.New(proxy.Config{Logger: logr.Discard(), MaxHeaderBytes: 64 << 10, MaxHeaders: 128})
	if _, err := p.Apply(s); err != nil {
		t.Fatal(err)
	}
	d := dashboard.New(dashboard.Config{DataPlane: p.Explainer(), ControlPlane: hostilePlane{}, Requests: live.New(p.Tap(), observe.NewLines(nil)), Totals: p.Totals, Replica: "<script>pwned()</script>", Version: "v1"})
	server := httptest.NewServer(dashboard.Guard(d.Handler()))
	t.Cleanup(server.Close)
	return &served{p, server}
}

// TestHostileTextDoesNothingOnThePage puts 50 hostile texts through every view.
func TestHostileTextDoesNothingOnThePage(t *testing.T) {
	hostile := dashboardtest.Hostile()
	snap := &snapshot.Snapshot{}
	for i, text := range hostile {
		id, path := fmt.Sprintf("%02d/%s", i, text), "/"
		if form, err := canonical.Path(nil, []byte("/"+text)); err == nil {
			path = string(form)
		}
		snap.Pools = append(snap.Pools, snapshot.Pool{ID: id, Service: "s/" + text, Why: text, Endpoints: []snapshot.Endpoint{{ID: text, Address: netip.MustParseAddrPort("10.0.0.1:80")}}})
		snap.Hosts = append(snap.Hosts, snapshot.Host{Name: fmt.Sprintf("h%02d.example.com", i), Owner: text, Routes: []snapshot.Route{
			{Rule: snapshot.RuleID{Ingress: "n/" + text, Where: text}, Path: path, Match: snapshot.MatchExact, Pool: id}}})
		snap.Unserved = append(snap.Unserved, snapshot.Unserved{Host: text, Path: text, Rule: snapshot.RuleID{Ingress: text}, Reason: text, Why: text})
	}
	s := servePage(t, snap)
	b := open(t, "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "")
	b.notesFaults()
	// sound says that the page has no elements but its own.
	sound := func(what string) {
		t.Helper()
		var foreign []string
		if err := b.evaluate(`[...document.querySelectorAll("script:not([src^='/assets/']), img:not([src^='/assets/']), iframe, object, embed, base, math, template, link:not([href^='/assets/']), form[action], [onerror], [onload], [onfocus], [style], meta[http-equiv], animate, a[href^='javascript' i], a[href^='data' i], a[href^='vbscript' i]")].map((e) => e.outerHTML)`, &foreign); err != nil {
			t.Fatal(err)
		}
		for _, element := range foreign {
			t.Errorf("%s: the page has %s", what, element)
		}
		b.faultless(what)
	}
	b.visit(s.server.URL + "/")
	b.until("the overview", `document.querySelectorAll("#flow .link").length > 0 && document.querySelector("#trouble b") && document.querySelectorAll("#replicas li").length == 50`)
	sound("the overview")
	b.visit(s.server.URL + "/view/routes")
	b.until("the routes", `document.querySelectorAll("#rows a").length == 50`)
	for i, text := range hostile {
		if err := b.evaluate(fmt.Sprintf(`document.querySelectorAll("#rows a")[%d].click()`, i), nil); err != nil {
			t.Fatal(err)
		}
		b.until("the route of "+text, fmt.Sprintf(`document.querySelector("#detail h2")?.textContent.startsWith("h%02d.") && document.querySelector("#detail code").textContent == %[2]q && document.querySelector("#detail mark")?.textContent.includes(%[2]q)`, i, text))
	}
	sound("the routes")
	if err := b.evaluate(`document.querySelector("input[value=refused]").click()`, nil); err != nil {
		t.Fatal(err)
	}
	b.until("the refused rules", `document.querySelectorAll("#rows .row").length == 50`)
	sound("the refused rules")
	b.visit(s.server.URL + "/view/certificates")
	b.until("the certificates", `document.querySelectorAll("#certificates .rail .now").length == 50`)
	sound("the certificates")

	for i, text := range hostile {
		for _, query := range []url.Values{
			{"url": {text}, "method": {text}, "client": {text}, "header": {text}, "listener": {text}},
			{"url": {fmt.Sprintf("http://h%02d.example.com/%s", i, url.PathEscape(text))}, "header": {"X-A: " + text}},
		} {
			b.visit(s.server.URL + "/view/explain?" + query.Encode())
			b.until("an answer about "+text, `!document.getElementById("refused")?.hidden || document.querySelector(".verdict")`)
			sound("an explanation of " + text)
		}
	}

	b.visit(s.server.URL + "/view/live")
	b.until("the stream", `document.getElementById("counts").textContent.includes("ended")`)
	for i, text := range hostile {
		s.proxy.Tap().Record(&observe.Record{Request: &message.Request{Method: []byte(text), Authority: []byte(text), Query: []byte("?" + text)}, Path: []byte("/" + text), Host: []byte(text),
			Scheme: []byte("http"), Status: 404, Reason: reason.RouteNotFound, Cause: text, Ended: time.Duration(i) * time.Second,
			Route: &observe.RouteNames{Rule: snapshot.RuleID{Ingress: "n/x", Where: "x"}}})
	}
	b.until("the requests", fmt.Sprintf(`document.querySelectorAll("#requests tr").length == %d`, len(hostile)))
	sound("the requests")
}

// TestRoutesAreFoundAmongMany types into a search among 100,000 routes. The times are printed, and decide nothing.
func TestRoutesAreFoundAmongMany(t *testing.T) {
	snap := &snapshot.Snapshot{Pools: []snapshot.Pool{{ID: "shop/web:80", Service: "shop/web", Endpoints: []snapshot.Endpoint{{ID: "task/shop/web", Address: netip.MustParseAddrPort("10.0.0.1:80"), Weight: 1}}}}}
	for i := range 10_000 {
		host := snapshot.Host{Name: fmt.Sprintf("host-%05d.example.com", i)}
		for j := range 10 {
			host.Routes = append(host.Routes, snapshot.Route{Rule: snapshot.RuleID{Ingress: fmt.Sprintf("shop/ingress-%05d", i), Path: j}, Path: fmt.Sprintf("/path-%d", j), Match: snapshot.MatchPrefix, Pool: "shop/web:80"})
		}
		snap.Hosts = append(snap.Hosts, host)
	}
	s := servePage(t, snap)
	b := open(t, "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "")
	b.notesFaults()
	b.visit(s.server.URL + "/view/routes")
	b.until("the routes", `document.getElementById("count").textContent == "100,000 routes"`)
	var times []int
	const wanted = "host-0123 path-7"
	for i := range wanted {
		typed := wanted[:i+1]
		b.enter("#q", typed)
		b.until("the routes of "+typed, fmt.Sprintf(`document.getElementById("rows").dataset.for == %q`, typed))
		var took int
		if err := b.evaluate(`Number(document.getElementById("rows").dataset.took)`, &took); err != nil {
			t.Fatal(err)
		}
		times = append(times, took)
	}
	b.until("those that are wanted", `document.getElementById("count").textContent == "10 of 100,000 routes"`)
	slices.Sort(times)
	t.Logf("a key takes %d ms in the middle, and %d at most", times[len(times)/2], times[len(times)-1])
	b.faultless("the search")
}

// TestThePageSaysThatItsReplicaIsGone ends the replica while each view is open.
func TestThePageSaysThatItsReplicaIsGone(t *testing.T) {
	for _, path := range []string{"/", "/view/routes", "/view/live"} {
		s := servePage(t, &snapshot.Snapshot{})
		b := open(t, "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "")
		b.visit(s.server.URL + path)
		b.until("the view", `document.getElementById("gone").hidden && document.readyState == "complete"`)
		address := s.server.Listener.Addr().String()
		s.server.CloseClientConnections()
		s.server.Listener.Close()
		b.until("word of it", `!document.getElementById("gone").hidden && document.getElementById("gone").textContent.includes("The replica")`)
		again, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		back := &http.Server{Handler: s.server.Config.Handler}
		go func() { _ = back.Serve(again) }()
		t.Cleanup(func() { _ = back.Close() })
		b.until("that it is back", `document.getElementById("gone").hidden`)
	}
}

// TestAnOverviewThatNobodySeesAsksForNothing hides the page, as a browser does with one in the background.
func TestAnOverviewThatNobodySeesAsksForNothing(t *testing.T) {
	s := servePage(t, &snapshot.Snapshot{})
	b := open(t, "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "")
	run := func(script string) {
		t.Helper()
		if err := b.evaluate(script, nil); err != nil {
			t.Fatal(err)
		}
	}
	b.visit(s.server.URL + "/")
	b.until("the overview", `document.getElementById("lead").textContent.includes("No route")`)
	run(`window.ended = 0; const close = EventSource.prototype.close; EventSource.prototype.close = function () { window.ended++; close.call(this); }`)
	const turn = `Object.defineProperty(document, "hidden", { value: %v, configurable: true }); document.dispatchEvent(new Event("visibilitychange"))`
	run(fmt.Sprintf(turn, true))
	b.until("the end of the stream", `window.ended == 1 && document.getElementById("gone").hidden`)
	run(`document.getElementById("lead").textContent = ""`)
	run(fmt.Sprintf(turn, false))
	b.until("the overview again", `document.getElementById("lead").textContent.includes("No route")`)
}

// TestChangesLeaveWhatSomebodyReadsAndTypes changes what is served while somebody is at it.
func TestChangesLeaveWhatSomebodyReadsAndTypes(t *testing.T) {
	snap := func(hosts int) *snapshot.Snapshot {
		s := &snapshot.Snapshot{Pools: []snapshot.Pool{{ID: "shop/web:80", Service: "shop/web"}}}
		for i := range hosts {
			s.Hosts = append(s.Hosts, snapshot.Host{Name: fmt.Sprintf("host-%03d.example.com", i), Routes: []snapshot.Route{{Rule: snapshot.RuleID{Ingress: "shop/web", Path: i}, Path: "/", Match: snapshot.MatchPrefix, Pool: "shop/web:80"}}})
		}
		return s
	}
	s := servePage(t, snap(120))
	b := open(t, "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "")
	b.notesFaults()
	change := func(hosts int) {
		t.Helper()
		if _, err := s.proxy.Apply(snap(hosts)); err != nil {
			t.Fatal(err)
		}
	}
	b.visit(s.server.URL + "/view/routes")
	b.until("the routes", `document.querySelectorAll("#rows a").length == 50`)
	if err := b.evaluate(`document.getElementById("more").click()`, nil); err != nil {
		t.Fatal(err)
	}
	b.until("more routes", `document.querySelectorAll("#rows a").length == 100`)
	if err := b.evaluate(`document.querySelectorAll("#rows a")[70].focus()`, nil); err != nil {
		t.Fatal(err)
	}
	change(121)
	b.until("as many of the new ones", `document.getElementById("count").textContent == "121 routes" && document.querySelectorAll("#rows a").length == 100 && document.activeElement == document.querySelectorAll("#rows a")[70]`)
	b.visit(s.server.URL + "/view/explain?url=" + url.QueryEscape("http://host-007.example.com/"))
	b.until("the explanation", `document.querySelector(".share").textContent.includes("generation 2")`)
	b.enter("#url", "http://")
	change(122)
	b.until("the same explained again", `document.querySelector(".share")?.textContent.includes("generation 3") && document.getElementById("refused").hidden && document.getElementById("url").value == "http://"`)
	b.faultless("the changes")
}
