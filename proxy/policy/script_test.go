// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/script"
	"github.com/warren-dev/ingress/proxy/step"
)

func TestHowARequestIsAnsweredAsAScriptSays(t *testing.T) {
	t.Parallel()
	answer := func(does script.Step) (step.Answer, *step.View) {
		steps, err := (&Script{Location: []script.Step{does}}).Compile(nil)
		if err != nil {
			t.Fatal(err)
		}
		notes := []step.Note{}
		v := &step.View{Request: &message.Request{Path: []byte("/a")}, Path: []byte("/a"), Host: []byte("h"), Notes: &notes}
		a := steps.Request(v)
		if v.Script == nil || len(notes) != 1 || notes[0].Policy != "script" {
			t.Errorf("the script remembers %v and notes %+v", v.Script, notes)
		}
		return a, v
	}
	if a, v := answer(script.Step{Op: script.Return, Status: 301, Value: "/b"}); a.Reason != reason.Redirected || a.Status != 301 ||
		len(v.Fields) != 1 || string(v.Fields[0].Name) != "Location" || string(v.Fields[0].Value) != "http://h/b" {
		t.Errorf("a redirect is %+v with %q", a, v.Fields)
	}
	if a, _ := answer(script.Step{Op: script.Return, Status: 403, Value: "no"}); a.Reason != reason.FixedResponse || a.Status != 403 || a.Content.Text != "no" {
		t.Errorf("an answer is %+v", a)
	}
	if a, v := answer(script.Step{Op: script.RewriteLast, Expression: "^", Value: "/b"}); a.Next != step.Again || string(v.Path) != "/b" || a.Reason != reason.None {
		t.Errorf("another location is %+v for %s", a, v.Path)
	}
	if a, _ := answer(script.Step{Op: script.RewriteBreak, Expression: "^", Value: "/../b"}); a.Reason != reason.MalformedPath || a.Detail == "" {
		t.Errorf("a malformed path is %+v", a)
	}
	if a, _ := answer(script.Step{Op: script.Set, Variable: "a", Value: "1"}); a != (step.Answer{}) {
		t.Errorf("a request that goes on is %+v", a)
	}
}

// What CORS does not answer, a snippet of a route with CORS has to see: it may say who gets in.
func TestWhichRequestsAScriptLeavesToCORS(t *testing.T) {
	t.Parallel()
	some, every := []string{"https://a.io"}, []string{"*"}
	asks := []string{"Origin", "https://a.io", "Access-Control-Request-Method", "PUT"}
	for name, test := range map[string]struct {
		cors   *CORS
		method string
		fields []string
		left   bool
	}{
		"OPTIONS of an origin":                   {&CORS{AllowOrigins: some, Always: true}, "OPTIONS", []string{"Origin", "https://a.io"}, true},
		"GET of an origin":                       {&CORS{AllowOrigins: some, Always: true}, "GET", []string{"Origin", "https://a.io"}, false},
		"OPTIONS of another origin":              {&CORS{AllowOrigins: some, Always: true}, "OPTIONS", []string{"Origin", "https://b.io"}, false},
		"OPTIONS of no origin":                   {&CORS{AllowOrigins: some, Always: true}, "OPTIONS", nil, false},
		"OPTIONS of no origin, where all may":    {&CORS{AllowOrigins: every, Always: true}, "OPTIONS", nil, true},
		"OPTIONS that is none of ingress-nginx":  {&CORS{AllowOrigins: some}, "OPTIONS", []string{"Origin", "https://a.io"}, false},
		"a preflight that is none of its either": {&CORS{AllowOrigins: some}, "OPTIONS", asks, true},
		"OPTIONS without CORS":                   {nil, "OPTIONS", asks, false},
	} {
		policies := []Policy{&Script{SkipOptions: true, Location: []script.Step{{Op: script.Return, Status: 403}}}}
		if test.cors != nil {
			policies = append(policies, test.cors)
		}
		chain, err := Compile(policies, nil)
		if err != nil {
			t.Fatal(err)
		}
		v := &step.View{Request: &message.Request{Method: []byte(test.method), Path: []byte("/"), Fields: fieldsOf(test.fields...)}, Path: []byte("/")}
		a := chain.Request[0](v)
		if left := a.Status != 403; left != test.left {
			t.Errorf("%s: left to CORS: %t, want %t", name, left, test.left)
		}
		if test.left && chain.Request[1](v).Reason != reason.PreflightAnswered {
			t.Errorf("%s: CORS does not answer", name)
		}
	}
}

func TestAScriptPolicyTakesNoMemoryOfItsOwn(t *testing.T) {
	steps, err := (&Script{Location: []script.Step{{Op: script.Set, Variable: "a", Value: "$uri$args"}}}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &step.View{Request: &message.Request{Path: []byte("/a"), Query: []byte("?b")}, Path: []byte("/a")}
	if n := testing.AllocsPerRun(100, func() {
		if v.Script != nil {
			v.Script.Empty(4096)
		}
		steps.Request(v)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkConstantFields compares fields that a snippet sets with the same by an annotation.
func BenchmarkConstantFields(b *testing.B) {
	for name, p := range map[string]Policy{
		"script": &Script{Fields: script.Level{
			Proxy: []script.Field{{Name: "X-Request-A", Value: "1"}, {Name: "X-Request-B", Value: "2"}},
			More:  []script.Field{{Name: "X-Response-A", Value: "1"}, {Name: "X-Response-B", Value: "2"}},
		}},
		"headers": &Headers{
			Request:  HeaderChanges{Set: headers("X-Request-A", "1", "X-Request-B", "2")},
			Response: HeaderChanges{Set: headers("X-Response-A", "1", "X-Response-B", "2")},
		},
	} {
		b.Run(name, func(b *testing.B) { benchmarkPolicy(b, p) })
	}
}

// BenchmarkScriptWithConditions has a variable, three conditions and a rewrite.
func BenchmarkScriptWithConditions(b *testing.B) {
	benchmarkPolicy(b, &Script{
		Location: []script.Step{
			{Op: script.Set, Variable: "a", Value: "$http_x_a"},
			{Op: script.IfEqual, Variable: "a", Value: "two", Steps: 1}, {Op: script.Set, Variable: "a", Value: "2"},
			{Op: script.IfMatch, Variable: "uri", Expression: "^/a/", Steps: 1}, {Op: script.Set, Variable: "b", Value: "$a-b"},
			{Op: script.IfMatch, Variable: "http_user_agent", Expression: "bot|crawler", Fold: true, Steps: 1}, {Op: script.Return, Status: 403},
			{Op: script.RewriteBreak, Expression: "^/a/(.*)$", Value: "/b/$1"},
		},
		Fields: script.Level{Proxy: []script.Field{{Name: "X-B", Value: "$b"}}, Add: []script.Field{{Name: "X-A", Value: "$a", Op: script.FieldAppend}}},
	})
}

func benchmarkPolicy(b *testing.B, p Policy) {
	b.Helper()
	steps, err := p.Compile(nil)
	if err != nil {
		b.Fatal(err)
	}
	req := &message.Request{Method: []byte("GET"), Authority: []byte("a"), Path: []byte("/a/x"), Query: []byte("?q=1"), Fields: fieldsOf(
		"X-A", "one", "User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Accept", "*/*")}
	v := &step.View{Request: req, Host: []byte("a"), Path: req.Path, Client: netip.MustParseAddr("192.0.2.1")}
	sent, path, query := slices.Clone(v.Request.Fields), v.Request.Path, v.Request.Query
	resp := &message.Response{Status: 200}
	b.ReportAllocs()
	for b.Loop() {
		if v.Script != nil {
			v.Script.Empty(4096)
		}
		v.Request.Fields, v.Request.Path, v.Request.Query = append(v.Request.Fields[:0], sent...), path, query
		resp.Fields = resp.Fields[:0]
		steps.Request(v)
		if steps.Late != nil {
			steps.Late(v)
		}
		steps.Response(v, resp)
	}
}
