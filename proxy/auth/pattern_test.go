// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

// viewWith makes what a policy sees of a request with fields, as lines.
func viewWith(lines ...string) *step.View {
	v := &step.View{
		Request: &message.Request{Method: []byte("POST"), Authority: []byte("Shop.example.com:8443"), Query: []byte("?a=1&B=2&a=3")},
		Host:    []byte("shop.example.com"), Path: []byte("/a b/c"), Client: netip.MustParseAddr("192.0.2.7"), Secure: true,
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		v.Request.Fields = append(v.Request.Fields, message.Field{Name: []byte(name), Value: []byte(value), Kind: message.KindOf([]byte(name))})
	}
	return v
}

func TestPatternsSayWhatNginxsVariablesSay(t *testing.T) {
	t.Parallel()
	v := viewWith("X-A: 1", "x-a: 2", "Cookie: s=1; t=2", "Cookie: s=3", "X-Forwarded-Port: 8443", "X-Request-ID: id", "Authorization: Basic YTpi")
	for text, want := range map[string]string{
		"":                     "",
		"plain":                "plain",
		"$host":                "shop.example.com",
		"${host}s":             "shop.example.coms",
		"$http_host":           "shop.example.com:8443", // as the rule was found, and as the client reached us
		"$best_http_host":      "shop.example.com:8443",
		"$scheme://$host":      "https://shop.example.com",
		"$pass_access_scheme":  "https",
		"$request_uri":         "/a b/c?a=1&B=2&a=3",
		"$escaped_request_uri": "%2Fa%20b%2Fc%3Fa%3D1%26B%3D2%26a%3D3",
		"$uri":                 "/a b/c",
		"$document_uri":        "/a b/c",
		"$args":                "a=1&B=2&a=3",
		"$query_string":        "a=1&B=2&a=3",
		"$request_method":      "POST",
		"$remote_addr":         "192.0.2.7",
		"$http_x_a":            "1, 2",
		"$http_none":           "",
		"$cookie_s/$cookie_T":  "1/2",
		"$cookie_none":         "",
		"$arg_a,$arg_b":        "1,2",
		"$arg_none":            "",
		"$req_id":              "id",
		"$remote_user":         "a",
	} {
		p, err := ReadPattern(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := string(p.Append([]byte("> "), v)); got != "> "+want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if p.IsEmpty() != (text == "") || p.NamesHost() != strings.Contains(text, "host") {
			t.Errorf("%q: it is empty %v, and names the host %v", text, p.IsEmpty(), p.NamesHost())
		}
	}
	literal := Literal("$host")
	if got := string(literal.Append(nil, v)); got != "$host" {
		t.Errorf("a literal: got %q", got)
	}
	v.Request.Query = nil
	empty, _ := ReadPattern("$args$arg_a")
	if got := empty.Append(nil, v); len(got) != 0 {
		t.Errorf("without a query: got %q", got)
	}
}

func TestTheUserOfAPatternIsANameAlone(t *testing.T) {
	t.Parallel()
	p, err := ReadPattern("$remote_user")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ field, found, want string }{
		{"Authorization: Basic YTpi", "", "a"}, {"Authorization: basic  YTpi", "", "a"}, {"Authorization: Basic YTpiOmM=", "", "a"},
		{"Authorization: Basic YQ==", "", ""}, {"Authorization: Basic !", "", ""}, {"Authorization: Basic YTpi!", "", ""}, {"Authorization: Bearer YTpi", "", ""},
		{"Authorization: Basic YQ0KWDogMTpi", "", ""}, // a line break
		{"X-A: b", "", ""}, {"X-A: b", "alice", "alice"}, {"Authorization: Basic YTpi", "alice", "alice"},
	} {
		v := viewWith(test.field)
		v.User = test.found
		if got := string(p.Append([]byte("> "), v)); got != "> "+test.want {
			t.Errorf("%s, found %q: got %q, want %q", test.field, test.found, got, test.want)
		}
	}
}

// What a client makes up stays a part of the value that the pattern has it in.
func TestPatternsOfTargetsEscapeWhatClientsSay(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{ // as a target, and as a URL
		"/c?a=$http_x&b=1":      {"/c?a=1%202%26b%3D2%23%2F%C3%A4&b=1", "/c?a=1%202%26b%3D2%23%2F%C3%A4&b=1"},
		"/$http_x/$http_x":      {"/1%202%26b%3D2%23%2F%C3%A4/1%202%26b%3D2%23%2F%C3%A4", "/1%202%26b%3D2%23%2F%C3%A4/1%202%26b%3D2%23%2F%C3%A4"},
		"/c?a=$request_method":  {"/c?a=GET%26b%23", "/c?a=GET%26b%23"},
		"/c?a=$cookie_s":        {"/c?a=1%262", "/c?a=1%262"},
		"/c?a=$arg_q":           {"/c?a=a%20b+c%3D%3Frd%3D%25", "/c?a=a%20b+c%3D%3Frd%3D%25"},
		"/c?a=$remote_user":     {"/c?a=a%26b", "/c?a=a%26b"},
		"$uri?rd=$uri":          {"/p/q;r?rd=/p/q;r", "/p/q;r?rd=%2Fp%2Fq%3Br"},
		"/c?rd=$request_uri":    {"/c?rd=/p/q;r?q=a%20b+c=?rd=%&rd=//evil", "/c?rd=%2Fp%2Fq%3Br%3Fq%3Da%2520b%2Bc%3D%3Frd%3D%25%26rd%3D%2F%2Fevil"},
		"/c?$args&x":            {"/c?q=a%20b+c=?rd=%&rd=//evil&x", "/c?q%3Da%2520b%2Bc%3D%3Frd%3D%25%26rd%3D%2F%2Fevil&x"},
		"https://a$request_uri": {"https://a/p/q;r?q=a%20b+c=?rd=%&rd=//evil", "https://a/p/q;r?q=a%20b+c=?rd=%&rd=//evil"},
		"//a$request_uri?rd=x":  {"//a/p/q;r?q=a%20b+c=?rd=%&rd=//evil?rd=x", "//a/p/q;r?rd=x"},
		"/c?rd=$escaped_request_uri": {
			"/c?rd=%2Fp%2Fq%3Br%3Fq%3Da%2520b%2Bc%3D%3Frd%3D%25%26rd%3D%2F%2Fevil", "/c?rd=%2Fp%2Fq%3Br%3Fq%3Da%2520b%2Bc%3D%3Frd%3D%25%26rd%3D%2F%2Fevil",
		},
	} {
		p, err := ReadPattern(text)
		if err != nil {
			t.Fatal(err)
		}
		v := viewWith("X: 1 2&b=2#/ä", "Cookie: s=1&2", "Authorization: Basic YSZiOmM=")
		v.Request.Method = []byte("GET&b#")
		v.Path, v.Request.Query = []byte("/p/q;r"), []byte("?q=a%20b+c=?rd=%&rd=//evil")
		if got := string(p.AppendTarget([]byte("> "), v)); got != "> "+want[0] {
			t.Errorf("%s: the target is %q, want %q", text, got, want[0])
		}
		if got := string(p.AppendURL([]byte("> "), v)); got != "> "+want[1] {
			t.Errorf("%s: the URL is %q, want %q", text, got, want[1])
		}
	}
}

func TestPatternsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"$":              "there is no variable $",
		"a$":             "there is no variable $",
		"$$host":         "there is no variable $",
		"$1":             "there is no variable $1",
		"$none":          "there is no variable $none",
		"${host":         "has no }",
		"$http_":         "there is no variable $http_",
		"$cookie_":       "there is no variable $cookie_",
		"$upstream_addr": "there is no variable $upstream_addr",
	} {
		if _, err := ReadPattern(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestPatternsNameFields(t *testing.T) {
	t.Parallel()
	p, err := ReadPattern("$cookie_s$http_x_key$host")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"cookie": true, "x-key": true, "authorization": false, "host": false, "s": false} {
		if got := p.Names(name); got != want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestExternalsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]External{
		"it has no pool":              {},
		"does not begin with a slash": {Pool: "p", Path: "auth"},
		"there is no variable $none":  {Pool: "p", CacheKey: "$none"},
		"X-A":                         {Pool: "p", Nginx: true, Fields: []step.Header{{Name: "X-A", Value: "$none"}}},
		"signInURL":                   {Pool: "p", Nginx: true, SignInURL: "https://$none/"},
		"path":                        {Pool: "p", Nginx: true, Path: "/$none"},
		"is no name of a field":       {Pool: "p", ForwardHeaders: []string{"a b"}},
		"for one connection alone":    {Pool: "p", ResponseHeaders: []string{"Transfer-Encoding"}},
		`"/a\r\nb: c" has a control`:  {Pool: "p", SignInURL: "/a\r\nb: c"},
		`"a\x00" has a control`:       {Pool: "p", Host: "a\x00"},
		`"/\n" has a control`:         {Pool: "p", Path: "/\n"},
	} {
		if err := e.Inspect(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %q", e, err, want)
		}
		asker := func(step.Policy) (step.Asker, error) { return nil, nil }
		v := viewOf()
		if got := compiled(t, &step.Scope{Asker: asker}, &e)(v); got.Reason != reason.AuthUnavailable || !strings.Contains(got.Cause, want) || v.Await != nil {
			t.Errorf("%+v: a request gets %+v, want that nobody gets in, and why", e, got)
		}
	}
	for _, e := range []External{
		{Pool: "p"}, {Missing: "it is gone"}, {Pool: "p", Path: "/$none", SignInURL: "/$none", Fields: []step.Header{{Name: "X-A", Value: "$none"}}},
		{Pool: "p", ForwardHeaders: []string{"*"}, ResponseHeaders: []string{"*", "X-A"}, CacheKey: "${cookie_s}"},
	} {
		if err := e.Inspect(); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
	}
	if got := compiled(t, &step.Scope{}, &External{Pool: "p"})(viewOf()); got.Reason != reason.AuthUnavailable {
		t.Errorf("a request gets %+v where nothing can ask a service", got)
	}
}

func TestWhomAnAddressAdmitsSaysNotWhoItIsWhereNobodyIsAsked(t *testing.T) {
	t.Parallel()
	e := &External{Missing: "there is no service", ResponseHeaders: []string{"Authorization"}}
	v := viewOf("Authorization: Bearer mine", "Accept: */*")
	v.Admitted = true
	if got := compiled(t, &step.Scope{}, e)(v); got != (step.Answer{}) {
		t.Errorf("got %+v, want that the request passes", got)
	}
	if got := passedOn(v.Request.Fields); len(got) != 1 || got[0] != "Accept: */*" {
		t.Errorf("the endpoint gets %q, want no word of the client's that it would take for the service's", got)
	}
}
