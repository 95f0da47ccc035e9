// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// hostileRoutes returns a prefix that is closed to the tests' address, an exact path, a prefix that is stripped and a
// default.
func hostileRoutes(tb testing.TB) *snapshot.Snapshot {
	tb.Helper()
	admin := prefix("/admin", "admin")
	accessOf(&admin).Allowed = prefixes("192.0.2.0/24")
	api := prefix("/api/v1", "api")
	rewriteOf(&api).StripPrefix = "/api/v1"
	return snapshotOf([]snapshot.Host{hostOf("", admin, exact("/exact", "exact"), api, prefix("/", "default"))},
		echoes(tb, "admin", "exact", "api", "default")...)
}

const (
	malformedPath    = "400 MalformedPath"
	malformedRequest = "400 MalformedRequest"
	ambiguous        = "400 AmbiguousPath"
	closed           = "403 AccessDenied"
)

// The answer to each target is a status of ours, or the rule that matched and the target that its endpoint saw.
func TestHostilePaths(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(hostileRoutes(t))
	tests := []struct{ name, target, want string }{
		{"the closed prefix", "/admin", closed},
		{"its trailing slash", "/admin/", closed},
		{"below it", "/admin/users", closed},
		{"a query that looks like a path", "/admin?/../public", closed},
		{"a query with a slash", "/admin/?x=/", closed},
		{"a longer name", "/administrator", "default /administrator"},
		{"another case", "/ADMIN", "default /ADMIN"},
		{"mixed case", "/aDmIn/users", "default /aDmIn/users"},

		{"an encoded letter", "/%61dmin", closed},
		{"every letter encoded", "/%61%64%6D%69%6E", closed},
		{"lower-case hex", "/%61%64%6d%69%6e/users", closed},
		{"an encoded letter of the exact path", "/e%78act", "exact /exact"},
		{"an encoded letter of the stripped prefix", "/%61pi/%761/users", "api /users"},
		{"a letter encoded twice", "/%2561dmin", "default /%2561dmin"},
		{"a letter encoded three times", "/%252561dmin", "default /%252561dmin"},
		{"lower-case hex of what stays", "/a%3fb%c3%a9", "default /a%3fb%c3%a9"},

		{"a dot segment before", "/./admin", closed},
		{"a dot segment within", "/admin/./users", closed},
		{"a dot segment behind", "/admin/.", closed},
		{"into it and out again", "/admin/..", "default /"},
		{"into it and elsewhere", "/admin/../public", "default /public"},
		{"elsewhere and into it", "/public/../admin", closed},
		{"elsewhere and into it by encoded dots", "/public/%2e%2e/admin", closed},
		{"by half encoded dots", "/public/.%2e/admin", closed},
		{"by the other half", "/public/%2E./admin", closed},
		{"an encoded dot alone", "/%2e/admin", closed},
		{"dots encoded twice", "/public/%252e%252e/admin", "default /public/%252e%252e/admin"},
		{"out of the stripped prefix", "/api/v1/../../admin", closed},
		{"out of the stripped prefix by encoded dots", "/api/v1/%2e%2e/%2e%2e/admin", closed},
		{"up within the stripped prefix", "/api/v1/a/../b", "api /b"},
		{"into the stripped prefix", "/x/../api/v1/users", "api /users"},
		{"what would be closed, below the stripped prefix", "/api/v1/admin", "api /admin"},
		{"dots at the end of the stripped prefix", "/api/v1/.", "api /"},
		{"half out of the stripped prefix", "/api/v1/..", "default /api/"},
		{"above the root", "/../admin", malformedPath},
		{"far above the root", "/a/../../../../admin", malformedPath},
		{"above the root by encoded dots", "/%2e%2e/admin", malformedPath},
		{"above the root within the stripped prefix", "/api/v1/../../../admin", malformedPath},
		{"three dots", "/.../admin", "default /.../admin"},
		{"a name that begins with dots", "/..admin", "default /..admin"},
		{"a name that ends with dots", "/admin..", "default /admin.."},
		{"a trailing dot", "/admin.", "default /admin."},
		{"a trailing encoded dot", "/admin%2e", "default /admin%2e"},
		{"a hidden file", "/.admin", "default /.admin"},
		{"dots around the exact path", "/a/../exact", "exact /exact"},
		{"a dot behind the exact path", "/exact/.", "default /exact/"},

		{"two slashes before", "//admin", closed},
		{"many slashes", "////admin////users", closed},
		{"two slashes within", "/admin//users", closed},
		{"two slashes behind", "/admin//", closed},
		{"two slashes and dots", "//..//admin", malformedPath},
		{"an empty segment and dots", "/public//../admin", closed},
		{"two slashes below the stripped prefix", "/api/v1//admin", "api /admin"},
		{"two slashes within the stripped prefix", "/api//v1/users", "api /users"},
		{"many slashes alone", "////", "default ////"},
		{"two slashes before the exact path", "//exact", "exact /exact"},
		{"two slashes behind the exact path", "/exact//", "default /exact//"},
		{"two slashes and the closed prefix behind a host", "//x/admin", "default /x/admin"},
		{"three slashes and the closed prefix behind a host", "///x//admin/", "default /x/admin/"},
		{"the exact path behind a host", "//x/e%78act", "default /x/exact"},
		{"a host alone", "//x", "default //x"},
		{"two slashes that lead behind no other rule", "//x/public", "default //x/public"},
		{"two slashes and two readings", "//x/a%2fb", "default /x/a%2Fb"},
		{"two slashes elsewhere", "/public//x", "default /public//x"},
		{"two slashes and a dot segment", "/public//./x", "default /public/x"},
		{"a slash behind the exact path", "/exact/", "default /exact/"},

		{"an encoded slash before", "/%2fadmin", ambiguous},
		{"an encoded slash alone", "/%2f", "default /%2f"},
		{"an encoded slash behind", "/admin%2f", ambiguous},
		{"an encoded slash for a slash", "/admin%2fusers", ambiguous},
		{"an encoded slash below", "/admin/a%2Fb", closed},
		{"an encoded slash and dots below", "/admin/..%2f..%2fpublic", ambiguous},
		{"encoded slashes around dots", "/public%2f..%2fadmin", ambiguous},
		{"an encoded slash behind dots", "/public/..%2fadmin", ambiguous},
		{"an encoded slash before dots", "/public%2f../admin", ambiguous},
		{"an encoded slash in the stripped prefix", "/api%2fv1/users", ambiguous},
		{"an encoded slash behind the stripped prefix", "/api/v1%2fusers", ambiguous},
		{"an encoded slash below the stripped prefix", "/api/v1/a%2fb", "api /a%2Fb"},
		{"an encoded slash and dots below the stripped prefix", "/api/v1/..%2f..%2fadmin", ambiguous},
		{"an encoded slash and dots within the default", "/a/b%2f../c", ambiguous},
		{"encoded slashes above the root", "/..%2f..", ambiguous},
		{"encoded dots and slashes behind the closed prefix", "/admin%2f..%2fpublic", ambiguous},
		{"two encoded slashes and dots", "/admin%2f%2f..", ambiguous},
		{"an encoded slash within a parameter", "/admin;%2f..", ambiguous},
		{"an encoded backslash within a parameter", "/admin;%5c..%5cpublic", ambiguous},
		{"an encoded slash within a parameter before", "/;%2fx/admin", ambiguous},
		{"encoded dots below the stripped prefix, and back", "/api/v1/..%2fv1%2fx", ambiguous},
		{"a slash encoded twice", "/admin%252fusers", "default /admin%252fusers"},

		{"a backslash before", `/\admin`, malformedPath},
		{"a backslash at the front", `\admin`, malformedRequest},
		{"a backslash for a slash", `/admin\users`, malformedPath},
		{"a backslash and dots", `/public\..\admin`, malformedPath},
		{"a backslash behind dots", `/public/..\admin`, malformedPath},
		{"an encoded backslash before", "/%5cadmin", ambiguous},
		{"an encoded backslash for a slash", "/admin%5cusers", ambiguous},
		{"an encoded backslash and dots", "/public%5c..%5cadmin", ambiguous},
		{"an encoded backslash behind dots", "/public/..%5cadmin", ambiguous},
		{"an encoded backslash below", `/admin/%5c..%5c..`, ambiguous},
		{"a backslash encoded twice", "/public/..%255cadmin", "default /public/..%255cadmin"},

		{"a slash in two bytes too many", "/public%c0%af..%c0%afadmin", "default /public%c0%af..%c0%afadmin"},
		{"a slash in three bytes", "/public/..%e0%80%afadmin", "default /public/..%e0%80%afadmin"},
		{"dots in two bytes too many", "/public/%c0%ae%c0%ae/admin", "default /public/%c0%ae%c0%ae/admin"},
		{"a raw slash in two bytes too many", "/public/..\xc0\xafadmin", "default /public/..%C0%AFadmin"},
		{"a full-width slash", "/public/..%ef%bc%8fadmin", "default /public/..%ef%bc%8fadmin"},
		{"full-width dots", "/public/%ef%bc%8e%ef%bc%8e/admin", "default /public/%ef%bc%8e%ef%bc%8e/admin"},
		{"an overlong letter", "/%c1%a1dmin", "default /%c1%a1dmin"},
		{"a raw letter beyond ASCII", "/\xc3\xa4dmin", "default /%C3%A4dmin"},
		{"a raw letter beyond ASCII below the closed prefix", "/admin/\xc3\xa4", closed},
		{"a raw letter beyond ASCII and dots", "/\xc3\xa4/../admin", closed},
		{"a raw letter beyond ASCII and encoded dots", "/\xc3\xa4/%2e%2e/%61dmin", closed},
		{"a raw letter beyond ASCII and slashes", "//\xc3\xa4//..//admin", closed},
		{"a raw letter beyond ASCII above the root", "/\xc3\xa4/../../admin", malformedPath},
		{"a raw letter beyond ASCII and an encoded slash", "/\xc3\xa4%2f..%2f..%2fadmin", ambiguous},
		{"a raw letter beyond ASCII and a parameter", "/admin;\xc3\xa4/users", ambiguous},
		{"a raw letter beyond ASCII and a backslash", "/\xc3\xa4\\..\\admin", malformedPath},
		{"a raw letter beyond ASCII and a percent sign", "/%\xc3\xa4", malformedPath},
		{"a raw letter beyond ASCII and half an escape", "/%4\xb1dmin", malformedPath},
		{"a raw letter beyond ASCII below the stripped prefix", "/api/v1/\xc3\xa4?q=\xc3\xa4", "api /%C3%A4?q=%C3%A4"},
		{"a raw full-width slash", "/public/..\xef\xbc\x8fadmin", "default /public/..%EF%BC%8Fadmin"},
		{"raw bytes that are no UTF-8", "/\xff\x80", "default /%FF%80"},
		{"a raw next line (C1)", "/\xc2\x85\x85admin", "default /%C2%85%85admin"},
		{"a raw no-break space", "/admin\xc2\xa0", "default /admin%C2%A0"},
		{"a raw letter beyond ASCII in the query", "/public?\xc3\xa4=\xff&%zz", "default /public?%C3%A4=%FF&%zz"},
		{"a raw letter beyond ASCII in an absolute target", "http://a/\xc3\xa4/../admin", closed},
		{"IIS's escapes", "/%u0061dmin", malformedPath},
		{"IIS's escaped slash", "/public/..%u2215admin", malformedPath},

		{"a parameter", "/admin;a=b", ambiguous},
		{"an empty parameter", "/admin;", ambiguous},
		{"a parameter before a slash", "/admin;a=b/users", ambiguous},
		{"a parameter below", "/admin/users;a=b", closed},
		{"a parameter elsewhere", "/map;lat=1;long=2/point", "default /map;lat=1;long=2/point"},
		{"a parameter of the stripped prefix", "/api;a=b/v1/users", ambiguous},
		{"a parameter below the stripped prefix", "/api/v1/map;a=b", "api /map;a=b"},
		{"a parameter with an encoded slash", "/public;x%2f..%2f..%2fadmin", ambiguous},
		{"a parameter behind encoded dots and a backslash", "/public/..;a%5cadmin", ambiguous},
		{"a parameter before", "/;a=b/admin", ambiguous},
		{"a parameter of dots", "/public/..;/admin", ambiguous},
		{"a parameter of dots with a value", "/public/..;a=b/admin", ambiguous},
		{"a parameter of a dot", "/.;/admin", ambiguous},
		{"an encoded semicolon", "/admin%3ba=b", ambiguous},
		{"dots within a parameter", "/public;/../admin", closed},

		{"an encoded NUL behind", "/admin%00", malformedPath},
		{"an encoded NUL before a suffix", "/admin%00.png", malformedPath},
		{"an encoded NUL that dots remove", "/a%00/../admin", malformedPath},
		{"a raw NUL", "/admin\x00", malformedRequest},
		{"a raw tab", "/admin\t", malformedRequest},
		{"a raw escape", "/\x1badmin", malformedRequest},
		{"a raw DEL", "/admin\x7f", malformedRequest},
		{"a raw vertical tab", "/admin\v", malformedRequest},
		{"a bare CR", "/admin\rx", malformedRequest},
		{"a space", "/admin /x", malformedRequest},
		{"an encoded tab", "/admin%09", "default /admin%09"},
		{"an encoded CR and LF", "/admin%0d%0aX-Evil:%20y", "default /admin%0d%0aX-Evil:%20y"},
		{"an encoded space behind", "/admin%20", "default /admin%20"},
		{"a plus", "/admin+", "default /admin+"},

		{"a percent sign alone", "/admin%", malformedPath},
		{"half an escape", "/admin%2", malformedPath},
		{"no hex", "/%zzadmin", malformedPath},
		{"a sign in an escape", "/%-1admin", malformedPath},
		{"a bad escape that dots remove", "/%zz/../admin", malformedPath},
		{"an encoded percent sign", "/%25", "default /%25"},

		{"an encoded question mark", "/admin%3fx", "default /admin%3fx"},
		{"an encoded number sign", "/admin%23x", "default /admin%23x"},
		{"a fragment", "/public#/../admin", malformedRequest},
		{"a fragment at once", "/#/../admin", malformedRequest},
		{"a fragment behind the closed prefix", "/admin#x", malformedRequest},
		{"dots in the query", "/public?/../admin", "default /public?/../admin"},
		{"dots in the query of the exact path", "/exact?../../admin", "exact /exact?../../admin"},
		{"dots in the query of the stripped prefix", "/api/v1?/../../admin", "api /?/../../admin"},
		{"a second question mark", "/public?a?b", "default /public?a?b"},
		{"an empty query", "/public?", "default /public?"},
		{"what no path may have, in the query", `/public?%zz%00\`, `default /public?%zz%00\`},
		{"a query at once", "/?/admin", "default /?/admin"},

		{"an absolute target", "http://a/admin", closed},
		{"an absolute target without a path", "http://a", "default /"},
		{"an absolute target with a query alone", "http://a?/admin", "default /?/admin"},
		{"an absolute target with dots", "http://a/public/../admin", closed},
		{"an absolute target above the root", "http://a/../admin", malformedPath},
		{"an absolute target with two slashes", "http://a//admin", closed},
		{"an absolute target in capitals", "HTTP://a/%61dmin", closed},
		{"an absolute https target", "https://a/api/v1/users", "api /users"},
		{"an absolute target of another host", "http://b/admin", malformedRequest},
		{"an absolute target with a user", "http://admin@a/public", malformedRequest},
		{"an absolute target without an authority", "http:///admin", malformedRequest},
		{"an absolute target with a backslash", `http://a\admin`, malformedRequest},
		{"another scheme", "ftp://a/admin", malformedRequest},
		{"a file", "file:///admin", malformedRequest},
		{"a target below a target", "/http://a/admin", "default /http://a/admin"},
		{"two slashes that look like an authority", "//a/admin", "default /a/admin"},
		{"an authority", "a:80", malformedRequest},
		{"an asterisk", "*", malformedRequest},
		{"an asterisk in a path", "/*", "default /*"},
		{"an asterisk for the prefix", "/admi*", "default /admi*"},
		{"a name without a slash", "admin", malformedRequest},
		{"dots without a slash", "../admin", malformedRequest},
		{"an encoded slash at the front", "%2fadmin", malformedRequest},
		{"a very long way round", "/" + strings.Repeat("a/../", 2000) + "admin", closed},
		{"very many slashes", strings.Repeat("/", 10_000) + "admin", closed},
	}
	if len(tests) < 80 {
		t.Errorf("%d paths, want at least 80", len(tests))
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := p.get("a", test.target).outcome(t); got != test.want {
				t.Errorf("%.80q: got %q, want %q", test.target, got, test.want)
			}
		})
	}
}

// Bytes beyond ASCII are encoded before anything is decided, in both versions: what is routed, checked, logged,
// explained and forwarded is one spelling.
func TestBytesBeyondASCIIAreOneSpellingToAll(t *testing.T) {
	t.Parallel()
	written := &pages{}
	p := serve(t, h2c, logTo(written, observe.LogCombined))
	p.apply(hostileRoutes(t))
	for i, test := range []struct{ target, want, path string }{
		{"/\xc3\xa4?q=\xc3\xa4\xff", "default /%C3%A4?q=%C3%A4%FF", "/%C3%A4?q=%C3%A4%FF"},
		{"/%61dmin/\xc3\xa4?\xff", closed, "/admin/%C3%A4?%FF"},
		{"/api/v1/\xe4/./x", "api /%E4/x", "/api/v1/%E4/x"},
	} {
		if got := p.get("a", test.target).outcome(t); got != test.want {
			t.Errorf("HTTP/1.1, %q: got %q, want %q", test.target, got, test.want)
		}
		c := p.dialFrames()
		c.get(1, test.target)
		a := c.answer(1)
		got := a.status + " " + a.reason()
		if a.status == "200" {
			r := reply{Status: 200, Header: http.Header{}, Body: a.body}
			for name, value := range a.fields {
				r.Header.Set(name, value)
			}
			got = r.outcome(t)
		}
		if got != test.want {
			t.Errorf("HTTP/2, %q: got %q, want %q", test.target, got, test.want)
		}
		for _, line := range written.lines(t, 2*i+2)[2*i:] {
			if !strings.Contains(line, " "+test.path+" HTTP/") {
				t.Errorf("%q: the line is %s, want the path %s", test.target, line, test.path)
			}
		}
		e := p.explain(explain.Question{URL: "http://a" + test.target, Peer: netip.MustParseAddr("127.0.0.1")})
		path, _, _ := strings.Cut(test.path, "?")
		if e.Request.Path != path {
			t.Errorf("%q: the path is explained as %q, want %q", test.target, e.Request.Path, path)
		}
		if _, target, _ := strings.Cut(test.want, " "); e.Upstream != nil && e.Upstream.Target != target || (e.Upstream == nil) != (test.want == closed) {
			t.Errorf("%q: the endpoint would get %+v, want %q", test.target, e.Upstream, target)
		}
	}
}

// The asterisk is not a path. It is for the server itself, and no rule is for that.
func TestAsteriskOfOptionsIsNoPath(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(hostileRoutes(t))
	if got := p.ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"); got.reason() != "OptionsAnswered" {
		t.Errorf("got %d %q, want OptionsAnswered", got.Status, got.reason())
	}
}

// TestPathsOfRulesWithReservedCharacters is about rules whose own paths can be read in several ways.
func TestPathsOfRulesWithReservedCharacters(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(snapshotOf([]snapshot.Host{hostOf("", prefix("/", "default"), prefix("/@scope", "scope"), exact("/a%2Fb", "slash"), prefix("/c;d", "parameter"), prefix("/%C3%A4", "umlaut"))},
		echoes(t, "default", "scope", "slash", "parameter", "umlaut")...))
	for _, test := range []struct{ name, target, want string }{
		{"as it is written", "/@scope/x", "scope /@scope/x"},
		{"with its reserved character escaped", "/%40scope/x", ambiguous},
		{"a rule with an encoded slash", "/a%2fb", "slash /a%2Fb"},
		{"the slash itself", "/a/b", "default /a/b"},
		{"below the rule's last segment", "/a%2fb/c", "default /a%2fb/c"},
		{"a rule with a semicolon", "/c;d/x", "parameter /c;d/x"},
		{"another parameter than the rule's", "/c;e/x", ambiguous},
		{"what the rule is without its parameter", "/c/x", "default /c/x"},
		{"a rule beyond ASCII", "/%c3%a4/x", "umlaut /%C3%A4/x"},
		{"a rule beyond ASCII, and bytes that are not encoded", "/\xc3\xa4/x", "umlaut /%C3%A4/x"},
		{"half of them not encoded", "/%c3\xa4/x", "umlaut /%C3%A4/x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := p.get("a", test.target).outcome(t); got != test.want {
				t.Errorf("%q: got %q, want %q", test.target, got, test.want)
			}
		})
	}
}

// FuzzForwardedPath sends requests with any target at all and looks at what the endpoint received.
//
// The rule that was asked matches the path that the endpoint receives, with the stripped prefix put back. It matches
// the path as it is, with its dot segments resolved, and percent-decoded once, including %2F, and then resolved. It
// also matches that with slashes for backslashes, and without what follows semicolons.
//
// This does not hold, and is not tested, for an endpoint that decodes twice or compares without case.
func FuzzForwardedPath(f *testing.F) {
	p := serve(f)
	open := hostileRoutes(f)
	for i := range open.Hosts[0].Routes {
		*accessOf(&open.Hosts[0].Routes[i]) = policy.Access{}
	}
	p.apply(open)
	for _, target := range []string{
		"/", "/admin", "/admin/", "/%61dmin/users", "/exact", "/exact/.", "/api/v1", "/api/v1/", "/api/v1//a/./b?c=/../d", "/api/v1/../admin",
		"/public/%2e%2e/admin", "/public/..%2fadmin", "/public%2f..%2fadmin", "/api/v1/..%2f..%2fadmin", "/admin%2fusers", "/..;/admin", "/%5c..%5cadmin",
		"/%252e%252e/admin", "/%c0%ae%c0%ae/admin", "http://a/public/../admin", "https://a?/admin", "//a//admin", "/a?b?c", "/%25%32%65/", "/.%2E/", "*",
		"/\xc3\xa4/../admin?\xff", `/\..\admin`, "/admin;a/..", "/#", "/%00", "/%", "/exact%2f", "/api%2fv1/x", "/api/v1%2f..", "/...", "/a/..../admin",
	} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		for _, c := range []byte(target) {
			if c <= ' ' {
				return // it ends the target or the line, and has nothing to do with a path's rules
			}
		}
		client := dial(t, p.address)
		client.send("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n")
		got := client.reply("GET")
		client.abort() // otherwise so many connections would use up the ports
		if got.Status == 400 || got.Status == 414 || got.Status == 431 {
			return
		}
		by, received, _ := strings.Cut(got.outcome(t), " ")
		checkForwarded(t, target, by, received)
	})
}

// checkForwarded checks what FuzzForwardedPath promises of what an endpoint received.
func checkForwarded(t *testing.T, target, by, received string) {
	t.Helper()
	path, query, hasQuery := strings.Cut(received, "?")
	_, sent, wanted := strings.Cut(target, "?")
	want := ""
	for _, c := range []byte(sent) {
		if c < 0x80 {
			want += string(rune(c))
		} else {
			want += fmt.Sprintf("%%%02X", c)
		}
	}
	if query != want || hasQuery != wanted {
		t.Errorf("%q: the query is %q in %q, want it unchanged but for what must be encoded", target, query, received)
	}
	merged := slashes.ReplaceAllString(path, "/")
	if resolved := plainlyResolved(path); resolved != merged {
		t.Errorf("%q: %q resolves to %q", target, path, resolved)
	}
	// The URL parsers of browsers and of Node take what follows two slashes for a host.
	if strings.HasPrefix(path, "//") {
		_, rest, _ := strings.Cut(merged[1:], "/")
		if rule := plainlyMatched("/" + rest); rule != by {
			t.Errorf("%q: the rule of %s was asked, and %q behind its host is that of %s", target, by, received, rule)
		}
	}
	matched := path
	if by == "api" {
		matched = "/api/v1" + path
	}
	decoded, err := url.PathUnescape(matched)
	if err != nil {
		t.Errorf("%q: %q cannot be decoded: %v", target, received, err)
	}
	slashed := strings.ReplaceAll(decoded, `\`, "/")
	for reading, path := range map[string]string{
		"as it is": matched, "resolved": plainlyResolved(matched), "decoded and resolved": plainlyResolved(decoded),
		"with backslashes for slashes": plainlyResolved(slashed), "without parameters": plainlyResolved(parameters.ReplaceAllString(slashed, "")),
		"decoded without parameters": plainlyResolved(plainlyDecoded(t, parameters.ReplaceAllString(matched, ""))), "decoded": decoded,
	} {
		if rule := plainlyMatched(path); rule != by {
			t.Errorf("%q: the rule of %s was asked, %q %s is %q and that of %s", target, by, received, reading, path, rule)
		}
	}
}

func plainlyDecoded(t *testing.T, path string) string {
	t.Helper()
	decoded, err := url.PathUnescape(path)
	if err != nil {
		t.Errorf("%q cannot be decoded: %v", path, err)
	}
	return decoded
}

// slashes are what servers merge.
var slashes = regexp.MustCompile(`/+`)

// parameters are what Java's servers cut off from each segment.
var parameters = regexp.MustCompile(`;[^/]*`)

// plainlyMatched finds the rule of hostileRoutes for a path in the plainest way.
func plainlyMatched(path string) string {
	below := func(prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }
	switch {
	case path == "/exact":
		return "exact"
	case below("/api/v1"):
		return "api"
	case below("/admin"):
		return "admin"
	}
	return "default"
}

// plainlyResolved resolves dot segments and drops empty ones. A path that climbs above the root stays at the root.
func plainlyResolved(path string) string {
	kept := []string{""}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		switch {
		case segment == "..":
			kept = kept[:max(len(kept)-1, 1)]
		case segment != "." && segment != "":
			kept = append(kept, segment)
			continue
		}
		if i == len(segments)-1 {
			kept = append(kept, "")
		}
	}
	return strings.Join(kept, "/")
}
