// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// routed returns a route of an HTTPRoute.
func routed(r snapshot.Route, name, where string, conditions *snapshot.Conditions) snapshot.Route {
	r.Rule, r.Conditions = snapshot.RuleID{Ingress: "httproute/shop/" + name, Where: where}, conditions
	return r
}

// explainedListeners are an Ingress and two listeners at port 8080 of two addresses, one of which has no other address.
func explainedListeners(t *testing.T) *served {
	p := serve(t)
	ingress := hostOf("shop.example.com", ruled(prefix("/ingress", "b"), "shop/web", 0, 0))
	ingress.Owner = "shop"
	s := snapshotOf([]snapshot.Host{ingress}, poolOf("b", closedPort(t)))
	owned := func(h snapshot.Host) snapshot.Host { h.Owner = "shop/web/http"; return h }
	first := listenerOf(netip.MustParseAddrPort("127.9.0.1:8080"),
		owned(hostOf("*.example.com", routed(prefix("/", "b"), "any", "spec.rules[0]", nil))),
		owned(hostOf("a.shop.example.com", routed(prefix("/cart", "b"), "cart", "spec.rules[0].matches[1]", &snapshot.Conditions{
			Methods: []string{"POST"}, Headers: []snapshot.Condition{{Name: "x-canary", Value: "always"}}}))))
	other := listenerOf(netip.MustParseAddrPort("127.9.0.2:8080"), hostOf("other.example.com", prefix("/", "b")))
	third := listenerOf(netip.MustParseAddrPort("127.9.0.2:8443"), owned(hostOf("shop.example.com", prefix("/tls", "b"))))
	third.TLS = true
	s.Listeners = []snapshot.Listener{first, other, third}
	s.Unserved = []snapshot.Unserved{{Listener: first.Address, Host: "*.example.com", Path: "/", Rule: snapshot.RuleID{
		Ingress: "httproute/shop/young", Where: "spec.rules[2]"}, Reason: "PathConflict", Why: "another route has it"}}
	p.apply(s)
	return p
}

func TestExplainTakesTheListenerOfTheURLsPort(t *testing.T) {
	t.Parallel()
	p := explainedListeners(t)
	const first = "127.9.0.1"
	e := p.explain(explain.Question{URL: "http://a.shop.example.com:8080/cart", Listener: first})
	if want := (explanation.Listener{ID: "shop/web/http", Address: "127.9.0.1:8080"}); e.Listener == nil || *e.Listener != want || e.Request.Owner != "" {
		t.Errorf("the listener is %+v, want %+v; the owner is %q", e.Listener, want, e.Request.Owner)
	}
	var got []string
	for _, c := range e.Candidates {
		got = append(got, fmt.Sprintf("%v %s %s %s: %s", c.Wins, c.Host, c.Ingress, c.Rule, c.Why))
	}
	if diff := cmp.Diff([]string{
		"true *.example.com httproute/shop/any spec.rules[0]: the most specific rule that matches",
		"false *.example.com httproute/shop/young spec.rules[2]: matches, but is not served, PathConflict: another route has it",
		`false a.shop.example.com httproute/shop/cart spec.rules[0].matches[1]: does not match: the path does, but the rule asks for ` +
			`method POST; header x-canary is "always"`,
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var text strings.Builder
	if err := e.WriteText(&text, time.Now()); err != nil {
		t.Fatal(err)
	}
	if want := "listener    shop/web/http at 127.9.0.1:8080\n"; !strings.Contains(text.String(), want) {
		t.Errorf("the text has no %q:\n%s", want, text.String())
	}
	e = p.explain(explain.Question{URL: "http://a.shop.example.com:8080/cart", Listener: first, Method: "POST", Headers: []string{"X-Canary: always"}})
	if c := e.Candidates[0]; !c.Wins || c.Ingress != "httproute/shop/cart" {
		t.Errorf("the first candidate is %+v, want the route's to win", c)
	}
	if e = p.explain(explain.Question{URL: "http://shop.example.com:8000/ingress"}); e.Listener != nil || e.Request.Owner != "shop" {
		t.Errorf("an Ingress is explained at %+v, owned by %q", e.Listener, e.Request.Owner)
	}
}

func TestExplainSaysAtWhichListenerAHostIs(t *testing.T) {
	t.Parallel()
	p := explainedListeners(t)
	const second = "127.9.0.2"
	for url, want := range map[string][]string{
		"http://shop.example.com/tls/x": {"rules for this host are above; none of their paths matches",
			"listener shop/web/http has a rule for it: write http://shop.example.com:8080/tls/x",
			"listener shop/web/http has a rule for it: write https://shop.example.com:8443/tls/x"},
		"http://shop.example.com:8080/ingress": {"no rule is for host shop.example.com; 1 hosts are served at 127.9.0.2:8080",
			"an Ingress has a rule for it: leave the port out, or write the one that Ingresses are served at",
			"listener shop/web/http has a rule for it: write http://shop.example.com:8080/ingress"},
	} {
		q := explain.Question{URL: url}
		if strings.Contains(url, ":8080") {
			q.Listener = second
		}
		e := p.explain(q)
		if diff := cmp.Diff(want, e.Hints); diff != "" || e.Answer.Reason != "RouteNotFound" {
			t.Errorf("%s: %+v, hints (-want +got):\n%s", url, e.Answer, diff)
		}
	}
	for url, want := range map[string]string{
		"http://shop.example.com:8080/": "name one of 127.9.0.1, 127.9.0.2",
		"http://shop.example.com:8443/": "the listener at 127.9.0.2:8443 takes https:// alone",
	} {
		if _, err := p.Explainer().Explain(&explain.Question{URL: url}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", url, err, want)
		}
	}
	if _, err := p.Explainer().Explain(&explain.Question{URL: "http://a/", Listener: second}); err == nil || !strings.Contains(err.Error(), "no listener has port 80 of 127.9.0.2") {
		t.Errorf("the error of a port that no listener has is %v", err)
	}
}

func TestListsNameListeners(t *testing.T) {
	t.Parallel()
	p := explainedListeners(t)
	page := func(h http.Handler) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		return w.Body.String()
	}
	routes := page(p.Explainer().RoutesHandler())
	for _, want := range []string{"5 hosts", "*.example.com:8080", "shop.example.com    ", "httproute/shop/cart"} {
		if !strings.Contains(routes, want) {
			t.Errorf("the routes lack %q:\n%s", want, routes)
		}
	}
	if refused := page(p.Explainer().RefusedHandler()); !strings.Contains(refused, "*.example.com:8080") || !strings.Contains(refused, "spec.rules[2]") {
		t.Errorf("what is refused:\n%s", refused)
	}
}

func TestExplainFindsTheCertificateOfAListener(t *testing.T) {
	t.Parallel()
	p := serve(t)
	key, at := ecdsaKey(t), ownAddress()
	s := with(snapshotOf(nil, poolOf("pool", startEcho(t, "b"))), issue(t, "1", key), issue(t, "2", key, "a"))
	s.Certificates[0].Hosts, s.Certificates[1].Hosts = nil, nil
	s.Listeners = []snapshot.Listener{listenerOf(at, hostOf("", prefix("/", "pool")))}
	s.Listeners[0].TLS = true
	s.Listeners[0].Names = []snapshot.ServedName{{Name: "*.a", Certificates: []string{s.Certificates[1].ID}}, {Name: "b", Certificates: []string{s.Certificates[0].ID}}}
	p.apply(s)
	for _, test := range []struct{ host, authority, certificate, answer string }{
		{"x.y.a", "", s.Certificates[1].ID, "the service's"},
		{"b", "", s.Certificates[0].ID, "the service's"},
		{"a", "", "", "unrecognized_name"},
		{"b", "x.a", s.Certificates[0].ID, "MisdirectedRequest"}, // the host's certificate is another one than the handshake's
	} {
		q := explain.Question{URL: fmt.Sprintf("https://%s:%d/", test.host, at.Port()), Listener: at.Addr().String()}
		if test.authority != "" {
			q.Headers = []string{"Host: " + test.authority}
		}
		e := p.explain(q)
		certificate := ""
		if e.Certificate != nil {
			certificate = e.Certificate.ID
		}
		got := e.Answer.TLSAlert + e.Answer.Reason
		if got == "" {
			got = e.Answer.Text
		}
		if got != test.answer || certificate != test.certificate {
			t.Errorf("%s for %q: got %q with certificate %q, want %q with %q", q.URL, test.authority, got, certificate, test.answer, test.certificate)
		}
	}
}

// Gateways with Services of their own have the same address and the same port for clients.
func TestExplainTakesTheListenerOfAGateway(t *testing.T) {
	t.Parallel()
	p := serve(t)
	s := &snapshot.Snapshot{}
	for i, gateway := range []string{"shop/web", "team/web"} {
		host := hostOf("")
		host.Owner = gateway + "/http"
		s.Listeners = append(s.Listeners, snapshot.Listener{
			Address: netip.AddrPortFrom(netip.IPv6Unspecified(), uint16(20000+i)), Port: 80, Owner: gateway, Hosts: []snapshot.Host{host}})
	}
	p.apply(s)
	e := p.explain(explain.Question{URL: "http://a/", Listener: "team/web"})
	if e.Listener == nil || e.Listener.ID != "team/web/http" {
		t.Errorf("the listener is %+v, want that of team/web", e.Listener)
	}
	for listener, want := range map[string]string{
		"": "name one of shop/web, team/web", "team/other": "no listener has port 80 of team/other", "web": "neither an address nor a Gateway",
	} {
		if _, err := p.Explainer().Explain(&explain.Question{URL: "http://a/", Listener: listener}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want %q", listener, err, want)
		}
	}
}
