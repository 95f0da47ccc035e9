//go:build browser

// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// each is how many resources of each kind the page has.
const each = 50

func TestPageOf200ResourcesLoadsOverHTTP2(t *testing.T) {
	t.Parallel()
	s := serve(t)
	got := s.visit("/page")
	if len(got.Problems) > 0 {
		t.Errorf("the page found %q", got.Problems)
	}
	want := make(map[string]string)
	for n := range each {
		for _, kind := range []string{"style", "image", "script", "fetch"} {
			want[fmt.Sprintf("/%s/%d", kind, n)] = "200 over h2"
		}
	}
	loaded := make(map[string]string)
	for _, r := range got.Resources {
		loaded[r.Path] = fmt.Sprintf("%d over %s", r.Status, r.Protocol)
	}
	if diff := cmp.Diff(want, loaded); diff != "" {
		t.Errorf("what the browser loaded (-want +got):\n%s", diff)
	}
	for path := range want {
		want[path] = "GET 200 over HTTP/2"
	}
	want["/page"], want["/report"] = "GET 200 over HTTP/2", "POST 204 over HTTP/2"
	s.expectRecords(want)
	s.expectRequests(map[string]float64{"code=200 reason=": 4*each + 1, "code=204 reason=": 1})
}

func TestWebSocketGoesOverHTTP2(t *testing.T) {
	t.Parallel()
	s := serve(t)
	got := s.visit("/socket")
	if len(got.Problems) > 0 {
		t.Errorf("the page found %q", got.Problems)
	}
	if diff := cmp.Diff(socket{Text: "hello", Heard: 300_000, Protocol: "echo", Code: 4321, Clean: true}, got.Socket); diff != "" {
		t.Errorf("what the browser saw of the socket (-want +got):\n%s", diff)
	}
	s.expectRecords(map[string]string{"/socket": "GET 200 over HTTP/2", "/echo": "GET 101 over HTTP/2", "/report": "POST 204 over HTTP/2"})
}
