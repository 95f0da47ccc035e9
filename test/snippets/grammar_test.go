// SPDX-License-Identifier: Apache-2.0

package snippets

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/warren-dev/ingress/controllers/nginx/snippet"
)

// sample is an Ingress with snippets: its host has two paths, or one that is an expression.
type sample struct {
	Seed uint64
	Host string
	// Path is the expression of the only path, and Target its rewrite-target. Empty for two prefixes.
	Path, Target          string
	Server, Configuration string
}

// paths are those of the Ingress, as the locations have them.
func (s *sample) paths() []string {
	if s.Path != "" {
		return []string{s.Path}
	}
	return []string{"/b", "/"} // the longer one first
}

// context is what the snippets of a path are compiled in.
func (s *sample) context(path string) snippet.Context {
	c := snippet.Context{
		Host: s.Host, Namespace: "shop", Ingress: "web", Service: "cart", ServicePort: "8080", LocationPath: path,
	}
	if s.Path != "" {
		c.Path, c.RewritePath, c.RewriteTarget = "^"+s.Path, "(?i)"+s.Path, s.Target
	}
	return c
}

// question is a request.
type question struct {
	Method, Target string
	Fields         [][2]string
	// Status and Answer are what the backend answers with.
	Status int
	Answer [][2]string
}

// grammar makes snippets and requests at random.
type grammar struct {
	*rand.Rand
	// sets are the variables that the snippet has made.
	sets []string
	// groups is set where an expression with groups stood before.
	groups bool
}

func pick[T any](g *grammar, from ...T) T { return from[g.IntN(len(from))] }

// newSample makes the sample of a seed.
func newSample(seed uint64) *sample {
	g := &grammar{Rand: rand.New(rand.NewPCG(seed, 20))}
	s := &sample{Seed: seed, Host: fmt.Sprintf("s%04d.example.com", seed)}
	if g.IntN(5) == 0 {
		s.Path, s.Target = "/app(/|$)(.*)", "/$2"
		g.groups = true
	}
	if g.IntN(3) == 0 {
		g.groups = false
		s.Server = g.block(true, 1+g.IntN(3))
		if s.Path == "" && g.IntN(3) == 0 {
			s.Server += g.locations()
		}
		g.groups = s.Path != ""
	}
	s.Configuration = g.block(false, 1+g.IntN(6))
	switch g.IntN(20) {
	case 0:
		s.Configuration += "set $pass_access_scheme https;\n"
	case 1:
		s.Configuration += "set $best_http_host other.example.com;\n"
	case 2:
		s.Configuration += "limit_except GET POST { deny all; }\n"
	case 3:
		s.Configuration += pick(g, "deny 127.0.0.1;\n", "allow 127.0.0.0/8; deny all;\n", "allow 192.0.2.0/24; deny all;\n")
	}
	// Without a choice of the grammar's, so that those of all other samples stay as they are.
	switch seed % 40 {
	case 7:
		s.Configuration += "proxy_method POST;\n"
	case 23:
		s.Server += "proxy_method PUT;\n"
	}
	return s
}

// locations makes locations that stand beside those of the Ingress.
func (g *grammar) locations() string {
	var b strings.Builder
	for _, head := range []string{"= /x", "^~ /old/", `~ ^/(c|two)(.*)$`, `~* \.HTML$`, "/abc"} {
		if g.IntN(2) == 0 {
			continue
		}
		g.groups = strings.Contains(head, "(")
		fmt.Fprintf(&b, "location %s {\n", head)
		for _, d := range g.directives(1+g.IntN(3), false, false) {
			b.WriteString("  " + d + "\n")
		}
		b.WriteString(pick(g, "", "  deny all;\n", "  allow 127.0.0.1; deny all;\n", "  return 200 $1;\n"))
		b.WriteString("}\n")
	}
	return b.String()
}

func (g *grammar) block(server bool, n int) string {
	var b strings.Builder
	for _, d := range g.directives(n, server, false) {
		b.WriteString(d + "\n")
	}
	return b.String()
}

// directives makes some of a block. nginx takes one expires in each.
func (g *grammar) directives(n int, server, inIf bool) (list []string) {
	expires := false
	for len(list) < n {
		d := g.directive(server, inIf)
		if strings.HasPrefix(d, "expires") {
			if expires {
				continue
			}
			expires = true
		}
		list = append(list, d)
	}
	return list
}

// directive makes one directive of a server or of a location, or of an if in that.
func (g *grammar) directive(server, inIf bool) string {
	choices := []func() string{g.set, g.set, g.answer, g.rewrite, g.redirect}
	if !inIf {
		choices = append(choices, g.set, func() string { return g.condition(server) }, func() string { return g.condition(server) },
			func() string { return g.condition(server) })
		choices = append(choices[:2], choices[3:]...) // an answer without a condition leaves nothing else to see
	}
	if !server || !inIf {
		choices = append(choices, g.addHeader, g.addHeader, g.more, g.more, g.clear, g.input, g.expires)
	}
	if !inIf {
		choices = append(choices, g.hide)
		if !server {
			choices = append(choices, g.proxy, g.proxy)
		}
	}
	if inIf && g.IntN(8) == 0 {
		return "break;"
	}
	return choices[g.IntN(len(choices))]()
}

// condition makes an if.
func (g *grammar) condition(server bool) string {
	groups := g.groups
	var test string
	variable := g.variable()
	switch g.IntN(7) {
	case 0:
		test = variable
	case 1:
		test = fmt.Sprintf("%s = %s", variable, pick(g, "one", "two", `""`, `"a b"`, "GET", "1", "https", "$http_x_b"))
	case 2:
		test = fmt.Sprintf("%s != %s", variable, pick(g, "one", "two", `""`, "POST", "0", "$arg_q"))
	default:
		expression := pick(g, "^/(a|b)/(.*)$", "^/old/(.*)", "(one|two)", "o", "^$", `\.html$`, "^/b", "(?<id>[0-9]+)", `"^.{3}$"`, `^GET|HEAD$`, "(.*)")
		test = fmt.Sprintf("%s %s %s", variable, pick(g, "~", "~*", "!~", "!~*"), expression)
		g.groups = true
		if strings.Contains(expression, "<id>") {
			g.sets = append(g.sets, "id")
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "if (%s) {\n", test)
	for _, d := range g.directives(1+g.IntN(3), server, true) {
		b.WriteString("  " + d + "\n")
	}
	b.WriteString("}")
	g.groups = g.groups || groups
	return b.String()
}

// variable makes the name of a variable.
func (g *grammar) variable() string {
	names := []string{
		"host", "http_host", "request_uri", "uri", "document_uri", "args", "query_string", "is_args", "scheme", "https", "request_method",
		"http_x_a", "http_x_b", "http_user_agent", "http_none", "arg_q", "arg_v", "arg_none", "cookie_c", "cookie_none",
		"remote_addr", "server_protocol", "namespace", "ingress_name", "service_name", "service_port", "content_type", "http_cookie",
		"pass_access_scheme", "best_http_host", "location_path", "server_name",
	}
	if len(g.sets) > 0 && g.IntN(2) == 0 {
		return "$" + g.sets[g.IntN(len(g.sets))]
	}
	return "$" + names[g.IntN(len(names))]
}

// text makes a value.
func (g *grammar) text() string {
	var b strings.Builder
	for range 1 + g.IntN(3) {
		switch n := g.IntN(6); {
		case n < 2:
			b.WriteString(pick(g, "a", "one", "x-", "v1", "no-store", "=", "/p"))
		case n == 2 && g.groups:
			b.WriteString(pick(g, "$1", "$2", "$1"))
		case n == 3:
			name := g.variable()
			b.WriteString("${" + name[1:] + "}")
		default:
			b.WriteString(g.variable())
			b.WriteString(pick(g, "-", ".", ":"))
		}
	}
	return `"` + b.String() + `"`
}

func (g *grammar) set() string {
	if g.IntN(10) == 0 {
		return "set $args " + pick(g, `"$args&more=1"`, `""`, `"q=two"`, `"x=$arg_q"`) + ";"
	}
	name := pick(g, "first", "second", "third")
	g.sets = append(g.sets, name)
	return fmt.Sprintf("set $%s %s;", name, pick(g, g.text(), "one", "0", `""`, "1", g.variable(), `"${`+name+`}x"`))
}

func (g *grammar) answer() string {
	switch g.IntN(4) {
	case 0:
		return fmt.Sprintf("return %d;", pick(g, 403, 404, 204, 401, 410, 503, 200))
	case 1:
		return fmt.Sprintf("return %d %s;", pick(g, 200, 404, 403, 503, 201), g.text())
	}
	return fmt.Sprintf("return %d %s;", pick(g, 301, 302, 307, 308, 303), pick(g,
		"https://$host$request_uri", "https://new.example.com$uri$is_args$args", "/moved", "$scheme://www.$host/$arg_q", "https://example.com/x"))
}

func (g *grammar) rewrite() string {
	expression := pick(g, "^/old/(.*)$", "^/a/(.*)", "^/(.*)$", "^", "/x", "^/b/?(.*)$", "^/(a|b)(/.*)?$", `\.html$`, "^/c/(.*)$")
	replacement := pick(g, "/new/$1", "/b/$1", "/c/u", "/q?x=$1", "/q?x=$1&y=2?", "/a/b", "/c$2", "/n?", "/old/$arg_q", "/z/$http_x_a")
	g.groups = true
	return fmt.Sprintf("rewrite %s %s%s;", expression, replacement, pick(g, "", " last", " break", " break", " break"))
}

func (g *grammar) redirect() string {
	expression := pick(g, "^/old/(.*)$", "^/a/(.*)", "^/(a|b)/(.*)$", "/x")
	replacement := pick(g, "/new/$1", "https://example.com/$1", "$scheme://$host/n/$1", "/n?x=1", "https://example.com/?p=$1?", "http://example.com/$1?")
	g.groups = true
	return fmt.Sprintf("rewrite %s %s%s;", expression, replacement, pick(g, " redirect", " permanent"))
}

func (g *grammar) addHeader() string {
	name := pick(g, "X-One", "X-Two", "Cache-Control", "X-Answer", "Strict-Transport-Security", "Vary", "X-Three")
	return fmt.Sprintf("add_header %s %s%s;", name, pick(g, g.text(), g.text(), `"$upstream_http_x_answer"`, `"$sent_http_x_one"`, "on", "$status"), pick(g, "", "", " always"))
}

func (g *grammar) more() string {
	name := pick(g, "X-One", "X-Two", "Cache-Control", "X-Answer", "Set-Cookie", "X-Three", "Server")
	options := pick(g, "", "", "", "-s 404 ", `-s "403 404" `, "-t text/plain ", `-t "text/html application/json" `)
	value := strings.Trim(g.text(), `"`)
	if g.IntN(4) == 0 {
		return fmt.Sprintf(`more_set_headers %s"%s: %s" "X-More: 1";`, options, name, value)
	}
	return fmt.Sprintf(`more_set_headers %s"%s: %s";`, options, name, value)
}

func (g *grammar) clear() string {
	return fmt.Sprintf("more_clear_headers %s%s;", pick(g, "", "", "-s 404 "), pick(g, "X-Answer", "X-*", "Set-Cookie", "X-Answer X-Other", "'x-other'"))
}

func (g *grammar) input() string {
	switch g.IntN(4) {
	case 0:
		return "more_clear_input_headers " + pick(g, "X-A", "X-*", "User-Agent", "Cookie", "Accept-Encoding") + ";"
	case 1:
		return fmt.Sprintf(`more_set_input_headers -r "%s: %s";`, pick(g, "X-A", "X-B", "X-New"), strings.Trim(g.text(), `"`))
	}
	return fmt.Sprintf(`more_set_input_headers "%s: %s";`, pick(g, "X-A", "X-B", "X-New", "Authorization"), strings.Trim(g.text(), `"`))
}

func (g *grammar) proxy() string {
	name := pick(g, "X-A", "X-P", "X-Q", "Authorization", "Accept-Encoding", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Scheme", "Upgrade")
	if name == "Upgrade" {
		return `proxy_set_header Upgrade $http_upgrade;` + "\n" + `proxy_set_header Connection "upgrade";`
	}
	return fmt.Sprintf("proxy_set_header %s %s;", name, pick(g, g.text(), g.text(), `""`, "$http_authorization", "https"))
}

func (g *grammar) hide() string {
	return "proxy_hide_header " + pick(g, "X-Answer", "x-other", "X-Powered-By") + ";"
}

func (g *grammar) expires() string {
	return "expires " + pick(g, "max", "epoch", "off", "1h", "-1", "30d", "0") + ";"
}

// questions makes the requests of a sample.
func (s *sample) questions(n int) (list []question) {
	g := &grammar{Rand: rand.New(rand.NewPCG(s.Seed, 21))}
	for range n {
		q := question{Method: pick(g, "GET", "GET", "GET", "POST", "OPTIONS", "DELETE"), Status: pick(g, 200, 200, 200, 404, 301, 500, 204, 201)}
		q.Target = pick(g, "/", "/a/1", "/a/b/c", "/b", "/b/2", "/old/x", "/old/x/y", "/x", "/index.html", "/c/one", "/two", "/a%20b/c", "/b/caf%C3%A9", "/abc")
		if strings.Contains(s.Server, "location") && q.Method != "POST" {
			q.Method = "GET" // a location without a backend answers 405 to others, and here 404
		}
		if s.Path != "" && g.IntN(5) > 0 {
			q.Target = pick(g, "/app", "/APP") + strings.TrimSuffix(q.Target, "/")
		}
		q.Target += pick(g, "", "", "?q=one", "?q=two&v=2", "?v=%20x&Q=one", "?none", "?q=")
		for _, f := range [][]string{{"X-A", "one", "two", "", "12"}, {"X-B", "one", "a b", "/a/b"}, {"Authorization", "Basic eDp5"}, {"Accept-Encoding", "gzip"}, {"Content-Type", "text/plain", "application/json"}} {
			if g.IntN(2) == 0 {
				q.Fields = append(q.Fields, [2]string{f[0], f[1+g.IntN(len(f)-1)]})
			}
		}
		if g.IntN(2) == 0 {
			q.Fields = append(q.Fields, [2]string{"Cookie", pick(g, "c=one", "a=1; c=two", "C=12; d=1", "cc=1")})
		}
		q.Answer = append(q.Answer, [2]string{"Content-Type", pick(g, "text/plain", "text/html; charset=utf-8", "application/json")})
		for _, f := range [][]string{{"X-Answer", "yes", "two"}, {"X-Other", "1"}, {"Set-Cookie", "s=1; Path=/"}, {"Cache-Control", "private", "max-age=5"}, {"X-One", "backend"}, {"Vary", "Accept"}} {
			if g.IntN(3) == 0 {
				q.Answer = append(q.Answer, [2]string{f[0], f[1+g.IntN(len(f)-1)]})
			}
		}
		if g.IntN(6) == 0 {
			q.Answer = append(q.Answer, [2]string{"X-Answer", "again"})
		}
		if q.Status == 301 {
			q.Answer = append(q.Answer, [2]string{"Location", "/there"})
		}
		list = append(list, q)
	}
	return list
}
