// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// This looks at both directions on the wire: order, spelling and number of the fields as both sides see them.
func TestHeadersAreChangedBothWays(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		*headersOf(r) = policy.Headers{
			Request: policy.HeaderChanges{
				Add: []policy.Header{{Name: "X-Custom-Header", Value: "value"}}, Set: []policy.Header{{Name: "X-App-Version", Value: "v1.2.3"}}, Remove: []string{"Cookie", "X-Powered-By"},
			},
			Response: policy.HeaderChanges{
				Add: []policy.Header{{Name: "Cache-Control", Value: "no-store"}}, Set: []policy.Header{{Name: "Strict-Transport-Security", Value: "max-age=1"}}, Remove: []string{"Server", "X-Powered-By"},
			},
		}
	}, endpoint.address))
	client := p.dial()
	client.send("POST /x HTTP/1.1\r\nHost: a\r\ncookie: a=1\r\nAccept: */*\r\nx-app-version: v0\r\nCOOKIE: b=2\r\nX-App-Version: v00\r\nContent-Length: 2\r\nServer: kept\r\n\r\nhi")
	up := endpoint.accept()
	got := up.request()
	want := map[string][]string{
		"Accept": {"*/*"}, "Content-Length": {"2"}, "Server": {"kept"}, "X-App-Version": {"v1.2.3"}, "X-Custom-Header": {"value"},
	}
	if diff := cmp.Diff(want, withoutForwarding(got.Header)); diff != "" {
		t.Errorf("fields at the endpoint (-want +got):\n%s", diff)
	}
	up.send("HTTP/1.1 200 OK\r\nserver: x\r\nSet-Cookie: a=1\r\nSERVER: y\r\nSet-Cookie: b=2\r\nx-powered-by: z\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
	if diff := cmp.Diff("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nStrict-Transport-Security: max-age=1\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n", withoutRequestID(client.head())); diff != "" {
		t.Errorf("head at the client (-want +got):\n%s", diff)
	}
	client.expect("2\r\nok\r\n0\r\n\r\n")
}

// The changes are made for each request, on connections that live on, and if a request is tried on a second endpoint.
func TestHeadersAreChangedOncePerRequest(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		r.Retries = 1
		headersOf(r).Request = policy.HeaderChanges{Add: []policy.Header{{Name: "X-Add", Value: "1"}}, Set: []policy.Header{{Name: "X-Set", Value: "1"}}}
		headersOf(r).Response = policy.HeaderChanges{Add: []policy.Header{{Name: "X-Back", Value: "1"}}, Set: []policy.Header{{Name: "X-Kept", Value: "replaced"}}}
	}, startEcho(t, "b", "X-Kept: yes"), closedPort(t)))
	client := p.dial()
	for i := range 6 { // every other one is tried twice
		client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		got := client.reply("GET")
		if diff := cmp.Diff(map[string][]string{"X-Add": {"1"}, "X-Set": {"1"}}, withoutForwarding(got.header(t))); diff != "" {
			t.Errorf("request %d: fields at the endpoint (-want +got):\n%s", i, diff)
		}
		if diff := cmp.Diff(map[string][]string{"X-Back": {"1"}, "X-Kept": {"replaced"}}, fieldsBut(got.Header, "Content-Length", "X-Request-Id")); diff != "" {
			t.Errorf("request %d: fields at the client (-want +got):\n%s", i, diff)
		}
	}
}

// A route's changes are for its endpoints' answers, not for the proxy's own.
func TestOwnAnswersKeepTheirFields(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		headersOf(r).Response = policy.HeaderChanges{Set: []policy.Header{{Name: "X-Set", Value: "1"}}, Remove: []string{"Proxy-Status", "Content-Type"}}
	}, closedPort(t)))
	got := p.get("a", "/")
	if got.reason() != "UpstreamConnectFailed" || got.Header.Get("Content-Type") == "" || got.Header.Get("X-Set") != "" {
		t.Errorf("got %d with %v, want UpstreamConnectFailed with the usual fields", got.Status, got.Header)
	}
}
