// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/canonical"
)

func TestPrefixIsStrippedByWholeSegments(t *testing.T) {
	t.Parallel()
	for strip, paths := range map[string]map[string]string{
		"/api/v1": {
			"/api/v1":           "/",
			"/api/v1/":          "/",
			"/api/v1/users":     "/users",
			"/api/v1/users/":    "/users/",
			"/api/v1/a/b/c":     "/a/b/c",
			"/api/v1/api/v1":    "/api/v1",
			"/api/v11":          "/api/v11",
			"/api/v1.0":         "/api/v1.0",
			"/api/v1%2Fusers":   "/api/v1%2Fusers",
			"/api/v1;a=b":       "/api/v1;a=b",
			"/api":              "/api",
			"/":                 "/",
			"/x/api/v1":         "/x/api/v1",
			"/API/v1/users":     "/API/v1/users",
			"/api/v1/a%2Fb":     "/a%2Fb",
			"/api/v1/%2F":       "/%2F",
			"/api/v1/..%2Fx":    "/..%2Fx",
			"/api/v1/.../x":     "/.../x",
			"/api/v1/caf%C3%A9": "/caf%C3%A9",
		},
		"/api/v1/":                      {"/api/v1": "/", "/api/v1/": "/", "/api/v1/users": "/users", "/api/v11": "/api/v11"},
		"/":                             {"/": "/", "/users": "/users", "/a/b/": "/a/b/"},
		"/a%2Fb":                        {"/a%2Fb": "/", "/a%2Fb/c": "/c", "/a/b/c": "/a/b/c"},
		"/long/prefix/of/many/segments": {"/long": "/long", "/long/prefix/of/many/segments/x": "/x"},
	} {
		r := compileRewrite(&Rewrite{StripPrefix: strip})
		for path, want := range paths {
			got, err := r.apply(make([]byte, 0, 64), []byte(path))
			if err != nil || string(got) != want {
				t.Errorf("%s without %s: got %q (%v), want %q", path, strip, got, err, want)
			}
			again, err := canonical.Path(nil, got)
			if err != nil || string(again) != string(got) {
				t.Errorf("%s without %s: %q is not canonical, that is %q (%v)", path, strip, got, again, err)
			}
		}
	}
}

func TestReplacedPathTakesThePlaceOfAnyOther(t *testing.T) {
	t.Parallel()
	for replace, want := range map[string]string{"/v2": "/v2", "/": "/", "/v2/": "/v2/", "/a%2Fb": "/a%2Fb"} {
		r := compileRewrite(&Rewrite{ReplacePath: replace})
		for _, path := range []string{"/", "/old", "/old/users", "/v2/x", "/old%2F.."} {
			if got, err := r.apply(nil, []byte(path)); err != nil || string(got) != want {
				t.Errorf("%s replaced by %s: got %q (%v), want %q", path, replace, got, err, want)
			}
		}
	}
}

func TestRewritingTakesNoMemory(t *testing.T) {
	buf, path := make([]byte, 0, 256), []byte("/api/v1/users/1")
	for name, rule := range map[string]Rewrite{"stripPrefix": {StripPrefix: "/api/v1"}, "replacePath": {ReplacePath: "/v2"}} {
		r := compileRewrite(&rule)
		if n := testing.AllocsPerRun(100, func() {
			if _, err := r.apply(buf, path); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
	if diff := cmp.Diff("/api/v1/users/1", string(path)); diff != "" {
		t.Errorf("the path that was routed by was written over (-want +got):\n%s", diff)
	}
}
