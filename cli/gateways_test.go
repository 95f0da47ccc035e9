// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// gateway is a Gateway of the usual class, with a listener beside it if there is more to say.
func gateway(more string) string {
	return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: web}\nspec:\n  gatewayClassName: warren\n  listeners:\n" +
		"  - {name: http, port: 8080, protocol: HTTP, hostname: '*.example.com'}\n" + more
}

// httpRoute is an HTTPRoute that leads to Service web.
func httpRoute(name, host, rule string) string {
	return "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " + name + "}\nspec:\n  parentRefs: [{name: web}]\n  hostnames: [" +
		host + "]\n  rules: [{backendRefs: [{name: web, port: 80}]" + rule + "}]\n"
}

func TestExplainOfManifestsKnowsGateways(t *testing.T) {
	t.Parallel()
	manifests := web + gateway("") + httpRoute("any", `"*.example.com"`, "") + httpRoute("cart", "shop.example.com", ", matches: [{path: {value: /cart}, method: POST}]")
	got := runWith(manifests, "explain", "shop.example.com:8080/cart", "-f", "-", "-n", "shop")
	for _, want := range []string{
		"listener    shop/web/http at [::]:8080\n",
		"-> *.example.com     Prefix /                     httproute/shop/any spec.rules[0]              the most specific rule that matches\n",
		"   shop.example.com  Prefix /cart if method POST  httproute/shop/cart spec.rules[0].matches[0]  does not match: the path does, but the rule asks for method POST\n",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("there is no %q in:\n%s%s", want, got.out, got.err)
		}
	}
	if got = runWith(manifests, "explain", "shop.example.com/cart", "-f", "-"); !strings.Contains(got.out, "write http://shop.example.com:8080/cart") {
		t.Errorf("without the port it is not said where the host is:\n%s", got.out)
	}
	class := "---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: warren}\nspec: {controllerName: example.com/other}\n"
	if got = runWith(manifests+class, "explain", "shop.example.com:8080/", "-f", "-"); !strings.Contains(got.out, "nothing is served at all") {
		t.Errorf("a Gateway of another controller is explained:\n%s", got.out)
	}
	if got = runWith(manifests, "explain", "shop.example.com:8080/", "-f", "-", "--listener=me"); got.code != exitMisuse || !strings.Contains(got.err, `the listener "me" is neither`) {
		t.Errorf("a listener that is no address: %+v", got)
	}
}

func TestAnObjectionOfTheGatewayAPIIsAWarning(t *testing.T) {
	t.Parallel()
	got := runWith(gateway("")+httpRoute("shop", "shop.example.com", ""), "explain", "shop.example.com:8080/", "-f", "-")
	const want = "warning: HTTPRoute default/shop parent web: ResolvedRefs=False BackendNotFound: web:80: "
	if !strings.HasPrefix(got.err, want) || strings.Count(got.err, "\n") != 1 || !strings.Contains(got.out, "  500 InvalidBackend") {
		t.Errorf("the warning is %q, want %q; the answer:\n%s", got.err, want, got.out)
	}
}

func TestWhatFailsACheckOfGateways(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		manifests string
		want      []checked
		notes     string
	}{
		"nothing": {web + gateway("") + httpRoute("shop", "shop.example.com", ""), nil, ""},
		"a Service that there is not": {gateway("") + httpRoute("shop", "shop.example.com", ""), []checked{
			{Object: "HTTPRoute default/shop", Where: "spec.rules[0]", Verdict: verdictInvalid, Reason: "InvalidBackend"}}, ""},
		"a share of the requests": {web + gateway("") + strings.Replace(httpRoute("shop", "shop.example.com", ""), "port: 80}", "port: 80, weight: 9}, {name: none, port: 80}", 1), []checked{
			{Object: "HTTPRoute default/shop", Where: "parent web", Verdict: verdictInvalid, Reason: "BackendNotFound"}}, ""},
		"a place of another route's": {web + gateway("") + httpRoute("shop", "shop.example.com", "") + httpRoute("late", "shop.example.com", ""), []checked{
			{Object: "HTTPRoute default/shop", Where: "spec.rules[0]", Verdict: verdictContested, Reason: "PathConflict"}}, ""},
		"a host of no listener's": {web + gateway("") + httpRoute("shop", "shop.example.org", ""), []checked{
			{Object: "HTTPRoute default/shop", Where: "parent web", Verdict: verdictRefused, Reason: "NoMatchingListenerHostname"}}, ""},
		"a protocol that is not served": {web + gateway("  - {name: mqtt, port: 1883, protocol: example.com/MQTT}\n"), []checked{
			{Object: "Gateway default/web", Where: "listener mqtt", Verdict: verdictRefused, Reason: "UnsupportedProtocol"}}, ""},
		"a certificate that others make": {web + gateway("  - {name: https, port: 8443, protocol: HTTPS, tls: {certificateRefs: [{name: shop}]}}\n") + httpRoute("shop", "shop.example.com", ""), nil,
			"Gateway default/web listener https: InvalidCertificateRef: there is no Secret default/shop"},
		"a Gateway that others make": {web + httpRoute("shop", "shop.example.com", ""), nil, "HTTPRoute default/shop: none of the Gateways that it names is among the files"},
		"a field that there is not": {web + strings.Replace(gateway(""), "protocol", "protokol", 1), []checked{
			{Object: "standard input, document 2, line 13", Verdict: verdictRefused, Reason: "Unreadable"}}, ""},
	} {
		got := runWith(test.manifests, "check", "-", "-o", "json")
		var report checkReport
		if err := json.Unmarshal([]byte(got.out), &report); err != nil {
			t.Fatalf("%s: %v in %+v", name, err, got)
		}
		for i := range report.Findings {
			f := &report.Findings[i]
			if f.Message == "" {
				t.Errorf("%s: there is no message in %+v", name, f)
			}
			f.Host, f.Path, f.Message = "", "", ""
		}
		if len(report.Findings) == 0 {
			report.Findings = nil
		}
		if diff := cmp.Diff(test.want, report.Findings); diff != "" {
			t.Errorf("%s: findings (-want +got):\n%s", name, diff)
		}
		if notes := strings.Join(report.Notes, "\n"); !strings.HasPrefix(notes, test.notes) || (notes == "") != (test.notes == "") {
			t.Errorf("%s: the notes are %q, want %q", name, notes, test.notes)
		}
	}
}

func TestWhatListenersServeIsListed(t *testing.T) {
	t.Parallel()
	from := cannedReplica{routesPath: {`[
		{"host": "*.example.com", "path": "/", "match": "Prefix", "ingress": "httproute/shop/any", "rule": "spec.rules[0]", "pool": "web/any:80", "taking": 1, "endpoints": 1,
			"listener": "infra/web/http", "address": "[::]:8080"},
		{"host": "*.example.com", "path": "/", "match": "Prefix", "ingress": "blog/any", "rule": "0.0", "pool": "blog/any:80", "taking": 1, "endpoints": 1}]`},
		refusedPath: {`[{"host": "a.io", "path": "/", "match": "Prefix", "ingress": "httproute/shop/late", "rule": "spec.rules[1].matches[0]", "address": "10.0.0.5:443",
			"reason": "PathConflict", "why": "another has it"}]`}}
	const heading = "HOST                PATH  MATCH   OBJECT              POOL        ENDPOINTS  STATE    WHY  RULE           LISTENER        ADDRESSES\n"
	const route = "*.example.com:8080  /     Prefix  httproute/shop/any  web/any:80  1/1        serving       spec.rules[0]  infra/web/http  -\n"
	from[tasksPath] = []string{"[]"}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"the namespace of a route":    {[]string{"--in=shop", "-o=wide"}, heading + route},
		"a host of one label more":    {[]string{"--host=a.b.example.com", "-o=name"}, "httproute/shop/any\n"},
		"a host that both stand for":  {[]string{"--host=b.example.com", "-o=name"}, "httproute/shop/any\nblog/any\n"},
		"a host that neither is for":  {[]string{"--host=example.com", "-o=name"}, ""},
		"a rule that is not served":   {[]string{"refused"}, "HOST      PATH  MATCH   OBJECT               RULE                      REASON        WHY\na.io:443  /     Prefix  httproute/shop/late  spec.rules[1].matches[0]  PathConflict  another has it\n"},
		"the namespace of an Ingress": {[]string{"--in=blog", "-o=name"}, "blog/any\n"},
	} {
		got := listed(from, test.args...)
		if diff := cmp.Diff(test.want, got.out); diff != "" || got.code != 0 {
			t.Errorf("%s: %d %s (-want +got):\n%s", name, got.code, got.err, diff)
		}
	}
}
