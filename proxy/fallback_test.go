// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// fallingBack sends requests to one pool, and those that no endpoint of it takes to another.
func fallingBack(pool, fallback snapshot.Pool, changes ...func(*snapshot.Route)) *snapshot.Snapshot {
	r := prefix("/", "pool")
	r.Fallback = &snapshot.Fallback{Pool: "fallback", Fields: []policy.Header{{Name: "X-Code", Value: "503"}, {Name: "X-Namespace", Value: "default"}}}
	for _, change := range changes {
		change(&r)
	}
	return snapshotOf([]snapshot.Host{hostOf("", r)}, pool, fallback)
}

func TestAFallbackTakesWhatNoEndpointTakes(t *testing.T) {
	t.Parallel()
	asked := make(chan observed, 10)
	other := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked <- observed{Line: r.Method + " " + r.RequestURI, Host: r.Host, Header: r.Header, Body: string(body)}
		w.WriteHeader(http.StatusAccepted)
		_, _ = fmt.Fprint(w, "the other's")
	})
	log := &pages{}
	p := serve(t, logTo(log, observe.LogJSON))
	sessions := func(r *snapshot.Route) { r.Persistence = &snapshot.Persistence{Name: "s"} }
	p.apply(fallingBack(poolOf("pool"), poolOf("fallback", other.address), sessions))
	got := p.ask("POST /a/b?c=d HTTP/1.1\r\nHost: a\r\nAccept: text/x\r\nCookie: a=b\r\nX-Code: 200\r\nContent-Length: 5\r\n\r\nhello")
	if got.Status != 202 || got.Body != "the other's" || got.reason() != "" || got.Header.Get("Set-Cookie") != "" {
		t.Errorf("got %d %q with %v", got.Status, got.Body, got.Header)
	}
	r := receive(t, "the request", asked)
	if r.Line != "POST /a/b?c=d" || r.Host != "a" || r.Body != "hello" {
		t.Errorf("the fallback was asked %q of %q with %q", r.Line, r.Host, r.Body)
	}
	for name, want := range map[string]string{"X-Code": "503", "X-Namespace": "default", "X-Format": "text/x", "Cookie": "a=b", "X-Real-Ip": "127.0.0.1"} {
		if is := strings.Join(r.Header.Values(name), "|"); is != want {
			t.Errorf("%s is %q, want %q", name, is, want)
		}
	}
	if line := parsedLine(t, log.lines(t, 1)[0]); line["service"] != "default/fallback" || line["reason"] != nil || line["task"] != "task/default/fallback-000" {
		t.Errorf("the log has %v", line)
	}
	p.expectSeries("warren_ingress_requests_total", map[string]float64{
		"warren_ingress_requests_total code=202 ingress=default/pool reason= service=default/fallback": 1,
	})
}

// A service that fails is asked, and what it answers is the answer.
func TestAFallbackTakesNothingElse(t *testing.T) {
	t.Parallel()
	other := startBackend(t, func(http.ResponseWriter, *http.Request) { t.Error("the fallback was asked") })
	p := serve(t)
	for name, test := range map[string]struct {
		address netip.AddrPort
		want    string
	}{
		"an endpoint that answers":    {named(t, "pool").address, "200"},
		"an endpoint that fails":      {startBackend(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }).address, "503"},
		"an endpoint that takes none": {closedPort(t), "502 UpstreamConnectFailed"},
	} {
		p.apply(fallingBack(poolOf("pool", test.address), poolOf("fallback", other.address)))
		got := p.get("a", "/")
		if is := strings.TrimSpace(fmt.Sprint(got.Status, " ", got.reason())); is != test.want {
			t.Errorf("%s: got %s, want %s", name, is, test.want)
		}
	}
	p.apply(fallingBack(poolOf("pool"), poolOf("fallback")))
	if got := p.get("a", "/"); got.Status != 503 || got.reason() != "NoHealthyTask" {
		t.Errorf("without any endpoint: got %d %s", got.Status, got.reason())
	}
}

func TestExplainSaysWhereARequestFallsBackTo(t *testing.T) {
	t.Parallel()
	p := serve(t)
	for name, test := range map[string]struct {
		snapshot *snapshot.Snapshot
		takes    bool
		text     string
		status   int
	}{
		"down":         {fallingBack(poolOf("pool"), poolOf("fallback", closedPort(t))), true, "fallback gets the request", 0},
		"up":           {fallingBack(poolOf("pool", closedPort(t)), poolOf("fallback", closedPort(t))), false, "fallback gets requests that no", 0},
		"down as well": {fallingBack(poolOf("pool"), poolOf("fallback")), false, "fallback gets requests that no", 503},
	} {
		p.apply(test.snapshot)
		e, err := p.Explainer().Explain(&explain.Question{URL: "http://a/"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&explanation.Fallback{Pool: "fallback", Service: "default/fallback", Takes: test.takes}, e.Fallback); diff != "" || e.Answer.Status != test.status {
			t.Errorf("%s: the answer is %+v, the fallback (-want +got):\n%s", name, e.Answer, diff)
		}
		var text strings.Builder
		if err := e.WriteText(&text, time.Now()); err != nil || !strings.Contains(text.String(), test.text) {
			t.Errorf("%s: the fallback is not in the text (%v):\n%s", name, err, text.String())
		}
	}
}
