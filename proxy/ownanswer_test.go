// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"testing"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// answeringBy is a snapshot whose only route answers by policies, without a backend.
func answeringBy(policies ...policy.Policy) *snapshot.Snapshot {
	r := prefix("/", "")
	r.Policies = policies
	return snapshotOf([]snapshot.Host{hostOf("", r)})
}

func TestARuleRedirects(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(answeringBy(&policy.Redirect{Status: http.StatusMovedPermanently, Scheme: "https", Host: "example.org", Path: policy.PathChange{Prefix: "/a", Replacement: "/x"}}))
	got := p.get("a.example.com:8080", "/a/b/../c%2Fd?q=1")
	if location := got.Header.Get("Location"); got.Status != 301 || location != "https://example.org/x/c%2Fd?q=1" {
		t.Errorf("got %d to %q", got.Status, location)
	}
	p.apply(answeringBy(&policy.Redirect{Status: http.StatusFound}))
	if location := p.get("a.example.com:8080", "//evil.example/%2e%2e/x").Header.Get("Location"); location != "http://a.example.com:8080/x" {
		t.Errorf("a path that looks like a host leads to %q", location)
	}
}

// A rule's own answer is changed as an endpoint's would be.
func TestARuleAnswersByItself(t *testing.T) {
	t.Parallel()
	p := serve(t)
	headers := &policy.Headers{Response: policy.HeaderChanges{Set: []policy.Header{{Name: "Cache-Control", Value: "no-store"}, {Name: "Content-Type", Value: "text/x"}}}}
	p.apply(answeringBy(headers, &policy.FixedResponse{Status: 503, ContentType: "text/html", Body: "<p>soon</p>"}))
	got := p.get("a", "/")
	if got.Status != 503 || got.Body != "<p>soon</p>" || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("got %d %q with %v", got.Status, got.Body, got.Header)
	}
	if types := got.Header.Values("Content-Type"); len(types) != 1 || types[0] != "text/x" {
		t.Errorf("its types are %q", types)
	}
}

// A response without content is one for every version of HTTP: the next request on the connection is answered.
func TestARuleAnswersWithoutContent(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 204, 205, 304} {
		p := serve(t)
		p.apply(answeringBy(&policy.FixedResponse{Status: status}))
		client := p.dial()
		for range 2 {
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			got := client.reply("GET")
			if got.Status != status || got.Body != "" || got.Close || got.Header.Get("Content-Type") != "" {
				t.Errorf("%d: got %d %q with %v", status, got.Status, got.Body, got.Header)
			}
		}
	}
}

// Who may not come gets no answer of the rule's own.
func TestPoliciesComeBeforeARulesOwnAnswer(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(answeringBy(&policy.Access{Denied: prefixes("127.0.0.0/8")}, &policy.FixedResponse{Status: 200}))
	if got := p.get("a", "/").outcome(t); got != "403 AccessDenied" {
		t.Errorf("got %s", got)
	}
}
