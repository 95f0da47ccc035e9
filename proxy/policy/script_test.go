// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// scriptView returns a view of a request for a target.
func scriptView(target string, fields ...string) *View {
	path, query := target, ""
	if i := strings.IndexByte(target, '?'); i >= 0 {
		path, query = target[:i], target[i:]
	}
	req := &message.Request{
		Version: message.HTTP11, Method: []byte("GET"), Authority: []byte("A.example:81"), Path: []byte(path), Query: []byte(query),
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Fields = append(req.Fields, message.Field{Name: []byte(name), Value: []byte(value), Kind: message.KindOf([]byte(name))})
	}
	return &View{
		Request: req, Host: []byte("a.example"), Path: req.Path, Client: netip.MustParseAddr("192.0.2.1"),
		Now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC),
	}
}

// became says in one line what a script made of a request.
func became(tb testing.TB, s *Script, v *View) string {
	tb.Helper()
	steps, err := s.Compile(nil)
	if err != nil {
		tb.Fatal(err)
	}
	a := steps.Request(v)
	switch {
	case a.Again:
		return fmt.Sprintf("again %s%s", v.Path, v.Request.Query)
	case a.Reason != reason.None:
		text := fmt.Sprintf("%s %d", a.Reason, a.Status)
		for _, f := range v.Fields {
			text += fmt.Sprintf(" %s: %s", f.Name, f.Value)
		}
		if a.Reason == reason.FixedResponse {
			text += fmt.Sprintf(" %s %q", a.Content.Type, a.Content.Text)
		}
		if a.Detail != "" {
			text += " " + a.Detail
		}
		return text
	}
	text := "goes on " + string(v.Request.Path) + string(v.Request.Query)
	if host := string(v.Request.Authority); host != "A.example:81" {
		text += " of " + host
	}
	return text + fieldText(v.Request.Fields)
}

func fieldText(fields []message.Field) (text string) {
	for _, f := range fields {
		if f.Kind.EndToEnd() {
			text += fmt.Sprintf(" %s: %s", f.Name, f.Value)
		}
	}
	return text
}

func set(variable, value string) ScriptStep {
	return ScriptStep{Op: ScriptSet, Variable: variable, Value: value}
}

func rewriteStep(op ScriptOp, expression, value string) ScriptStep {
	return ScriptStep{Op: op, Expression: expression, Value: value}
}

func TestWhatAScriptMakesOfARequest(t *testing.T) {
	t.Parallel()
	proxied := func(name, value string) ScriptLevel {
		return ScriptLevel{Proxy: []ScriptField{{Name: name, Value: value}}}
	}
	tests := map[string]struct {
		script Script
		target string
		fields []string
		want   string
	}{
		"nothing": {Script{}, "/a?b", nil, "goes on /a?b"},
		"variables of the request": {
			Script{Fields: proxied("X", "$scheme://$http_host$request_uri $host $uri $args $is_args $request_method $remote_addr $server_protocol")},
			"/a%20b?c=d", nil,
			"goes on /a%20b?c=d X: http://A.example:81/a%20b?c=d a.example /a b c=d ? GET 192.0.2.1 HTTP/1.1",
		},
		"fields, parameters and cookies": {
			Script{Fields: proxied("X", "$http_x_a|$http_x_b|$arg_q|$arg_none|$cookie_c|$http_cookie")},
			"/?p=1&Q=%20two&q=3", []string{"X-A: one", "X-B: 1", "x-b: 2", "Cookie: cc=0; C=1; d=2"},
			"goes on /?p=1&Q=%20two&q=3 X-A: one X-B: 1 x-b: 2 Cookie: cc=0; C=1; d=2 X: one|1, 2|%20two||1|cc=0; C=1; d=2",
		},
		"the user of Basic": {Script{Fields: proxied("X", "$remote_user!")}, "/", []string{"Authorization: Basic bWU6eA=="}, "goes on / Authorization: Basic bWU6eA== X: me!"},
		"no user":           {Script{Fields: proxied("X", "$remote_user!")}, "/", []string{"Authorization: Basic bWU"}, "goes on / Authorization: Basic bWU X: !"},
		"a user by a token": {Script{Fields: proxied("X", "$remote_user!")}, "/", []string{"Authorization: Bearer bWU6eA=="}, "goes on / Authorization: Bearer bWU6eA== X: !"},
		"constants": {
			Script{Constants: []ScriptConstant{{Name: "namespace", Value: "shop"}}, Fields: proxied("X", "${namespace}x ${literal_dollar}1")}, "/", nil,
			"goes on / X: shopx $1",
		},
		"set": {
			Script{Location: []ScriptStep{set("a", "one"), set("b", "$a-$a"), set("a", "two")}, Fields: proxied("X", "$a $b")}, "/", nil,
			"goes on / X: two one-one",
		},
		"a condition that is met": {
			Script{Location: []ScriptStep{
				{Op: ScriptIfEqual, Variable: "arg_q", Value: "1", Steps: 1}, set("a", "yes"), set("b", "always"),
			}, Fields: proxied("X", "$a $b")}, "/?q=1", nil,
			"goes on /?q=1 X: yes always",
		},
		"a condition that is not": {
			Script{Location: []ScriptStep{
				{Op: ScriptIfEqual, Variable: "arg_q", Value: "1", Steps: 1}, set("a", "yes"), set("b", "always"),
			}, Fields: proxied("X", "$a-$b")}, "/?q=2", nil,
			"goes on /?q=2 X: -always",
		},
		"0 is not set": {
			Script{Location: []ScriptStep{
				set("a", "0"), {Op: ScriptIfSet, Variable: "a", Steps: 1}, {Op: ScriptReturn, Status: 403}, set("a", "00"),
				{Op: ScriptIfSet, Variable: "a", Steps: 1}, {Op: ScriptReturn, Status: 200, Value: "set", ContentType: "text/plain"},
			}}, "/", nil, `FixedResponse 200 text/plain "set"`,
		},
		"the groups of the last expression": {
			Script{Location: []ScriptStep{
				{Op: ScriptIfMatch, Variable: "uri", Expression: "^/(a)/(b)", Steps: 1}, set("a", "$2$1"),
				{Op: ScriptIfMatch, Variable: "uri", Expression: "^/x(.)", Steps: 0}, set("b", "[$1]"),
			}, Fields: proxied("X", "$a$b")}, "/a/b", nil, "goes on /a/b X: ba[]",
		},
		"a named group": {
			Script{Location: []ScriptStep{{Op: ScriptIfMatch, Variable: "uri", Expression: "/(?<id>[0-9]+)"}}, Fields: proxied("X", "$id")}, "/a/17", nil,
			"goes on /a/17 X: 17",
		},
		"the groups of the location": {
			Script{Path: "^/app(/|$)(.*)", Fields: proxied("X", "$2")}, "/APP/x/y", nil, "goes on /APP/x/y X: x/y",
		},
		"a rewrite that stays": {
			Script{Location: []ScriptStep{rewriteStep(ScriptRewriteBreak, "^/a/(.*)$", "/b/$1")}}, "/a/x%20y?q", nil, "goes on /b/x%20y?q",
		},
		"a rewrite with a query": {
			Script{Location: []ScriptStep{rewriteStep(ScriptRewriteBreak, "^/a/(.*)$", "/b?x=$1")}}, "/a/x%20y?q", nil, "goes on /b?x=x%20y&q",
		},
		"a rewrite that drops the query": {
			Script{Location: []ScriptStep{{Op: ScriptRewriteBreak, Expression: "^", Value: "/b", DropQuery: true}}}, "/a?q", nil, "goes on /b",
		},
		"a rewrite that looks for the location": {
			Script{Location: []ScriptStep{rewriteStep(ScriptRewriteLast, "^/a", "/b"), set("a", "not done")}}, "/a?q", nil, "again /b?q",
		},
		"a chain of rewrites": {
			Script{Location: []ScriptStep{rewriteStep(ScriptRewrite, "^/a/(.*)", "/b/$1"), rewriteStep(ScriptRewriteBreak, "^/b/(.*)", "/c/$1")}}, "/a/x", nil,
			"goes on /c/x",
		},
		"a rewrite that climbs": {
			Script{Location: []ScriptStep{rewriteStep(ScriptRewriteBreak, "^/a(.*)$", "/../x")}}, "/a", nil, "MalformedPath 0 the path climbs above the root",
		},
		"a rewrite that doubles a slash": {
			Script{Location: []ScriptStep{rewriteStep(ScriptRewriteBreak, "^/a(.*)$", "/$1")}}, "/a/evil.example", nil, "goes on /evil.example",
		},
		"a rewrite to nothing": {
			Script{Location: []ScriptStep{rewriteStep(ScriptRewriteBreak, "^/(.*)$", "$1")}}, "/", nil,
			`FixedResponse 500 text/html "a snippet rewrites the path to nothing\n"`,
		},
		"a redirect by rewrite": {
			Script{Location: []ScriptStep{{Op: ScriptRedirect, Status: 301, Expression: "^/a/(.*)$", Value: "https://b.example/$1"}}}, "/a/x%20y?q", nil,
			"Redirected 301 Location: https://b.example/x%20y?q",
		},
		"a redirect to a path": {
			Script{Location: []ScriptStep{{Op: ScriptReturn, Status: 302, Value: "/b$is_args$args"}}}, "/a?q", nil, "Redirected 302 Location: http://a.example/b?q",
		},
		"a redirect to a path that stays one": {
			Script{Relative: true, Location: []ScriptStep{{Op: ScriptReturn, Status: 302, Value: "/b"}}}, "/a", nil, "Redirected 302 Location: /b",
		},
		"a redirect with a line break": {
			Script{Location: []ScriptStep{{Op: ScriptReturn, Status: 302, Value: "https://b.example$uri"}}}, "/a%0D%0AX:1", nil,
			"MalformedPath 0 a snippet would make a malformed field of the request",
		},
		"a field with a line break": {
			Script{Fields: proxied("X", "$uri")}, "/a%0D%0AX:1", nil, "MalformedPath 0 a snippet would make a malformed field of the request",
		},
		"a value that grows without end": {
			Script{Location: slices.Repeat([]ScriptStep{set("a", "$a$a$uri")}, 40)}, "/aaaaaaaaaaaaaaaa", nil,
			`FixedResponse 500 text/html "a snippet makes too long values of the request\n"`,
		},
		"another host":        {Script{Host: "$arg_h"}, "/?h=b.example", nil, "goes on /?h=b.example of b.example"},
		"a host that is none": {Script{Host: "$arg_h"}, "/?h=b/c", nil, "MalformedPath 0 a snippet would make a malformed field of the request"},
		"no host":             {Script{Host: "$arg_h"}, "/", nil, "goes on /"},
		"the query alone":     {Script{Location: []ScriptStep{set("args", "a=$arg_q")}}, "/x%20y?q=1", nil, "goes on /x%20y?a=1"},
		"every OPTIONS is answered before": {
			Script{SkipOptions: true, Location: []ScriptStep{{Op: ScriptReturn, Status: 403}}}, "/", []string{"method: OPTIONS"}, "goes on / method: OPTIONS",
		},
		"fields of the request": {
			Script{Fields: ScriptLevel{
				Input: []ScriptField{
					{Name: "X-A", Value: "new"}, {Name: "X-None", Value: "no", Op: ScriptFieldReplace}, {Name: "X-B", Op: ScriptFieldClear},
					{Name: "X-C", Op: ScriptFieldClearPrefix},
				},
				Proxy: []ScriptField{{Name: "X-D", Value: "$http_x_d!"}, {Name: "X-E"}, {Name: "X-Forwarded-Proto", Value: "https", Op: ScriptFieldAppend}},
			}}, "/", []string{"X-A: 1", "x-a: 2", "X-B: 1", "X-C1: 1", "X-C: 1", "X-D: 1", "X-E: 1", "X-Forwarded-Proto: http"},
			"goes on / X-Forwarded-Proto: http X-A: new X-D: 1! X-Forwarded-Proto: https",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := scriptView(test.target, test.fields...)
			if len(test.fields) > 0 && strings.HasPrefix(test.fields[0], "method: ") {
				v.Request.Method = []byte("OPTIONS")
			}
			if got := became(t, &test.script, v); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestALocationIsLookedForTenTimesAtMost(t *testing.T) {
	t.Parallel()
	steps, err := (&Script{Location: []ScriptStep{rewriteStep(ScriptRewriteLast, "^", "/a")}}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := scriptView("/a")
	for i := range 10 {
		if a := steps.Request(v); !a.Again {
			t.Fatalf("after %d times the answer is %+v", i, a)
		}
	}
	if a := steps.Request(v); a.Status != 500 || a.Again {
		t.Errorf("got %+v, want an answer with 500", a)
	}
}

// The server's steps come once, and what they have made is there in every location.
func TestTheServersStepsComeFirstAndOnce(t *testing.T) {
	t.Parallel()
	server := []ScriptStep{set("n", "${n}x"), rewriteStep(ScriptRewrite, "^/old(.*)$", "/new$1")}
	one, err := (&Script{Server: server}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := (&Script{
		Server: server, Location: []ScriptStep{set("other", "y")}, Fields: ScriptLevel{Proxy: []ScriptField{{Name: "X", Value: "$n$other"}}},
	}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := scriptView("/old/1")
	if a := one.Request(v); !a.Again || string(v.Path) != "/new/1" {
		t.Fatalf("got %+v for %s", a, v.Path)
	}
	if a := other.Request(v); a.Again || a.Reason != reason.None {
		t.Fatalf("got %+v", a)
	}
	if got, want := string(v.Request.Path)+fieldText(v.Request.Fields), "/new/1 X: xy"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatAScriptMakesOfAResponse(t *testing.T) {
	t.Parallel()
	script := &Script{
		Location: []ScriptStep{
			{Op: ScriptIfEqual, Variable: "arg_if", Value: "1", Level: 1},
			{Op: ScriptIfEqual, Variable: "arg_return", Value: "1", Steps: 1},
			{Op: ScriptReturn, Status: 403},
		},
		Fields: ScriptLevel{
			Hide: []string{"x-hidden"},
			More: []ScriptField{
				{Name: "X-More", Value: "$arg_q"}, {Name: "X-404", Value: "1", Statuses: []int{404}}, {Name: "X-Text", Value: "1", Types: []string{"text/plain"}},
				{Name: "X-Gone", Op: ScriptFieldClearPrefix},
			},
			Expires: ScriptExpires{Op: ScriptExpiresIn, Seconds: 60},
			Add: []ScriptField{
				{Name: "X-Add", Value: "$status $upstream_http_x_one", Op: ScriptFieldAppend, Statuses: AddedStatuses},
				{Name: "X-Always", Value: "1", Op: ScriptFieldAppend}, {Name: "X-Empty", Value: "$arg_none", Op: ScriptFieldAppend},
			},
		},
		Ifs: []ScriptLevel{{Add: []ScriptField{{Name: "X-If", Value: "1", Op: ScriptFieldAppend}}}},
	}
	dated := " Expires: Mon, 30 Nov 2026 12:01:00 GMT Cache-Control: max-age=60"
	for name, test := range map[string]struct {
		target string
		status int
		fields []string
		own    bool
		want   string
	}{
		"a success": {
			"/?q=1", 200, []string{"Content-Type: text/plain; charset=utf-8", "X-One: 1", "X-More: old", "X-Hidden: 1", "X-Gone-A: 1", "Expires: 0"}, false,
			" Content-Type: text/plain; charset=utf-8 X-One: 1 X-More: 1 X-Text: 1" + dated + " X-Add: 200 1 X-Always: 1",
		},
		"a status that add_header leaves alone": {"/?q=1", 404, nil, false, " X-More: 1 X-404: 1 X-Always: 1"},
		"an answer of our own":                  {"/?q=1", 502, nil, true, " X-More: 1 X-Always: 1"},
		"a location of an if":                   {"/?if=1", 200, nil, false, " X-If: 1"},
		"an answer of the snippet":              {"/?return=1", 403, nil, false, " X-Always: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps, err := script.Compile(nil)
			if err != nil {
				t.Fatal(err)
			}
			v := scriptView(test.target)
			steps.Request(v)
			v.Request.Fields, v.Request.Query = nil, nil // a response comes when the head may be gone
			resp := &message.Response{Status: test.status}
			for _, f := range test.fields {
				name, value, _ := strings.Cut(f, ": ")
				resp.Fields = append(resp.Fields, message.Field{Name: []byte(name), Value: []byte(value)})
			}
			if test.own {
				steps.Own(v, resp)
			} else {
				steps.Response(v, resp)
			}
			steps.Own(v, resp) // the pipeline asks for both where the rule answers
			if diff := cmp.Diff(test.want, fieldText(resp.Fields)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestScriptsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	field := func(name, value string) ScriptLevel {
		return ScriptLevel{Proxy: []ScriptField{{Line: 3, Name: name, Value: value}}}
	}
	for want, s := range map[string]Script{
		"line 3: there is no variable $nobody":                             {Fields: field("X", "$nobody")},
		"line 3: a $ has no name":                                          {Fields: field("X", "US$")},
		"line 3: a ${ has no }":                                            {Fields: field("X", "${host")},
		"line 3: Content-Length frames the message":                        {Fields: field("Content-Length", "1")},
		"line 3: the value of X has a control character":                   {Fields: field("X", "a\nb")},
		"line 3: there is no response yet":                                 {Fields: field("X", "$status")},
		"line 2: error parsing regexp":                                     {Location: []ScriptStep{{Line: 2, Op: ScriptIfMatch, Variable: "uri", Expression: "("}}},
		"line 2: an if has no steps or no level":                           {Location: []ScriptStep{{Line: 2, Op: ScriptIfSet, Variable: "uri", Level: 1}}},
		"line 0: the value of X has variables of the request and of the r": {Fields: ScriptLevel{Add: []ScriptField{{Name: "X", Value: "$status $host"}}}},
	} {
		if _, err := s.Compile(nil); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestPlainExpressionsOfScriptsMatchAsRE2Does(t *testing.T) {
	t.Parallel()
	texts := []string{"", "^", "$", "^$", ".*", "(.*)", "^/a/(.*)$", "^/a/(.*)", "^/a", "/a$", "^/a$", "/a", "a.*", "^a(.*)b", "^(.*?)$", "(?i)^/a", "^/a/.*$", "^/a(/|$)(.*)", "(?i)^/a(/|$)(.*)", "(.*)b", "(.*)$"}
	subjects := []string{"", "/", "/a", "/a/", "/a/b", "/A/b", "/b/a", "xa/a", "/a/\nb", "/a/\xff"}
	for _, text := range texts {
		p := &scriptProgram{groups: true}
		m, err := p.matcher(nil, text, false)
		if err != nil {
			t.Fatal(err)
		}
		if m.plain == nil {
			continue
		}
		for _, subject := range subjects {
			s, want := &ScriptState{}, m.expression.FindStringSubmatch(subject)
			got := p.match(s, m, []byte(subject))
			if got != (want != nil) {
				t.Errorf("%q on %q: %t, want %q", text, subject, got, want)
			}
			for group := range want {
				if string(s.group(group)) != want[group] {
					t.Errorf("%q on %q: the group %d is %q, want %q", text, subject, group, s.group(group), want)
				}
			}
		}
	}
}

func TestAScriptIsOneOfItsOwnText(t *testing.T) {
	t.Parallel()
	a := &Script{Location: []ScriptStep{set("a", "1")}, Fields: ScriptLevel{Add: []ScriptField{{Name: "X", Value: "1", Statuses: []int{200}}}}}
	b := &Script{Location: []ScriptStep{set("a", "1")}, Fields: ScriptLevel{Add: []ScriptField{{Name: "X", Value: "1", Statuses: []int{200}}}}}
	if !a.Equal(b) {
		t.Error("two scripts of the same text differ")
	}
	b.Fields.Add[0].Statuses = []int{201}
	if a.Equal(b) {
		t.Error("another status makes no difference")
	}
	if got := (&Script{Path: "^/a", Location: []ScriptStep{{Op: ScriptIfMatch, Expression: "b"}, {Op: ScriptIfMatch, Expression: "c", Fold: true}}}).Expressions(); !slices.Equal(got, []string{"(?i)^/a", "b", "(?i)c"}) {
		t.Errorf("the expressions are %q", got)
	}
}

// FuzzScript runs a script of texts and expressions that anybody may write on requests that anybody may send.
func FuzzScript(f *testing.F) {
	f.Add("$uri$arg_q", "^/(a)(.*)$", "/b/$1?x=$2", "/a/b%20c?q=1", "X-A: 1")
	f.Add("${host}$1$cookie_c", "(?i)a|b", "https://$host/$1", "/%0d%0a", "Cookie: c=1; d")
	f.Add("$request_uri$http_x", ".*", "$args", "/a/../b?%zz", "x: y")
	f.Fuzz(func(t *testing.T, text, expression, replacement, target, field string) {
		if len(expression) > 200 {
			return
		}
		base := ScriptStep{Expression: expression, Value: replacement}
		for op := ScriptSet; op <= ScriptBreak; op++ {
			step := base
			step.Op, step.Status = op, 301
			if op == ScriptSet || op == ScriptIfSet || op == ScriptIfEqual || op == ScriptIfMatch {
				step.Variable, step.Value, step.Steps = "a", text, 2
			}
			s := &Script{
				Location: []ScriptStep{set("a", text), step, set("args", text), step},
				Fields: ScriptLevel{
					Proxy: []ScriptField{{Name: "X-P", Value: text}}, More: []ScriptField{{Name: "X-M", Value: text}},
					Add: []ScriptField{{Name: "X-R", Value: replacement, Op: ScriptFieldAppend}},
				},
			}
			steps, err := s.Compile(nil)
			if err != nil {
				return
			}
			v := scriptView(target, field)
			if len(v.Path) == 0 || v.Path[0] != '/' || strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
				return
			}
			turns := 0
			for a := steps.Request(v); a.Again; a = steps.Request(v) {
				if turns++; turns > mostLocations {
					t.Fatal("the location is looked for again and again")
				}
			}
			resp := &message.Response{Status: 200}
			steps.Response(v, resp)
			if len(v.Request.Path) == 0 || v.Request.Path[0] != '/' || !isFieldValue(v.Request.Path) || !isFieldValue(v.Request.Query) {
				t.Errorf("the request became %q %q", v.Request.Path, v.Request.Query)
			}
			for _, f := range slices.Concat(v.Request.Fields[min(1, len(v.Request.Fields)):], resp.Fields, v.Fields) {
				if !isFieldValue(f.Value) {
					t.Errorf("%s: %q", f.Name, f.Value)
				}
			}
			if len(v.Script.memory) > 2*mostScriptMemory+2*len(target) {
				t.Errorf("%d bytes were made of a request", len(v.Script.memory))
			}
		}
	})
}

// BenchmarkConstantFields compares fields that a snippet sets with the same by an annotation.
func BenchmarkConstantFields(b *testing.B) {
	for name, p := range map[string]Policy{
		"script": &Script{Fields: ScriptLevel{
			Proxy: []ScriptField{{Name: "X-Request-A", Value: "1"}, {Name: "X-Request-B", Value: "2"}},
			More:  []ScriptField{{Name: "X-Response-A", Value: "1"}, {Name: "X-Response-B", Value: "2"}},
		}},
		"headers": &Headers{
			Request:  HeaderChanges{Set: []Header{{"X-Request-A", "1"}, {"X-Request-B", "2"}}},
			Response: HeaderChanges{Set: []Header{{"X-Response-A", "1"}, {"X-Response-B", "2"}}},
		},
	} {
		b.Run(name, func(b *testing.B) { benchmarkPolicy(b, p) })
	}
}

// BenchmarkScriptWithConditions has a variable, three conditions and a rewrite.
func BenchmarkScriptWithConditions(b *testing.B) {
	benchmarkPolicy(b, &Script{
		Location: []ScriptStep{
			set("a", "$http_x_a"),
			{Op: ScriptIfEqual, Variable: "a", Value: "two", Steps: 1}, set("a", "2"),
			{Op: ScriptIfMatch, Variable: "uri", Expression: "^/a/", Steps: 1}, set("b", "$a-b"),
			{Op: ScriptIfMatch, Variable: "http_user_agent", Expression: "bot|crawler", Fold: true, Steps: 1}, {Op: ScriptReturn, Status: 403},
			rewriteStep(ScriptRewriteBreak, "^/a/(.*)$", "/b/$1"),
		},
		Fields: ScriptLevel{Proxy: []ScriptField{{Name: "X-B", Value: "$b"}}, Add: []ScriptField{{Name: "X-A", Value: "$a", Op: ScriptFieldAppend}}},
	})
}

func benchmarkPolicy(b *testing.B, p Policy) {
	b.Helper()
	steps, err := p.Compile(nil)
	if err != nil {
		b.Fatal(err)
	}
	v := scriptView("/a/x?q=1", "X-A: one", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Accept: */*")
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
		steps.Response(v, resp)
	}
}
