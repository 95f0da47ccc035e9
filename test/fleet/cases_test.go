// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// testCase is what is asked of a server in each way. In targets and values of fields {host} and {scheme} are those of
// the way, and {way} is a word that no other way has, for what leaves something behind.
type testCase struct {
	name  string
	steps []step
	// gap is set if the case has connections of its own, whose requests come after a pause.
	gap *gap
	// http1 is set for what HTTP/2 cannot say.
	http1 bool
}

// step is a request of a case. The connection is that of the step before, while the server keeps it.
type step struct {
	request
	// after is how long the client waits first.
	after time.Duration
	// anew is set if the request goes over a new connection.
	anew bool
	// since makes further fields out of the answer to the step before.
	since func(before answer) []field
}

// gap is a pause between two requests, in the same connection of a client or in two.
type gap struct {
	method  string
	seconds int
	anew    bool
}

// label names a gap in the host that it has to itself, for each way.
func (g gap) label(way string) string {
	connections := "same"
	if g.anew {
		connections = "anew"
	}
	return fmt.Sprintf("%s%d%s-%s", strings.ToLower(g.method), g.seconds, connections, way)
}

// gaps are about the times after which servers close idle connections: 1 s (Starman), 2 (gunicorn), 5 (Apache, Node),
// 10 (cheroot, Gunicorn's threads), 20 (Puma, Tomcat), 30.
func gaps() []gap {
	var all []gap
	for _, method := range []string{"GET", "POST"} {
		for _, seconds := range []int{1, 2, 5, 10, 20, 30, 31} {
			all = append(all, gap{method: method, seconds: seconds})
		}
		for _, seconds := range []int{2, 5, 31} {
			all = append(all, gap{method: method, seconds: seconds, anew: true})
		}
	}
	return all
}

// casesFor returns all cases for a server.
func casesFor(s *server) []testCase {
	var all []testCase
	home := "/file.txt"
	if s.files {
		all = append(all, general(home)...)
		all = append(all, fileCases()...)
	}
	if s.app {
		home = s.prefix + "/echo"
		all = append(all, general(home)...)
		all = append(all, appCases(s.prefix)...)
	}
	if s.dav {
		all = append(all, davCases()...)
	}
	if s.git {
		home = "/repository.git/HEAD"
		all = append(all, gitCases()...)
	}
	for _, g := range gaps() {
		first := request{method: g.method, target: home}
		if g.method == "POST" {
			first.content, first.framing = text(10), withLength
		}
		all = append(all, testCase{name: fmt.Sprintf("%s after %d s, %s connection", g.method, g.seconds, map[bool]string{true: "new", false: "same"}[g.anew]),
			gap: &g, steps: []step{{request: first}, {request: first, after: time.Duration(g.seconds) * time.Second, anew: g.anew}}})
	}
	return all
}

// one is a case of one request, named after that and a remark.
func one(r request, remark string) testCase {
	if r.method == "" {
		r.method = "GET"
	}
	name := r.method + " " + r.target
	if remark != "" {
		name += ", " + remark
	}
	return testCase{name: printable(name), steps: []step{{request: r}}}
}

// printable cuts what is long and spells what is no plain text.
func printable(text string) string {
	if len(text) > 120 {
		text = text[:100] + fmt.Sprintf("... (%d bytes)", len(text))
	}
	var out strings.Builder
	for _, b := range []byte(text) {
		if b < ' ' || b > '~' {
			fmt.Fprintf(&out, `\x%02x`, b)
		} else {
			out.WriteByte(b)
		}
	}
	return out.String()
}

// text is content of a length.
func text(length int) []byte {
	return bytes.Repeat([]byte("0123456789"), length/10+1)[:length]
}

// general returns the cases for a path, whatever is there: methods, spellings of the target and fields.
func general(path string) []testCase {
	var all []testCase
	all = append(all, methods(path)...)
	all = append(all, targets(path)...)
	return append(all, fields(path)...)
}

func methods(path string) []testCase {
	with := func(method string, length int) testCase {
		return one(request{method: method, target: path, content: text(length), framing: withLength}, fmt.Sprintf("%d bytes", length))
	}
	return []testCase{
		one(request{target: path}, ""),
		one(request{method: "HEAD", target: path}, ""),
		one(request{method: "OPTIONS", target: path}, ""),
		one(request{method: "DELETE", target: path + "/no"}, ""),
		one(request{method: "PROPFIND", target: path, fields: []field{{"Depth", "0"}}}, ""),
		one(request{method: "FLEET", target: path}, ""),
		one(request{method: "TRACE", target: path}, ""),
		with("POST", 0), with("POST", 10), with("PUT", 10), with("PATCH", 10), with("GET", 10), with("DELETE", 10), with("OPTIONS", 10),
	}
}

func targets(path string) []testCase {
	var all []testCase
	for _, target := range []string{
		"/" + path, "/x" + path, path[:1] + fmt.Sprintf("%%%02x", path[1]) + path[2:], path + "/", path + "//", path + "//x//y",
		path + ";v=1", path + "/a;b/c", path + "?", path + "?x=%zz", path + "?a=b&c=d%20e+f", path + "?a?b/../c//d", path + "?q=caf\xc3\xa9",
		path + "?q=" + string(text(6000)), path + "%2fmore", path + "%2Fmore", "/x/.." + path, "/." + path, "/x/%2e%2e" + path,
		path + "/caf\xc3\xa9", path + "/caf%C3%A9", path + "/caf%c3%a9", path + "/%e4", path + "/a%20b", path + "/%00", "/.." + path,
		path + "/%zz", path + "/a|b^c", path + "/{a}", path + `/"<a>"`, path + "\\x", path + "/a%5cb", path + "#x", path + "/~a%7Eb%41",
		path + "/a+b:@!$&'()*,=", path + "/%252f", path + "/a,b", path + "/" + string(text(2000)),
	} {
		all = append(all, one(request{target: target}, ""))
	}
	absolute := one(request{target: "http://{host}" + path}, "")
	absolute.http1 = true
	return append(all, absolute)
}

func fields(path string) []testCase {
	var all []testCase
	add := func(remark string, f ...field) {
		all = append(all, one(request{target: path, fields: f}, remark))
	}
	add("empty value", field{"X-Empty", ""})
	add("ISO 8859-1 in a value", field{"X-Text", "caf\xe9"})
	add("UTF-8 in a value", field{"X-Text", "caf\xc3\xa9"})
	add("DEL in a value", field{"X-Text", "a\x7fb"})
	add("ESC in a value", field{"X-Text", "a\x1b[1mb"})
	add("tab in a value", field{"X-Text", "a\tb"})
	add("spaces in a value", field{"X-Text", "a  b   c"})
	add("long cookie", field{"Cookie", "a=" + string(text(6000))})
	add("two cookies", field{"Cookie", "a=1; b=2"}, field{"Cookie", "c=3"})
	add("repeated field", field{"X-More", "1"}, field{"X-More", "2"}, field{"X-More", "3, 4"})
	var many []field
	for n := range 80 {
		many = append(many, field{fmt.Sprintf("X-Field-%d", n), "value"})
	}
	add("80 fields", many...)
	add("Content-Length: 0", field{"Content-Length", "0"})
	add("Expect without content", field{"Expect", "100-continue"})
	add("unknown Expect", field{"Expect", "more"})
	add("Max-Forwards", field{"Max-Forwards", "5"})
	add("TE: trailers", field{"TE", "trailers"})
	add("underscore in a name", field{"X_Under", "1"})
	add("dot in a name", field{"X.Dot", "1"})
	add("signs in a name", field{"X!#$%&'*+^`|~-", "1"})
	add("Authorization: Basic", field{"Authorization", "Basic YWxpY2U6c2VjcmV0"})
	add("Authorization: Bearer", field{"Authorization", "Bearer " + string(text(900))})
	add("Accept-Encoding", field{"Accept-Encoding", "gzip, br;q=0.5"})
	add("User-Agent with parentheses", field{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64) \"quoted\" <b>"})
	add("Proxy", field{"Proxy", "http://127.0.0.1:1/"})
	add("Via", field{"Via", "1.1 somewhere"})
	add("Content-Type without content", field{"Content-Type", "application/json"})
	add("Range", field{"Range", "bytes=0-9"})
	add("Cache-Control", field{"Cache-Control", "no-cache"}, field{"Pragma", "no-cache"})
	add("Priority", field{"Priority", "u=1, i"})
	add("Origin and Referer", field{"Origin", "null"}, field{"Referer", "http://{host}/a?b#c"})
	add("If-None-Match: *", field{"If-None-Match", "*"})
	add("If-Match of nothing", field{"If-Match", `"nothing"`})
	add("Prefer", field{"Prefer", "return=minimal"})
	all = append(all,
		one(request{method: "DELETE", target: path + "/no", fields: []field{{"Content-Length", "0"}}}, "Content-Length: 0"),
		one(request{method: "OPTIONS", target: path, fields: []field{{"Max-Forwards", "5"}}}, "Max-Forwards"),
		one(request{method: "OPTIONS", target: path, fields: []field{{"Origin", "http://a"}, {"Access-Control-Request-Method", "PUT"}}}, "a preflight"))
	for _, old := range []testCase{
		one(request{target: path, old: true}, "HTTP/1.0"),
		one(request{target: path, old: true, fields: []field{{"Connection", "keep-alive"}}}, "HTTP/1.0 and keep-alive"),
		one(request{target: path, fields: []field{{"Connection", "close"}}}, "Connection: close"),
		one(request{target: path, fields: []field{{"Connection", "close, X-Hop"}, {"X-Hop", "1"}}}, "a field that Connection names"),
		one(request{target: path, fields: []field{{"Connection", "upgrade"}, {"Upgrade", "other/1"}}}, "unknown Upgrade"),
		one(request{target: path, fields: []field{{"Connection", "Upgrade, HTTP2-Settings"}, {"Upgrade", "h2c"}, {"HTTP2-Settings", "AAMAAABkAAQAAP__"}}}, "Upgrade to h2c"),
		one(request{target: path, fields: []field{{"Keep-Alive", "timeout=5"}}}, "Keep-Alive"),
		one(request{target: path, fields: []field{{"Proxy-Connection", "keep-alive"}}}, "Proxy-Connection"),
	} {
		old.http1 = true
		all = append(all, old)
	}
	// Two on one connection, as clients mostly do.
	twice := request{method: "GET", target: path}
	head := request{method: "HEAD", target: path}
	return append(all,
		testCase{name: "GET twice " + path, steps: []step{{request: twice}, {request: twice}}},
		testCase{name: "HEAD and GET " + path, steps: []step{{request: head}, {request: twice}}},
		testCase{name: "POST and GET " + path, steps: []step{{request: request{method: "POST", target: path, content: text(10), framing: withLength}}, {request: twice}}})
}
