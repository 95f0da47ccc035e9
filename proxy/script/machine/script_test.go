// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/script"
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
func became(tb testing.TB, s *script.Script, v *View) string {
	tb.Helper()
	p, err := Compile(s, nil)
	if err != nil {
		tb.Fatal(err)
	}
	a := p.Request(v)
	p.Send(v.Request, v.State, "")
	switch {
	case a.Again:
		return fmt.Sprintf("again %s%s", v.Path, v.Request.Query)
	case a.Malformed != "":
		return "malformed: " + a.Malformed
	case a.Redirects:
		return fmt.Sprintf("%d to %s", a.Status, a.Location)
	case a.Answers():
		return fmt.Sprintf("%d %s %q", a.Status, a.Content.Type, a.Content.Text)
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

func set(variable, value string) script.Step {
	return script.Step{Op: script.Set, Variable: variable, Value: value}
}

func rewriteStep(op script.Op, expression, value string) script.Step {
	return script.Step{Op: op, Expression: expression, Value: value}
}

func TestWhatAScriptMakesOfARequest(t *testing.T) {
	t.Parallel()
	proxied := func(name, value string) script.Level {
		return script.Level{Proxy: []script.Field{{Name: name, Value: value}}}
	}
	tests := map[string]struct {
		script script.Script
		target string
		fields []string
		want   string
	}{
		"nothing": {script.Script{}, "/a?b", nil, "goes on /a?b"},
		"variables of the request": {
			script.Script{Fields: proxied("X", "$scheme://$http_host$request_uri $host $uri $args $is_args $request_method $remote_addr $server_protocol")},
			"/a%20b?c=d", nil,
			"goes on /a%20b?c=d X: http://A.example:81/a%20b?c=d a.example /a b c=d ? GET 192.0.2.1 HTTP/1.1",
		},
		"fields, parameters and cookies": {
			script.Script{Fields: proxied("X", "$http_x_a|$http_x_b|$arg_q|$arg_none|$cookie_c|$http_cookie")},
			"/?p=1&Q=%20two&q=3", []string{"X-A: one", "X-B: 1", "x-b: 2", "Cookie: cc=0; C=1; d=2"},
			"goes on /?p=1&Q=%20two&q=3 X-A: one X-B: 1 x-b: 2 Cookie: cc=0; C=1; d=2 X: one|1, 2|%20two||1|cc=0; C=1; d=2",
		},
		"the user of Basic": {script.Script{Fields: proxied("X", "$remote_user!")}, "/", []string{"Authorization: Basic bWU6eA=="}, "goes on / Authorization: Basic bWU6eA== X: me!"},
		"no user":           {script.Script{Fields: proxied("X", "$remote_user!")}, "/", []string{"Authorization: Basic bWU"}, "goes on / Authorization: Basic bWU X: !"},
		"a user by a token": {script.Script{Fields: proxied("X", "$remote_user!")}, "/", []string{"Authorization: Bearer bWU6eA=="}, "goes on / Authorization: Bearer bWU6eA== X: !"},
		"constants": {
			script.Script{Constants: []script.Constant{{Name: "namespace", Value: "shop"}}, Fields: proxied("X", "${namespace}x ${literal_dollar}1")}, "/", nil,
			"goes on / X: shopx $1",
		},
		"set": {
			script.Script{Location: []script.Step{set("a", "one"), set("b", "$a-$a"), set("a", "two")}, Fields: proxied("X", "$a $b")}, "/", nil,
			"goes on / X: two one-one",
		},
		"a condition that is met": {
			script.Script{Location: []script.Step{
				{Op: script.IfEqual, Variable: "arg_q", Value: "1", Steps: 1}, set("a", "yes"), set("b", "always"),
			}, Fields: proxied("X", "$a $b")}, "/?q=1", nil,
			"goes on /?q=1 X: yes always",
		},
		"a condition that is not": {
			script.Script{Location: []script.Step{
				{Op: script.IfEqual, Variable: "arg_q", Value: "1", Steps: 1}, set("a", "yes"), set("b", "always"),
			}, Fields: proxied("X", "$a-$b")}, "/?q=2", nil,
			"goes on /?q=2 X: -always",
		},
		"0 is not set": {
			script.Script{Location: []script.Step{
				set("a", "0"), {Op: script.IfSet, Variable: "a", Steps: 1}, {Op: script.Return, Status: 403}, set("a", "00"),
				{Op: script.IfSet, Variable: "a", Steps: 1}, {Op: script.Return, Status: 200, Value: "set", ContentType: "text/plain"},
			}}, "/", nil, `200 text/plain "set"`,
		},
		"the groups of the last expression": {
			script.Script{Location: []script.Step{
				{Op: script.IfMatch, Variable: "uri", Expression: "^/(a)/(b)", Steps: 1}, set("a", "$2$1"),
				{Op: script.IfMatch, Variable: "uri", Expression: "^/x(.)", Steps: 0}, set("b", "[$1]"),
			}, Fields: proxied("X", "$a$b")}, "/a/b", nil, "goes on /a/b X: ba[]",
		},
		"a named group": {
			script.Script{Location: []script.Step{{Op: script.IfMatch, Variable: "uri", Expression: "/(?<id>[0-9]+)"}}, Fields: proxied("X", "$id")}, "/a/17", nil,
			"goes on /a/17 X: 17",
		},
		"the groups of the location": {
			script.Script{Path: "^/app(/|$)(.*)", Fields: proxied("X", "$2")}, "/APP/x/y", nil, "goes on /APP/x/y X: x/y",
		},
		"a rewrite that stays": {
			script.Script{Location: []script.Step{rewriteStep(script.RewriteBreak, "^/a/(.*)$", "/b/$1")}}, "/a/x%20y?q", nil, "goes on /b/x%20y?q",
		},
		"a rewrite with a query": {
			script.Script{Location: []script.Step{rewriteStep(script.RewriteBreak, "^/a/(.*)$", "/b?x=$1")}}, "/a/x%20y?q", nil, "goes on /b?x=x%20y&q",
		},
		"a rewrite that drops the query": {
			script.Script{Location: []script.Step{{Op: script.RewriteBreak, Expression: "^", Value: "/b", DropQuery: true}}}, "/a?q", nil, "goes on /b",
		},
		"a rewrite that looks for the location": {
			script.Script{Location: []script.Step{rewriteStep(script.RewriteLast, "^/a", "/b"), set("a", "not done")}}, "/a?q", nil, "again /b?q",
		},
		"a chain of rewrites": {
			script.Script{Location: []script.Step{rewriteStep(script.Rewrite, "^/a/(.*)", "/b/$1"), rewriteStep(script.RewriteBreak, "^/b/(.*)", "/c/$1")}}, "/a/x", nil,
			"goes on /c/x",
		},
		"a rewrite that climbs": {
			script.Script{Location: []script.Step{rewriteStep(script.RewriteBreak, "^/a(.*)$", "/../x")}}, "/a", nil, "malformed: the path climbs above the root",
		},
		"a rewrite that doubles a slash": {
			script.Script{Location: []script.Step{rewriteStep(script.RewriteBreak, "^/a(.*)$", "/$1")}}, "/a/evil.example", nil, "goes on /evil.example",
		},
		"a rewrite to nothing": {
			script.Script{Location: []script.Step{rewriteStep(script.RewriteBreak, "^/(.*)$", "$1")}}, "/", nil,
			`500 text/html "a snippet rewrites the path to nothing\n"`,
		},
		"a redirect by rewrite": {
			script.Script{Location: []script.Step{{Op: script.Redirect, Status: 301, Expression: "^/a/(.*)$", Value: "https://b.example/$1"}}}, "/a/x%20y?q", nil,
			"301 to https://b.example/x%20y?q",
		},
		"a redirect to a path": {
			script.Script{Location: []script.Step{{Op: script.Return, Status: 302, Value: "/b$is_args$args"}}}, "/a?q", nil, "302 to http://a.example/b?q",
		},
		"a redirect to a path that stays one": {
			script.Script{Relative: true, Location: []script.Step{{Op: script.Return, Status: 302, Value: "/b"}}}, "/a", nil, "302 to /b",
		},
		"a redirect with a line break": {
			script.Script{Location: []script.Step{{Op: script.Return, Status: 302, Value: "https://b.example$uri"}}}, "/a%0D%0AX:1", nil,
			"malformed: a snippet would make a malformed field of the request",
		},
		"a field with a line break": {
			script.Script{Fields: proxied("X", "$uri")}, "/a%0D%0AX:1", nil, "malformed: a snippet would make a malformed field of the request",
		},
		"a value that grows without end": {
			script.Script{Location: slices.Repeat([]script.Step{set("a", "$a$a$uri")}, 40)}, "/aaaaaaaaaaaaaaaa", nil,
			fmt.Sprintf("500 text/html %q", tooLongValue.Content.Text),
		},
		"another host":        {script.Script{Host: "$arg_h"}, "/?h=b.example", nil, "goes on /?h=b.example of b.example"},
		"a host that is none": {script.Script{Host: "$arg_h"}, "/?h=b/c", nil, "malformed: a snippet would make a malformed field of the request"},
		"no host":             {script.Script{Host: "$arg_h"}, "/", nil, "goes on /"},
		"the query alone":     {script.Script{Location: []script.Step{set("args", "a=$arg_q")}}, "/x%20y?q=1", nil, "goes on /x%20y?a=1"},
		"an OPTIONS that nothing else answers": {
			script.Script{SkipOptions: true, Location: []script.Step{{Op: script.Return, Status: 204}}}, "/", []string{"method: OPTIONS"}, `204 text/html ""`,
		},
		"fields of the request": {
			script.Script{Fields: script.Level{
				Input: []script.Field{
					{Name: "X-A", Value: "new"}, {Name: "X-None", Value: "no", Op: script.FieldReplace}, {Name: "X-B", Op: script.FieldClear},
					{Name: "X-C", Op: script.FieldClearPrefix},
				},
				Proxy: []script.Field{{Name: "X-D", Value: "$http_x_d!"}, {Name: "X-E"}, {Name: "X-Forwarded-Proto", Value: "https", Op: script.FieldAppend}},
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
	p, err := Compile(&script.Script{Location: []script.Step{rewriteStep(script.RewriteLast, "^", "/a")}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := scriptView("/a")
	for i := range 10 {
		if a := p.Request(v); !a.Again {
			t.Fatalf("after %d times the answer is %+v", i, a)
		}
	}
	if a := p.Request(v); a.Status != 500 || a.Again {
		t.Errorf("got %+v, want an answer with 500", a)
	}
}

// The server's steps come once, and what they have made is there in every location.
func TestTheServersStepsComeFirstAndOnce(t *testing.T) {
	t.Parallel()
	server := []script.Step{set("n", "${n}x"), rewriteStep(script.Rewrite, "^/old(.*)$", "/new$1")}
	one, err := Compile(&script.Script{Server: server}, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := Compile(&script.Script{
		Server: server, Location: []script.Step{set("other", "y")}, Fields: script.Level{Proxy: []script.Field{{Name: "X", Value: "$n$other"}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v := scriptView("/old/1")
	if a := one.Request(v); !a.Again || string(v.Path) != "/new/1" {
		t.Fatalf("got %+v for %s", a, v.Path)
	}
	if a := other.Request(v); a.Again || a.Answers() {
		t.Fatalf("got %+v", a)
	}
	other.Send(v.Request, v.State, "")
	if got, want := string(v.Request.Path)+fieldText(v.Request.Fields), "/new/1 X: xy"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatAScriptMakesOfAResponse(t *testing.T) {
	t.Parallel()
	s := &script.Script{
		Location: []script.Step{
			{Op: script.IfEqual, Variable: "arg_if", Value: "1", Level: 1},
			{Op: script.IfEqual, Variable: "arg_return", Value: "1", Steps: 1},
			{Op: script.Return, Status: 403},
		},
		Fields: script.Level{
			Hide: []string{"x-hidden"},
			More: []script.Field{
				{Name: "X-More", Value: "$arg_q"}, {Name: "X-404", Value: "1", Statuses: []int{404}}, {Name: "X-Text", Value: "1", Types: []string{"text/plain"}},
				{Name: "X-Gone", Op: script.FieldClearPrefix},
			},
			Expires: script.Expires{Op: script.ExpiresIn, Seconds: 60},
			Add: []script.Field{
				{Name: "X-Add", Value: "$status $upstream_http_x_one", Op: script.FieldAppend, Statuses: script.AddedStatuses},
				{Name: "X-Always", Value: "1", Op: script.FieldAppend}, {Name: "X-Empty", Value: "$arg_none", Op: script.FieldAppend},
			},
		},
		Ifs: []script.Level{{Add: []script.Field{{Name: "X-If", Value: "1", Op: script.FieldAppend}}}},
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
			p, err := Compile(s, nil)
			if err != nil {
				t.Fatal(err)
			}
			v := scriptView(test.target)
			p.Request(v)
			v.Request.Fields, v.Request.Query = nil, nil // a response comes when the head may be gone
			resp := &message.Response{Status: test.status}
			for _, f := range test.fields {
				name, value, _ := strings.Cut(f, ": ")
				resp.Fields = append(resp.Fields, message.Field{Name: []byte(name), Value: []byte(value)})
			}
			if test.own {
				p.Own(v, resp)
			} else {
				p.Response(v, resp)
			}
			p.Own(v, resp) // the pipeline asks for both where the rule answers
			if diff := cmp.Diff(test.want, fieldText(resp.Fields)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What a redirect writes shorter may be part of a value that is looked for once.
func TestARedirectLeavesValuesAsTheyAre(t *testing.T) {
	t.Parallel()
	p, err := Compile(&script.Script{
		Location: []script.Step{{Op: script.Redirect, Expression: "^", Value: "/%41%41%41$http_x", Status: 301}},
		Fields:   script.Level{Add: []script.Field{{Name: "Y", Value: "$http_x", Op: script.FieldAppend}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	v, resp := scriptView("/", "X: %41b", "X: c"), &message.Response{Status: 301}
	a := p.Request(v)
	p.Response(v, resp)
	if got, want := string(a.Location)+fieldText(resp.Fields), "http://a.example/AAAAb, c Y: %41b, c"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAPreflightThatIsAnsweredIsNoBusinessOfAScript(t *testing.T) {
	t.Parallel()
	for skips, want := range map[bool]string{true: "goes on /", false: `204 text/html ""`} {
		v := scriptView("/")
		v.Request.Method, v.Preflight = []byte("OPTIONS"), true
		if got := became(t, &script.Script{SkipOptions: skips, Location: []script.Step{{Op: script.Return, Status: 204}}}, v); got != want {
			t.Errorf("where it skips them (%t): got %s, want %s", skips, got, want)
		}
	}
}

func TestScriptsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	field := func(name, value string) script.Level {
		return script.Level{Proxy: []script.Field{{Line: 3, Name: name, Value: value}}}
	}
	for want, s := range map[string]script.Script{
		"line 3: there is no variable $nobody":                             {Fields: field("X", "$nobody")},
		"line 3: a $ has no name":                                          {Fields: field("X", "US$")},
		"line 3: a ${ has no }":                                            {Fields: field("X", "${host")},
		"line 3: Content-Length frames the message":                        {Fields: field("Content-Length", "1")},
		"line 3: the value of X has a control character":                   {Fields: field("X", "a\nb")},
		"line 3: there is no response yet":                                 {Fields: field("X", "$status")},
		"line 2: error parsing regexp":                                     {Location: []script.Step{{Line: 2, Op: script.IfMatch, Variable: "uri", Expression: "("}}},
		"line 2: an if has no steps or no level":                           {Location: []script.Step{{Line: 2, Op: script.IfSet, Variable: "uri", Level: 1}}},
		"line 0: the value of X has variables of the request and of the r": {Fields: script.Level{Add: []script.Field{{Name: "X", Value: "$status $host"}}}},
	} {
		if _, err := Compile(&s, nil); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestPlainExpressionsOfScriptsMatchAsRE2Does(t *testing.T) {
	t.Parallel()
	texts := []string{"", "^", "$", "^$", ".*", "(.*)", "^/a/(.*)$", "^/a/(.*)", "^/a", "/a$", "^/a$", "/a", "a.*", "^a(.*)b", "^(.*?)$", "(?i)^/a", "^/a/.*$", "^/a(/|$)(.*)", "(?i)^/a(/|$)(.*)", "(.*)b", "(.*)$"}
	subjects := []string{"", "/", "/a", "/a/", "/a/b", "/A/b", "/b/a", "xa/a", "/a/\nb", "/a/\xff"}
	for _, text := range texts {
		p := &Program{groups: true, matchers: map[string]*matcher{}}
		m, err := p.matcher(regexp.Compile, text, false)
		if err != nil {
			t.Fatal(err)
		}
		if m.plain == nil {
			continue
		}
		for _, subject := range subjects {
			s, want := &State{}, m.expression.FindStringSubmatch(subject)
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

// FuzzScript runs a script of texts and expressions that anybody may write on requests that anybody may send.
func FuzzScript(f *testing.F) {
	f.Add("$uri$arg_q", "^/(a)(.*)$", "/b/$1?x=$2", "/a/b%20c?q=1", "X-A: 1")
	f.Add("${host}$1$cookie_c", "(?i)a|b", "https://$host/$1", "/%0d%0a", "Cookie: c=1; d")
	f.Add("$request_uri$http_x", ".*", "$args", "/a/../b?%zz", "x: y")
	f.Fuzz(func(t *testing.T, text, expression, replacement, target, field string) {
		if len(expression) > 200 {
			return
		}
		base := script.Step{Expression: expression, Value: replacement}
		for op := script.Set; op <= script.Break; op++ {
			step := base
			step.Op, step.Status = op, 301
			if op == script.Set || op == script.IfSet || op == script.IfEqual || op == script.IfMatch {
				step.Variable, step.Value, step.Steps = "a", text, 2
			}
			s := &script.Script{
				Location: []script.Step{set("a", text), step, set("args", text), step},
				Fields: script.Level{
					Proxy: []script.Field{{Name: "X-P", Value: text}}, More: []script.Field{{Name: "X-M", Value: text}},
					Add: []script.Field{{Name: "X-R", Value: replacement, Op: script.FieldAppend}},
				},
			}
			p, err := Compile(s, nil)
			if err != nil {
				return
			}
			v := scriptView(target, field)
			if len(v.Path) == 0 || v.Path[0] != '/' || strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
				return
			}
			turns := 0
			a := p.Request(v)
			for ; a.Again; a = p.Request(v) {
				if turns++; turns > mostLocations {
					t.Fatal("the location is looked for again and again")
				}
			}
			if !isFieldValue(a.Location) {
				t.Errorf("the client is sent to %q", a.Location)
			}
			p.Send(v.Request, v.State, "")
			resp := &message.Response{Status: 200}
			p.Response(v, resp)
			if len(v.Request.Path) == 0 || v.Request.Path[0] != '/' || !isFieldValue(v.Request.Path) || !isFieldValue(v.Request.Query) {
				t.Errorf("the request became %q %q", v.Request.Path, v.Request.Query)
			}
			for _, f := range slices.Concat(v.Request.Fields[min(1, len(v.Request.Fields)):], resp.Fields) {
				if !isFieldValue(f.Value) {
					t.Errorf("%s: %q", f.Name, f.Value)
				}
			}
			if len(v.State.memory) > 2*mostMemory+2*len(target) {
				t.Errorf("%d bytes were made of a request", len(v.State.memory))
			}
		}
	})
}
