// SPDX-License-Identifier: Apache-2.0

package snippet

import (
	"strconv"
	"strings"
	"time"
)

// overruled is why a setting of a server means nothing: the location that ingress-nginx writes has one.
const overruled = "did nothing: the location that ingress-nginx writes has a setting of its own"

func (c *compiler) timeout(in *scope, d *directive) {
	if in.place == inServer || in.answers {
		c.means(d, overruled)
		return
	}
	milliseconds, ok := parseTime(d.args[0])
	if !ok || milliseconds == 0 {
		c.fail(d, "has "+strconv.Quote(d.args[0])+" where a time such as 60s belongs")
		return
	}
	timeout := time.Duration(milliseconds) * time.Millisecond
	switch _, which, _ := strings.Cut(d.name, "_"); which {
	case "connect_timeout":
		c.result.ConnectTimeout = timeout
	case "send_timeout":
		c.result.SendTimeout = timeout
	default:
		c.result.ReadTimeout = timeout
	}
	c.keep(d)
}

// tries compiles how many endpoints are tried.
func (c *compiler) tries(in *scope, d *directive) {
	if in.place == inServer || in.answers {
		c.means(d, overruled)
		return
	}
	tries, err := strconv.Atoi(d.args[0])
	if err != nil || tries < 1 || tries > 100 {
		c.fail(d, "has "+strconv.Quote(d.args[0])+" where a number from 1 to 100 belongs")
		return
	}
	c.result.Tries = tries
	c.keep(d)
}

func (c *compiler) bodySize(in *scope, d *directive) {
	if in.place == inServer || in.answers {
		c.means(d, overruled)
		return
	}
	size, ok := parseSize(d.args[0])
	if !ok {
		c.fail(d, "has "+strconv.Quote(d.args[0])+" where a size such as 8m belongs")
		return
	}
	c.result.MaxRequestBytes = size
	c.keep(d)
}

// replacement compiles proxy_cookie_path and proxy_redirect.
func (c *compiler) replacement(in *scope, d *directive) {
	switch {
	case in.answers:
		c.means(d, "the location answers by itself")
		return
	case len(d.args) == 1 && (d.args[0] == "off" || d.args[0] == "default" && d.name == "proxy_redirect"):
		c.means(d, "nothing is replaced without a word")
		return
	case len(d.args) == 1:
		c.fail(d, "has one argument where a text and its replacement belong")
		return
	case strings.HasPrefix(d.args[0], "~") || strings.Contains(d.args[0]+d.args[1], "$"):
		c.fail(d, "replaces an expression or a variable: write the annotations proxy-cookie-path or proxy-redirect-from and -to")
		return
	}
	r := Replacement{From: d.args[0], To: d.args[1]}
	if text, ok := r.unusable(); !ok {
		c.fail(d, "has "+strconv.Quote(text)+": write 1 to "+strconv.Itoa(mostReplaced)+" bytes of printable ASCII that a value begins with, and as many that they become")
		return
	}
	if d.name == "proxy_redirect" {
		c.result.Redirects = append(c.result.Redirects, r)
	} else {
		c.result.CookiePaths = append(c.result.CookiePaths, r)
	}
	c.keep(d)
}

// mostReplaced bounds a text that is replaced, and what it becomes.
const mostReplaced = 512

// unusable returns which of two texts cannot be replaced, or put into a field. In a cookie, what is put there may have
// attributes behind it, as in "/; Secure".
func (r *Replacement) unusable() (text string, ok bool) {
	for _, text := range []string{r.From, r.To} {
		if text == "" || len(text) > mostReplaced || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c >= 0x7f }) {
			return text, false
		}
	}
	return "", true
}

func (c *compiler) upstreamName(in *scope, d *directive) {
	switch name := d.args[0]; {
	case in.place == inServer || in.answers:
		c.means(d, overruled)
		return
	case d.name == "proxy_ssl_server_name" && name == "on":
		c.means(d, "the backend is told the name that its certificate has to have")
		return
	case d.name == "proxy_ssl_server_name":
		c.fail(d, hint(d.name))
		return
	case name == "$host" || name == "$http_host":
		c.result.UpstreamNameOfRequest = true
	case strings.Contains(name, "$"):
		c.fail(d, "has a name that depends on the request: write the annotation proxy-ssl-name")
		return
	default:
		c.result.UpstreamName = name
	}
	c.keep(d)
}

func (c *compiler) cache(_ *scope, d *directive) {
	if d.args[0] != "off" {
		c.fail(d, hint(d.name))
		return
	}
	c.means(d, noCaches)
}

// location compiles a location that a snippet adds.
func (c *compiler) location(in *scope, d *directive) {
	if in.answers {
		c.fail(d, "stands in a location of a snippet: write it beside that")
		return
	}
	l := Location{Kind: c.kind, Line: d.line, Match: Prefix, Path: d.args[len(d.args)-1]}
	modifier := ""
	if len(d.args) == 2 {
		modifier = d.args[0]
	} else if rest := strings.TrimLeft(l.Path, "=^~*"); rest != l.Path && rest != "" {
		modifier, l.Path = l.Path[:len(l.Path)-len(rest)], rest // nginx takes both as one word too
	}
	switch modifier {
	case "":
	case "=":
		l.Match = Exact
	case "^~":
		l.Match = Final
	case "~":
		l.Match = Expression
	case "~*":
		l.Match = FoldedExpression
	default:
		c.fail(d, "has "+strconv.Quote(modifier)+" where =, ^~, ~ or ~* belongs")
		return
	}
	switch {
	case l.Match == Expression || l.Match == FoldedExpression:
		if !c.expression(d, l.Path) {
			return
		}
	case strings.HasPrefix(l.Path, "@"):
		c.means(d, "nothing that is kept leads to a location with a name")
		return
	case !strings.HasPrefix(l.Path, "/"):
		c.fail(d, "has a path that does not begin with a slash")
		return
	}
	l.text = d.text()
	c.effect(d, true, d.text()+": what nothing in it answers gets 404, because nginx looks for a file")
	u := &unit{bare: true}
	c.block(d.block, &scope{place: inLocation, unit: u, own: &u.own, answers: true})
	c.result.Locations = append(c.result.Locations, l)
	in.unit.locations = append(in.unit.locations, added{index: len(c.result.Locations) - 1, unit: u})
}

// nested makes the scripts of the locations that snippets add.
func (c *compiler) nested(server, location *unit) {
	for _, of := range []struct {
		kind   Kind
		unit   *unit
		around config
	}{{Server, server, server.own}, {Configuration, location, inherits(server.own, location.own)}} {
		c.kind = of.kind
		for _, a := range of.unit.locations {
			l := &c.result.Locations[a.index]
			context := Context{}
			if l.Match == Expression || l.Match == FoldedExpression {
				context.Path = l.Path
			}
			l.Script = c.script(server, a.unit, of.around, &context)
			l.Access = inherits(of.around, a.unit.own).access
		}
	}
}

// units are those of times, in milliseconds.
var units = []struct {
	name  string
	value int64
}{
	{"y", 365 * 24 * 3600 * 1000}, {"M", 30 * 24 * 3600 * 1000}, {"w", 7 * 24 * 3600 * 1000}, {"d", 24 * 3600 * 1000}, {"h", 3600 * 1000},
	{"ms", 1}, {"m", 60 * 1000}, {"s", 1000},
}

// parseTime reads a time as nginx writes it, such as 1h30m or 60, in milliseconds.
func parseTime(text string) (milliseconds int64, ok bool) {
	rest := strings.ReplaceAll(text, " ", "")
	for rest != "" {
		n := 0
		for n < len(rest) && '0' <= rest[n] && rest[n] <= '9' {
			n++
		}
		number, err := strconv.ParseInt(rest[:n], 10, 40)
		if err != nil {
			return 0, false
		}
		rest = rest[n:]
		unit := int64(1000)
		if rest != "" {
			unit = 0
			for _, u := range units {
				if strings.HasPrefix(rest, u.name) {
					unit, rest = u.value, rest[len(u.name):]
					break
				}
			}
		}
		if unit == 0 || number > mostTime/unit {
			return 0, false
		}
		if milliseconds += number * unit; milliseconds > mostTime {
			return 0, false
		}
	}
	return milliseconds, text != ""
}

// mostTime bounds times: a hundred years.
const mostTime = int64(100 * 365 * 24 * 3600 * 1000)

// parseSize reads a size as nginx writes it, such as 8m.
func parseSize(text string) (size int64, ok bool) {
	unit := int64(1)
	if text != "" {
		switch text[len(text)-1] | 0x20 {
		case 'k':
			unit = 1 << 10
		case 'm':
			unit = 1 << 20
		case 'g':
			unit = 1 << 30
		}
		if unit > 1 {
			text = text[:len(text)-1]
		}
	}
	number, err := strconv.ParseInt(text, 10, 33)
	if err != nil || number < 0 {
		return 0, false
	}
	return number * unit, true
}
