// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

func compiledRewrite(t *testing.T, of *Rewrite) *rewrite {
	t.Helper()
	r, err := compileRewrite(of, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func applied(r *rewrite, buf []byte, path string) ([]byte, error) {
	changed, _, err := r.path.Apply(buf, []byte(path))
	return changed, err
}

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
		r := compiledRewrite(t, &Rewrite{StripPrefix: strip})
		for path, want := range paths {
			got, err := applied(r, make([]byte, 0, 64), path)
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
		r := compiledRewrite(t, &Rewrite{Path: PathChange{Replace: replace}})
		for _, path := range []string{"/", "/old", "/old/users", "/v2/x", "/old%2F.."} {
			if got, err := applied(r, nil, path); err != nil || string(got) != want {
				t.Errorf("%s replaced by %s: got %q (%v), want %q", path, replace, got, err, want)
			}
		}
	}
}

func TestEndpointIsToldOfAStrippedPrefix(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, path   string
		rewrite      Rewrite
		fields, want []string
	}{
		{"stripped", "/api/v1/users", Rewrite{StripPrefix: "/api/v1"}, nil, []string{"X-Forwarded-Prefix", "/api/v1"}},
		{"stripped, with a slash at its end", "/api/users", Rewrite{StripPrefix: "/api/"}, nil, []string{"X-Forwarded-Prefix", "/api"}},
		{"stripped, and nothing is left", "/api", Rewrite{StripPrefix: "/api"}, nil, []string{"X-Forwarded-Prefix", "/api"}},
		{"not there", "/apiv1", Rewrite{StripPrefix: "/api"}, nil, nil},
		{"nothing to strip", "/users", Rewrite{StripPrefix: "/"}, nil, nil},
		{"replaced", "/api", Rewrite{Path: PathChange{Replace: "/v2"}}, nil, nil},
		{"untold", "/api", Rewrite{StripPrefix: "/api", Untold: true}, []string{"X-Forwarded-Prefix", "/shop"}, []string{"X-Forwarded-Prefix", "/shop"}},
		{"behind a proxy that stripped too", "/api/x", Rewrite{StripPrefix: "/api"}, []string{"A", "1", "x-forwarded-prefix", "/shop/", "B", "2"},
			[]string{"A", "1", "B", "2", "X-Forwarded-Prefix", "/shop/api"}},
		{"behind two", "/api/x", Rewrite{StripPrefix: "/api"}, []string{"X-Forwarded-Prefix", "/a, /b", "X-Forwarded-Prefix", "/"},
			[]string{"X-Forwarded-Prefix", "/a/b/api"}},
		{"behind one, and not there", "/x", Rewrite{StripPrefix: "/api"}, []string{"X-Forwarded-Prefix", "/shop"}, []string{"X-Forwarded-Prefix", "/shop"}},
		{"behind one, with a path to be made canonical", "/api/%2e%2e/x", Rewrite{StripPrefix: "/api/%2e%2e"}, []string{"X-Forwarded-Prefix", "/shop"},
			[]string{"X-Forwarded-Prefix", "/shop/api/%2e%2e"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := compiledRewrite(t, &test.rewrite)
			v := &step.View{Request: &message.Request{}, Path: []byte(test.path)}
			for range 2 { // the second time with the scratch memory of the first
				v.Request.Fields = fieldsOf(test.fields...)
				if answer := r.request(v); answer != (step.Answer{}) {
					t.Fatalf("answered: %+v", answer)
				}
				if diff := cmp.Diff(test.want, passedOn(v.Request.Fields)); diff != "" {
					t.Errorf("fields (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestTellingOfAPrefixTakesNoMemory(t *testing.T) {
	r := compiledRewrite(t, &Rewrite{StripPrefix: "/api"})
	sent := fieldsOf("A", "1", "X-Forwarded-Prefix", "/shop")
	v := &step.View{Request: &message.Request{Fields: make([]message.Field, 0, 16)}, Path: []byte("/api/v1"), Scratch: make([]byte, 0, 256)}
	for name, fields := range map[string][]message.Field{"alone": sent[:1], "behind a proxy that stripped too": sent} {
		if n := testing.AllocsPerRun(100, func() {
			v.Request.Fields = append(v.Request.Fields[:0], fields...)
			_ = r.request(v)
		}); n != 0 {
			t.Errorf("%s: %v allocations, want none", name, n)
		}
	}
}

func TestRewritingTakesNoMemory(t *testing.T) {
	buf, path := make([]byte, 0, 256), []byte("/api/v1/users/1")
	for name, rule := range map[string]Rewrite{"stripPrefix": {StripPrefix: "/api/v1"}, "replacePath": {Path: PathChange{Replace: "/v2"}}} {
		r := compiledRewrite(t, &rule)
		if n := testing.AllocsPerRun(100, func() {
			if _, _, err := r.path.Apply(buf, path); err != nil {
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
