// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"

	"github.com/warren-dev/ingress/cli"
	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/controllers/shown"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/dashboard"
	"github.com/warren-dev/ingress/dashboard/live"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// adminOf serves the admin address of a data plane, and returns that.
func adminOf(t *testing.T, p *proxy.Proxy) string {
	t.Helper()
	explainer := newExplainer(p, new(sources.Bystanders))
	page := dashboard.New(dashboard.Config{DataPlane: explainer, ControlPlane: new(shown.Cluster), Requests: live.New(p.Tap(), observe.NewLines(nil)), Totals: p.Totals, Replica: "replica-1"})
	server := httptest.NewServer(adminServer(explainer, hosts.New(), page, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}).Handler)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// requestID is another one at each answer.
var requestID = regexp.MustCompile(`[0-9a-f]{32}`)

func TestThePageExplainsExactlyAsTheCommandDoes(t *testing.T) {
	p := proxy.New(proxyConfig(&flags{maxHeaderBytes: 64 << 10, maxHeaders: 128}, nil, logr.Discard()))
	_, err := p.Apply(&snapshot.Snapshot{
		Hosts: []snapshot.Host{{Name: "shop.example.com", Owner: "shop", Routes: []snapshot.Route{{Rule: snapshot.RuleID{Ingress: "shop/web"}, Path: "/", Pool: "shop/web:80"}}}},
		Pools: []snapshot.Pool{{ID: "shop/web:80", Service: "shop/web", Endpoints: []snapshot.Endpoint{{ID: "task/shop/web-1", Address: netip.MustParseAddrPort("10.0.0.1:80"), Weight: 1}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	address := adminOf(t, p)
	for _, args := range [][]string{
		{"http://shop.example.com/cart?a=<b>&c"},
		{"http://shop.example.com/cart", "-X", "POST", "-H", "Accept: text/html", "-H", "X-A: <script>", "--client", "203.0.113.7"},
		{"http://other.example.com/"},
		{"https://other.example.com/"},
		{"http://shop.example.com/../../x"},
	} {
		var out, said bytes.Buffer
		root := cli.New("test", &cobra.Command{}, cli.Streams{In: strings.NewReader(""), Out: &out, Err: &said})
		if code := cli.Run(t.Context(), root, append([]string{"explain", "-o", "json", "--admin-address", address}, args...)); code != 0 {
			t.Fatalf("explain %q ends with %d: %s", args, code, said.String())
		}
		query := url.Values{"url": args[:1]}
		for i := 1; i < len(args); i += 2 {
			query.Add(map[string]string{"-X": "method", "-H": "header", "--client": "client"}[args[i]], args[i+1])
		}
		response, err := http.Get("http://" + address + "/api/v1/explain?" + query.Encode())
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		got, want := requestID.ReplaceAllString(string(text), "ID"), requestID.ReplaceAllString(out.String(), "ID")
		if got != want || !strings.HasPrefix(got, "{\n") {
			t.Errorf("%q: the page says\n%s\nand the command\n%s", args, got, want)
		}
	}
}

func TestTheAdminAddressTakesNothingFromOtherSites(t *testing.T) {
	address := adminOf(t, proxy.New(proxyConfig(&flags{maxHeaderBytes: 64 << 10, maxHeaders: 128}, nil, logr.Discard())))
	for _, test := range []struct {
		method, path, site string
		want               int
	}{
		{"GET", "/", "", 200},
		{"GET", "/routes", "", 200},
		{"GET", "/api/v1/overview", "", 200},
		{"GET", "/debug/pprof/cmdline", "", 200},
		{"GET", "/debug/pprof/cmdline", "cross-site", 403},
		{"GET", "/explain?url=http://x/&ask=true", "cross-site", 403},
		{"POST", "/debug/pprof/symbol", "", 405},
	} {
		r, err := http.NewRequestWithContext(t.Context(), test.method, "http://"+address+test.path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if test.site != "" {
			r.Header.Set("Sec-Fetch-Site", test.site)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != test.want {
			t.Errorf("%s %s from %q is answered with %d, want %d", test.method, test.path, test.site, response.StatusCode, test.want)
		}
	}
}
