// SPDX-License-Identifier: Apache-2.0

package snippet_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/nginx/snippet"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/script"
)

var shop = snippet.Context{Host: "a.example", Namespace: "shop", Ingress: "web", Service: "cart", ServicePort: "80", LocationPath: "/"}

// kept compiles a configuration-snippet that is kept.
func kept(tb testing.TB, server, configuration string) *snippet.Result {
	tb.Helper()
	result, faults := snippet.Compile(snippet.Snippets{Server: server, Configuration: configuration}, shop)
	if len(faults) > 0 {
		tb.Fatalf("%v", faults)
	}
	return result
}

func TestWhatClosesAPath(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"proxy_pass http://elsewhere;":                    "configuration-snippet, line 1: proxy_pass sends requests elsewhere: make an Ingress with a path and a Service for them",
		"\n\nroot /var/www;":                              "configuration-snippet, line 3: root serves files: put a web server behind a path",
		"rewrite_by_lua_block { ngx.exit(403) }":          "configuration-snippet, line 1: rewrite_by_lua_block is Lua, which is not run here",
		"include /etc/passwd;":                            "configuration-snippet, line 1: include reads a file, and there is none here",
		"proxy_cache zone;":                               "configuration-snippet, line 1: proxy_cache caches responses, which nothing here does",
		"unknown_directive on;":                           "configuration-snippet, line 1: unknown_directive is not kept: take it out, or write what it is for as an annotation",
		"set $a $nobody;":                                 "configuration-snippet, line 1: set has the variable $nobody, which is not known here",
		"set $host x;":                                    "configuration-snippet, line 1: set would change $host, which is nginx's own",
		"set $proxy_upstream_name x;":                     "configuration-snippet, line 1: set would change $proxy_upstream_name, which ingress-nginx finds the backend by",
		"set a b;":                                        `configuration-snippet, line 1: set has "a" where a variable belongs`,
		"set $a;":                                         "configuration-snippet, line 1: set has not the arguments that nginx wants",
		`add_header X "US$";`:                             `configuration-snippet, line 1: add_header has "US$": a $ has no name of a variable behind it: a literal one is ${literal_dollar}`,
		"add_header X 1 sometimes;":                       `configuration-snippet, line 1: add_header has "sometimes" where always belongs`,
		`add_header X "a\nb";`:                            "configuration-snippet, line 1: add_header has a value with a line break or another control character",
		"add_header Content-Length 1;":                    "configuration-snippet, line 1: add_header changes Content-Length, which frames the message or is the connection's",
		`add_header "X Y" 1;`:                             `configuration-snippet, line 1: add_header has "X Y", which is no name of a field`,
		"proxy_set_header Host b.example;":                "configuration-snippet, line 1: proxy_set_header changes Host: write the annotation upstream-vhost",
		`more_set_input_headers "Host: b";`:               "configuration-snippet, line 1: more_set_input_headers changes Host: write the annotation upstream-vhost",
		"if ($a = 1) { proxy_set_header X 1; } set $a 1;": "configuration-snippet, line 1: proxy_set_header may not stand here, says nginx",
		"if ($uri ~ a) { if ($uri ~ b) { } }":             "configuration-snippet, line 1: if may not stand here, says nginx",
		"if (-f $uri) { }":                                "configuration-snippet, line 1: if asks for a file, and there are none here",
		"if ($uri < 1) { }":                               "configuration-snippet, line 1: if has a condition that nginx does not know",
		`if ($uri ~ "a(?!b)") { }`:                        "configuration-snippet, line 1: if cannot be kept: the expression \"a(?!b)\" is no regular expression of RE2: error parsing regexp: invalid or unsupported Perl syntax: `(?!`",
		`rewrite ^(a)\1 /;`:                               "configuration-snippet, line 1: rewrite cannot be kept: the expression \"^(a)\\\\1\" is no regular expression of RE2: error parsing regexp: invalid escape sequence: `\\1`",
		"rewrite a b c;":                                  `configuration-snippet, line 1: rewrite has the flag "c", which nginx does not know`,
		"return 444;":                                     "configuration-snippet, line 1: return answers with 444, which means something to nginx alone: write 403 or 404",
		"return x;":                                       `configuration-snippet, line 1: return has "x" where a status belongs`,
		"allow everybody;":                                `configuration-snippet, line 1: allow has "everybody" where an address, a prefix or all belongs`,
		"auth_basic off;":                                 "configuration-snippet, line 1: auth_basic says who gets in: write the annotations auth-type and auth-secret",
		"expires modified +1d;":                           "configuration-snippet, line 1: expires counts from Last-Modified: write a time from now",
		"location /a { location /a/b { } }":               "configuration-snippet, line 1: location stands in a location of a snippet: write it beside that",
		"add_header X $status$host;":                      "configuration-snippet, line 1: cannot be compiled: line 1: the value of X has variables of the request and of the response",
		"set $a $status;":                                 "configuration-snippet, line 1: cannot be compiled: line 1: there is no response yet that a variable could be of",
		"set $a 1":                                        "configuration-snippet, line 1: set has no ; at its end",
		"if ($a) {":                                       `configuration-snippet, line 1: cannot be read: unexpected end of file, expecting "}"`,
		"}":                                               `configuration-snippet, line 1: cannot be read: unexpected "}"`,
		";":                                               "configuration-snippet, line 1: a ; ends no directive",
		strings.Repeat("if ($uri) { break; }\n", 65):      "configuration-snippet, line 65: if is one of more than 64 expressions: write fewer",
		strings.Repeat("#", snippet.MostBytes+1):          "configuration-snippet, line 1: is longer than 8192 bytes: write a shorter snippet",
		"limit_except GET { allow 192.0.2.1; deny all; }": "configuration-snippet, line 1: limit_except has more in its block than deny all: write if ($request_method ...)",
	} {
		result, faults := snippet.Compile(snippet.Snippets{Configuration: text}, shop)
		if result != nil || len(faults) == 0 {
			t.Errorf("%q is kept", text)
			continue
		}
		if got := faults[0].String(); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestTextsThatCannotBeReplaced(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 513)
	for text, quoted := range map[string]string{
		`proxy_redirect "" /x;`:             `""`,
		`proxy_redirect / "";`:              `""`,
		`proxy_redirect / "/\r\nX: 1";`:     `"/\r\nX: 1"`,
		`proxy_cookie_path / "/\nX: 1";`:    `"/\nX: 1"`,
		`proxy_cookie_path / /é;`:           `"/é"`,
		"proxy_redirect / " + long + ";":    `"` + long + `"`,
		"proxy_cookie_path " + long + " /;": `"` + long + `"`,
	} {
		_, faults := snippet.Compile(snippet.Snippets{Configuration: text}, shop)
		name, _, _ := strings.Cut(text, " ")
		want := "configuration-snippet, line 1: " + name + " has " + quoted +
			": write 1 to 512 bytes of printable ASCII that a value begins with, and as many that they become"
		if len(faults) != 1 || faults[0].String() != want {
			t.Errorf("%.40s:\ngot  %v\nwant %s", text, faults, want)
		}
	}
}

// What a location says of its own, it does not inherit.
func TestWhatALocationInherits(t *testing.T) {
	t.Parallel()
	result := kept(t, `
add_header X-Server 1;
more_set_headers "X-More: server";
proxy_hide_header X-Hidden;
proxy_set_header X-Dead 1;
expires max;
`, `
more_set_headers "X-More: location";
proxy_set_header X-Alive 1;
if ($arg_a) { add_header X-If 1; }
if ($arg_b) { more_set_headers "X-More: if"; expires off; }
`)
	names := func(fields []script.Field) (text string) {
		for _, f := range fields {
			text += " " + f.Name + "=" + f.Value
		}
		return text
	}
	var got []string
	for _, l := range append([]script.Level{result.Script.Fields}, result.Script.Ifs...) {
		got = append(got, fmt.Sprintf("add%s more%s proxy%s hide %v expires %d", names(l.Add), names(l.More), names(l.Proxy), l.Hide, l.Expires.Op))
	}
	want := []string{
		"add X-Server=1 more X-More=server X-More=location proxy X-Alive=1 hide [x-hidden] expires 2",
		"add X-If=1 more X-More=server X-More=location proxy X-Alive=1 hide [x-hidden] expires 2",
		"add X-Server=1 more X-More=server X-More=location X-More=if proxy X-Alive=1 hide [x-hidden] expires 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, e := range result.Effects {
		if e.Directive == "proxy_set_header" && e.Kind == snippet.Server && e.Kept {
			t.Error("a proxy_set_header of the server is said to be kept")
		}
	}
}

func TestTheStepsOfASnippet(t *testing.T) {
	t.Parallel()
	result := kept(t, "if ($host = old.example) { return 301 https://new.example$request_uri; }", `
set $a "x y"; # a comment
if ( $a != "" ) {
  set $b '${a}z';
  rewrite ^/a/(.*)$ /b/$1? break;
}
rewrite ^/old/(.*) https://other.example/$1 last;
rewrite ^/(?<id>[0-9]+)$ /n/$id permanent;
return 200 "${namespace} $a\n";
`)
	want := &policy.Script{
		Server: []script.Step{
			{Line: 1, Text: "if ($host = old.example)", Op: script.IfEqual, Variable: "host", Value: "old.example", Steps: 1},
			{Line: 1, Text: "return 301 https://new.example$request_uri", Op: script.Return, Status: 301, Value: "https://new.example$request_uri"},
		},
		Location: []script.Step{
			{Line: 2, Text: "set $a 'x y'", Op: script.Set, Variable: "a", Value: "x y"},
			{Line: 3, Text: "if ( $a != '' )", Op: script.IfEqual, Variable: "a", Negate: true, Level: 1, Steps: 2},
			{Line: 4, Text: "set $b '${a}z'", Op: script.Set, Variable: "b", Value: "${a}z"},
			{Line: 5, Text: "rewrite ^/a/(.*)$ /b/$1? break", Op: script.RewriteBreak, Expression: "^/a/(.*)$", Value: "/b/$1", DropQuery: true},
			{Line: 7, Text: "rewrite ^/old/(.*) https://other.example/$1 last", Op: script.Redirect, Status: 302, Expression: "^/old/(.*)", Value: "https://other.example/$1"},
			{Line: 8, Text: "rewrite ^/(?<id>[0-9]+)$ /n/$id permanent", Op: script.Redirect, Status: 301, Expression: "^/(?<id>[0-9]+)$", Value: "/n/$id"},
			{Line: 9, Text: `return 200 '${namespace} $a\n'`, Op: script.Return, Status: 200, Value: "${namespace} $a\n"},
		},
		Ifs:       []script.Level{{}},
		Constants: []script.Constant{{Name: "namespace", Value: "shop"}},
	}
	if diff := cmp.Diff(want.Location, result.Script.Location); diff != "" {
		t.Errorf("location (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Server, result.Script.Server); diff != "" {
		t.Errorf("server (-want +got):\n%s", diff)
	}
	if !result.Script.Equal(want) {
		t.Errorf("the script is %+v", result.Script)
	}
}

func TestTheFieldsOfASnippet(t *testing.T) {
	t.Parallel()
	result := kept(t, "", `
add_header ETag "";
add_header X-Always $upstream_http_x always;
more_set_headers -s "404 500" -t 'text/html; text/plain' "X-A: 1" X-B;
more_clear_headers "X-C*" Server;
more_set_input_headers -r "X-D: $http_x_e";
proxy_set_header X-Forwarded-Proto https;
proxy_set_header X-Gone "";
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Host $host;
set $pass_access_scheme https;
expires -1h;
`)
	want := script.Level{
		Input: []script.Field{{Line: 6, Name: "X-D", Value: "$http_x_e", Op: script.FieldReplace}},
		Proxy: []script.Field{
			{Name: "X-Forwarded-Proto", Value: "$pass_access_scheme"},
			{Line: 7, Name: "X-Forwarded-Proto", Value: "https", Op: script.FieldAppend},
			{Line: 8, Name: "X-Gone"},
		},
		More: []script.Field{
			{Line: 4, Name: "X-A", Value: "1", Statuses: []int{404, 500}, Types: []string{"text/html", "text/plain"}},
			{Line: 4, Name: "X-B", Op: script.FieldClear, Statuses: []int{404, 500}, Types: []string{"text/html", "text/plain"}},
			{Line: 5, Name: "X-C", Op: script.FieldClearPrefix}, {Line: 5, Name: "Server", Op: script.FieldClear},
		},
		Expires: script.Expires{Op: script.ExpiresIn, Seconds: -3600},
		Add: []script.Field{
			{Line: 2, Name: "ETag", Statuses: script.AddedStatuses},
			{Line: 3, Name: "X-Always", Value: "$upstream_http_x", Op: script.FieldAppend},
		},
	}
	if diff := cmp.Diff(want, result.Script.Fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheMethodOfASnippet(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ server, configuration, want string }{
		{"", "proxy_method POST;", "POST"},
		{"proxy_method PUT;", "expires 1h;", "PUT"},
		{"proxy_method PUT;", "proxy_method GET;", "GET"},
	} {
		if got := kept(t, test.server, test.configuration).Script.SentMethod; got != test.want {
			t.Errorf("%+v: the backend gets %q", test, got)
		}
	}
}

func TestTheSettingsOfASnippet(t *testing.T) {
	t.Parallel()
	result := kept(t, "allow all; client_max_body_size 9g;", `
proxy_read_timeout 1h30m; proxy_send_timeout 90; proxy_connect_timeout 500ms;
client_max_body_size 8m; proxy_next_upstream_tries 2;
proxy_cookie_path / "/; Secure"; proxy_redirect http://a/ https://b/; proxy_redirect off;
satisfy any; allow 192.0.2.0/24; deny all;
proxy_ssl_name backend.example; proxy_ssl_server_name on; proxy_buffering off;
`)
	got := *result
	got.Effects, got.Access, got.ServerAccess = nil, nil, nil
	want := snippet.Result{
		ReadTimeout: 90 * time.Minute, SendTimeout: 90 * time.Second, ConnectTimeout: 500 * time.Millisecond, MaxRequestBytes: 8 << 20, Tries: 2,
		CookiePaths: []snippet.Replacement{{From: "/", To: "/; Secure"}}, Redirects: []snippet.Replacement{{From: "http://a/", To: "https://b/"}},
		SatisfyAny: true, UpstreamName: "backend.example",
	}
	if diff := cmp.Diff(fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(result.Access) != 2 || len(result.ServerAccess) != 1 {
		t.Errorf("the rules are %v and %v", result.Access, result.ServerAccess)
	}
	if other := kept(t, "", "proxy_ssl_name $host;"); !other.UpstreamNameOfRequest || other.UpstreamName != "" || other.MaxRequestBytes != -1 {
		t.Errorf("the host of the request gives %+v", other)
	}
}

func TestTheLocationsOfASnippet(t *testing.T) {
	t.Parallel()
	result := kept(t, `
add_header X-Server 1;
location = /exact { return 204; }
location ^~ /final/ { deny all; }
location ~ ^/a/(.*)$ { return 301 /b/$1; }
location ~*\.php$ { add_header X-Own 1; }
`, "location /prefix { rewrite ^ /other last; }")
	var got []string
	for _, l := range result.Locations {
		line := fmt.Sprintf("%s %d %d %s %v", l.Kind, l.Line, l.Match, l.Path, l.Access)
		for _, s := range l.Script.Location {
			line += fmt.Sprintf(" [%s]", s.Text)
		}
		for _, f := range l.Script.Fields.Add {
			line += " " + f.Name
		}
		line += " " + l.Script.Path + " as " + l.Pattern()
		policies, ok := l.Policies()
		for _, p := range policies {
			line += " " + p.Name()
		}
		if err := policy.Inspect(policies); err != nil || !ok {
			t.Errorf("%s: %v", line, err)
		}
		got = append(got, line)
	}
	want := []string{
		`server-snippet 3 0 /exact [] [return 204] X-Server  as /exact script fixed-response`,
		`server-snippet 4 1 /final/ [{false invalid Prefix}] X-Server  as /final/.* script access-control fixed-response`,
		`server-snippet 5 2 ^/a/(.*)$ [] [return 301 /b/$1] X-Server ^/a/(.*)$ as .*(?:^/a/(.*)$).* script fixed-response`,
		`server-snippet 6 3 \.php$ [] X-Own  as (?i).*(?:\.php$).* script fixed-response`,
		`configuration-snippet 1 4 /prefix [] [rewrite ^ /other last] X-Server  as /prefix.* script fixed-response`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The first rule that has an address decides.
func TestWhomRulesAdmit(t *testing.T) {
	t.Parallel()
	for text, test := range map[string]struct{ in, out string }{
		"allow 192.0.2.1; deny 192.0.2.0/24;":                                {"192.0.2.1 198.51.100.1 2001:db8::1", "192.0.2.2"},
		"deny 192.0.2.1; allow 192.0.2.0/24; allow 2001:db8::/32; deny all;": {"192.0.2.2 2001:db8::1", "192.0.2.1 198.51.100.1 2001:db9::1"},
		"allow all; deny all;":                                               {"192.0.2.1 ::1", ""},
		"deny all;":                                                          {"", "192.0.2.1 ::1"},
		"deny 192.0.2.1; allow all;":                                         {"192.0.2.2 ::1", "192.0.2.1"},
	} {
		access, ok := snippet.AccessOf(kept(t, "", text).Access)
		if !ok {
			t.Errorf("%s needs too many prefixes", text)
			continue
		}
		for admitted, list := range map[bool]string{true: test.in, false: test.out} {
			for address := range strings.FieldsSeq(list) {
				got := access == nil
				if !got {
					got, _, _ = access.Explain(netip.MustParseAddr(address))
				}
				if got != admitted {
					t.Errorf("%s: %s is admitted: %t, want %t", text, address, got, admitted)
				}
			}
		}
	}
}

// What takes too long to find is told, even where few prefixes come of it.
func TestListsOfRulesThatTakeTooLong(t *testing.T) {
	t.Parallel()
	list := make([]snippet.AccessRule, 0, 3001)
	for i := range 3000 {
		address := [16]byte{byte(i >> 8), byte(i), 15: 1}
		list = append(list, snippet.AccessRule{Prefix: netip.PrefixFrom(netip.AddrFrom16(address), 128)})
	}
	list = append(list, snippet.AccessRule{}) // deny all
	if access, ok := snippet.AccessOf(list); ok {
		t.Errorf("%d rules made %d prefixes", len(list), len(access.Allowed))
	}
	if _, ok := snippet.AccessOf(slices.Concat(list[:300], list[3000:])); !ok {
		t.Error("300 rules take too long, too")
	}
}

// FuzzCompile compiles texts that anybody may write. What comes out has to be something that the data plane takes.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{
		"add_header X $host always;", "if ($uri ~ ^/a/(.*)$) { rewrite ^ /b/$1? last; }", "location ~* \\.php$ { deny all; }",
		"set_by_lua_block $a { return '}' }", `return 200 "a\\\"b";`, "more_set_headers -s '404' 'X: 1' 'Y';", "# a\r\nset $a '';", "expires 1y2M3w4d5h6m7s;",
		"allow 1.2.3.4/1; deny ::1;", `proxy_redirect "" /x; proxy_cookie_path "/" "/\n";`, "client_max_body_size 9999999999g;", "proxy_redirect / $1;", "if ( $a = \"\" ) { break; } set $a ${b}; set $b $1;",
	} {
		f.Add(text, text)
	}
	f.Fuzz(func(t *testing.T, server, configuration string) {
		result, faults := snippet.Compile(snippet.Snippets{Server: server, Configuration: configuration}, shop)
		if (result == nil) == (len(faults) == 0) {
			t.Fatalf("there is a result: %t, with %d faults", result != nil, len(faults))
		}
		if result == nil {
			return
		}
		if n := len(server) + len(configuration); len(result.Effects) > n || len(result.Locations) > n {
			t.Errorf("%d bytes made %d effects and %d locations", n, len(result.Effects), len(result.Locations))
		}
		made := []policy.Policy{
			&policy.LocationRewrite{Changes: snippet.Changes(result.Redirects)}, &policy.CookieRewrite{Paths: snippet.Changes(result.CookiePaths)},
		}
		if result.Script != nil {
			made = append([]policy.Policy{result.Script}, made...)
		}
		if _, err := policy.Compile(made, nil); err != nil {
			t.Errorf("the data plane would refuse it: %v", err)
		}
		for _, l := range result.Locations {
			if list, ok := l.Policies(); ok {
				if _, err := policy.Compile(list, nil); err != nil {
					t.Errorf("the data plane would refuse a location: %v", err)
				}
			}
		}
	})
}
