// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/policy"
)

func TestReadRedirect(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from  v1alpha1.Redirect
		want  policy.Redirect
		fault string
	}{
		"to a scheme": {from: v1alpha1.Redirect{Scheme: "https"}, want: policy.Redirect{Status: 302, Scheme: "https"}},
		"to everything": {from: v1alpha1.Redirect{Scheme: "http", Host: "example.com", Port: 8080, Path: "/a//b", StatusCode: 308},
			want: policy.Redirect{Status: 308, Scheme: "http", Host: "example.com", Port: 8080, Path: policy.PathChange{Replace: "/a/b"}}},
		"to another prefix": {from: v1alpha1.Redirect{ReplacePrefix: "/new/"},
			want: policy.Redirect{Status: 302, Path: policy.PathChange{Prefix: "/old", Replacement: "/new/"}}},
		"to nowhere":       {fault: "redirect leads nowhere"},
		"by a status":      {from: v1alpha1.Redirect{Scheme: "https", StatusCode: 300}, fault: "redirect.statusCode is 300"},
		"to a script":      {from: v1alpha1.Redirect{Scheme: "javascript"}, fault: `redirect.scheme is "javascript"`},
		"to a user":        {from: v1alpha1.Redirect{Host: "a@b"}, fault: `redirect.host "a@b" is no DNS name`},
		"to a wildcard":    {from: v1alpha1.Redirect{Host: "*.example.com"}, fault: `redirect.host "*.example.com" is no DNS name`},
		"to a split field": {from: v1alpha1.Redirect{Path: "/\r\nSet-Cookie: a=b"}, fault: "redirect.path"},
		"to a query":       {from: v1alpha1.Redirect{Path: "/a?b"}, fault: "redirect.path \"/a?b\" is no path: it has a ?"},
		"to two paths":     {from: v1alpha1.Redirect{Path: "/a", ReplacePrefix: "/b"}, fault: "redirect has both path and replacePrefix"},
		"to a port":        {from: v1alpha1.Redirect{Port: 70000}, fault: "redirect.port is 70000"},
	} {
		var r pathReader
		got, fault := r.readRedirect(&v1alpha1.IngressPath{Path: "/old", Redirect: &test.from})
		if test.fault != "" || fault != "" {
			if test.fault == "" || !strings.HasPrefix(fault, test.fault) {
				t.Errorf("%s: got the fault %q, want %q", name, fault, test.fault)
			}
			continue
		}
		if diff := cmp.Diff(test.want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// There is no prefix to replace where a path is none, or where the annotation is for all paths.
func TestAPrefixIsReplacedWhereThereIsOne(t *testing.T) {
	t.Parallel()
	for _, path := range []*v1alpha1.IngressPath{{}, {Path: "/a", PathType: v1alpha1.PathTypeExact}, {Path: "/a", PathType: v1alpha1.PathTypeRegularExpression}} {
		var r pathReader
		path.Redirect, path.Rewrite = &v1alpha1.Redirect{ReplacePrefix: "/b"}, &v1alpha1.Rewrite{ReplacePrefix: "/b"}
		if _, fault := r.readRedirect(path); !strings.HasPrefix(fault, "redirect.replacePrefix ") {
			t.Errorf("%+v: the redirect has the fault %q", path, fault)
		}
		if _, fault := r.readRewrite(path); !strings.HasPrefix(fault, "rewrite.replacePrefix ") {
			t.Errorf("%+v: the rewrite has the fault %q", path, fault)
		}
	}
}

func TestReadFixedResponse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from  v1alpha1.FixedResponse
		want  policy.FixedResponse
		fault string
	}{
		"without content":       {from: v1alpha1.FixedResponse{StatusCode: 204}, want: policy.FixedResponse{Status: 204}},
		"plain":                 {from: v1alpha1.FixedResponse{StatusCode: 503, Body: "soon"}, want: policy.FixedResponse{Status: 503, ContentType: "text/plain; charset=utf-8", Body: "soon"}},
		"of a type":             {from: v1alpha1.FixedResponse{StatusCode: 200, ContentType: "application/json", Body: "{}"}, want: policy.FixedResponse{Status: 200, ContentType: "application/json", Body: "{}"}},
		"informational":         {from: v1alpha1.FixedResponse{StatusCode: 101}, fault: "fixedResponse.statusCode is 101"},
		"beyond":                {from: v1alpha1.FixedResponse{StatusCode: 600}, fault: "fixedResponse.statusCode is 600"},
		"long":                  {from: v1alpha1.FixedResponse{StatusCode: 200, Body: strings.Repeat("é", 8193)}, fault: "fixedResponse.body is longer than 16 KiB"},
		"content where is none": {from: v1alpha1.FixedResponse{StatusCode: 304, Body: "x"}, fault: "fixedResponse has a body"},
		"a split field":         {from: v1alpha1.FixedResponse{StatusCode: 200, ContentType: "text/html\r\nSet-Cookie: a=b"}, fault: "fixedResponse.contentType"},
	} {
		got, fault := readFixedResponse(&test.from)
		if test.fault != "" || fault != "" {
			if test.fault == "" || !strings.HasPrefix(fault, test.fault) {
				t.Errorf("%s: got the fault %q, want %q", name, fault, test.fault)
			}
			continue
		}
		if diff := cmp.Diff(test.want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestReadRewrite(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		from  v1alpha1.Rewrite
		want  policy.Rewrite
		fault string
	}{
		"a prefix":     {from: v1alpha1.Rewrite{ReplacePrefix: "/b//"}, want: policy.Rewrite{Path: policy.PathChange{Prefix: "/a", Replacement: "/b/"}}},
		"a host alone": {from: v1alpha1.Rewrite{Host: "internal.example.com:8080"}, want: policy.Rewrite{Host: "internal.example.com:8080"}},
		"an expression and a host": {from: v1alpha1.Rewrite{Host: "b", Regex: &v1alpha1.Substitution{Pattern: "^/api/(.*)$", Substitution: "/$1"}},
			want: policy.Rewrite{Host: "b", Path: policy.PathChange{Expression: "^/api/(.*)$", Substitution: "/$1"}}},
		"two ways":            {from: v1alpha1.Rewrite{StripPrefix: "/a", Regex: &v1alpha1.Substitution{Pattern: "x"}}, fault: "rewrite has both stripPrefix and regex"},
		"nothing":             {fault: "rewrite has neither"},
		"no expression":       {from: v1alpha1.Rewrite{Regex: &v1alpha1.Substitution{Substitution: "/"}}, fault: "rewrite.regex has no pattern"},
		"a broken expression": {from: v1alpha1.Rewrite{Regex: &v1alpha1.Substitution{Pattern: "("}}, fault: `rewrite.regex.pattern "(" is no regular expression of RE2`},
		"a query":             {from: v1alpha1.Rewrite{Regex: &v1alpha1.Substitution{Pattern: "x", Substitution: "/?a"}}, fault: "rewrite.regex.substitution"},
		"a line break":        {from: v1alpha1.Rewrite{Regex: &v1alpha1.Substitution{Pattern: "x", Substitution: "/\r\n"}}, fault: "rewrite.regex.substitution"},
		"a host with a path":  {from: v1alpha1.Rewrite{Host: "a/b"}, fault: `rewrite.host "a/b" is no host`},
		"a host of a port":    {from: v1alpha1.Rewrite{Host: ":80"}, fault: `rewrite.host ":80" is no host`},
		"a port that is none": {from: v1alpha1.Rewrite{Host: "a:0"}, fault: `rewrite.host "a:0" is no host`},
	} {
		var r pathReader
		got, fault := r.readRewrite(&v1alpha1.IngressPath{Path: "/a", PathPolicies: v1alpha1.PathPolicies{Rewrite: &test.from}})
		if test.fault != "" || fault != "" {
			if test.fault == "" || !strings.HasPrefix(fault, test.fault) {
				t.Errorf("%s: got the fault %q, want %q", name, fault, test.fault)
			}
			continue
		}
		if diff := cmp.Diff(test.want, *got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWhichExpressionsAreTaken(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/a/[0-9]+":                  "",
		"(?i)/a":                     "",
		"a{1000}":                    "",
		"(":                          `x "(" is no regular expression of RE2`,
		"(?=a)":                      `x "(?=a)" is no regular expression of RE2`,
		"a{1001}":                    `x "a{1001}" is no regular expression of RE2`,
		"a)|(b":                      `x "a)|(b" is no regular expression of RE2`,
		"a{1000}b{99}":               `x "a{1000}b{99}" takes more memory than an expression may`,
		`[a-zA-Z0-9._-]{1,255}`:      "",
		`\pL+`:                       "",
		`\pL{64}`:                    `x "\\pL{64}" takes more memory than an expression may`,
		strings.Repeat(`\pL\pN`, 99): "x ",
		strings.Repeat("a", 1024):    "",
		strings.Repeat("a", 1025):    "x is longer than 1024 bytes",
	} {
		if got := ExpressionFault("x", text); want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%.40q: got %q, want %q", text, got, want)
		}
	}
}
