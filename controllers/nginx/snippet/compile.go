// SPDX-License-Identifier: Apache-2.0

package snippet

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/script"
)

// compiler compiles the snippets of one path.
type compiler struct {
	context Context
	result  *Result
	faults  []Fault
	// kind is the snippet that is read.
	kind Kind
	// variables are those that set and the groups of expressions make.
	variables map[string]bool
	// answered has the fields of the answer of the service that is asked who gets in, by the variables that
	// auth_request_set makes of them.
	answered map[string]string
	// expressions is how many there are.
	expressions int
	constants   []script.Constant
}

// scope is the block that is read.
type scope struct {
	place place
	unit  *unit
	// own is what the block says for itself.
	own *config
	// answers is set in a location that a snippet adds.
	answers bool
}

// unit is a server or a location, with its ifs.
type unit struct {
	steps []script.Step
	own   config
	// ifs are what the ifs of a location say. The first has the level 1.
	ifs []*config
	// locations are those that the snippet adds.
	locations []added
	// host is the text of the host that backends get. Empty for the client's.
	host string
	// methods are those that limit_except lets in. Empty for all.
	methods []string
	// bare is set for a location that a snippet adds.
	bare bool
}

// added is a location that a snippet adds, by its index in the result.
type added struct {
	index int
	unit  *unit
}

// config is what a block says besides its steps. What it does not say it inherits.
type config struct {
	input, proxy, more, add []script.Field
	hide                    []string
	expires                 *script.Expires
	defaultType, method     string
	absolute                *bool
	access                  []AccessRule
}

// Compile returns what becomes of the snippets of a path. If there is any fault, there is no result.
func Compile(s Snippets, context Context) (*Result, []Fault) {
	server, fault := parse(Server, s.Server)
	if fault != nil {
		return nil, []Fault{*fault}
	}
	configuration, fault := parse(Configuration, s.Configuration)
	if fault != nil {
		return nil, []Fault{*fault}
	}
	c := &compiler{context: context, result: &Result{MaxRequestBytes: -1}, variables: map[string]bool{}, answered: map[string]string{}, constants: constantsOf(&context)}
	c.kind = Server
	c.collect(server)
	c.kind = Configuration
	c.collect(configuration)
	if len(c.faults) > 0 {
		return nil, c.faults[:1]
	}
	outer, inner := &unit{}, &unit{}
	c.kind = Server
	c.block(server, &scope{place: inServer, unit: outer, own: &outer.own})
	c.kind = Configuration
	c.ownVariables(inner)
	c.block(configuration, &scope{place: inLocation, unit: inner, own: &inner.own})
	c.target(inner)
	c.nested(outer, inner)
	c.result.Access, c.result.ServerAccess = inner.own.access, outer.own.access
	c.result.Script = c.script(outer, inner, outer.own, &context)
	c.check(&policy.LocationRewrite{Changes: Changes(c.result.Redirects)})
	c.check(&policy.CookieRewrite{Paths: Changes(c.result.CookiePaths)})
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	return c.result, nil
}

// constantsOf returns the variables that a location of ingress-nginx has.
func constantsOf(context *Context) []script.Constant {
	upstream := context.Namespace + "-" + context.Service + "-" + context.ServicePort
	list := []script.Constant{
		{Name: "ingress_name", Value: context.Ingress},
		{Name: "location_path", Value: context.LocationPath},
		{Name: "namespace", Value: context.Namespace},
		{Name: "proxy_host", Value: upstream},
		{Name: "proxy_upstream_name", Value: upstream},
		{Name: "service_name", Value: context.Service},
		{Name: "service_port", Value: context.ServicePort},
	}
	if context.Host != "" && !strings.Contains(context.Host, "*") {
		list = append(list, script.Constant{Name: "server_name", Value: context.Host, Early: true})
	}
	return list
}

// collect finds the variables that a snippet makes, wherever it makes them: nginx knows them everywhere.
func (c *compiler) collect(list []directive) {
	for i := range list {
		d := &list[i]
		if d.name == "rewrite" || d.name == "if" || d.name == "location" {
			if c.expressions++; c.expressions > MostExpressions {
				c.fail(d, "is one of more than "+strconv.Itoa(MostExpressions)+" expressions: write fewer")
				return
			}
		}
		switch {
		case d.name == "set" && len(d.args) > 0:
			c.variables[strings.TrimPrefix(d.args[0], "$")] = true
		case d.name == "auth_request_set" && len(d.args) == 2:
			if field, ok := strings.CutPrefix(d.args[1], "$upstream_http_"); ok {
				c.answered[d.args[0]] = strings.ReplaceAll(strings.ToLower(field), "_", "-")
			}
		case d.name == "rewrite" && len(d.args) > 0:
			c.collectGroups(d.args[0])
		case d.name == "location" && len(d.args) > 0:
			c.collectGroups(d.args[len(d.args)-1])
		case d.name == "if" && len(d.args) > 0:
			c.collectGroups(strings.TrimSuffix(d.args[len(d.args)-1], ")"))
		}
		c.collect(d.block)
	}
}

// ingressVariables are variables of ingress-nginx's location that a snippet may set, and what they have before.
var ingressVariables = []struct{ name, value, field string }{
	{"best_http_host", "$http_host", "X-Forwarded-Host"},
	{"pass_access_scheme", "$scheme", "X-Forwarded-Proto"},
	{"pass_port", "$server_port", "X-Forwarded-Port"},
}

// ownVariables gives the variables of ingress-nginx their values, where a snippet sets them.
func (c *compiler) ownVariables(u *unit) {
	for _, v := range ingressVariables {
		if !c.variables[v.name] {
			continue
		}
		u.steps = append(u.steps, script.Step{Text: "set $" + v.name + " " + v.value, Op: script.Set, Variable: v.name, Value: v.value})
		u.own.proxy = append(u.own.proxy, script.Field{Name: v.field, Value: "$" + v.name})
		if v.name == "best_http_host" {
			u.host = "$" + v.name
		}
	}
}

// block compiles the directives of a block.
func (c *compiler) block(list []directive, in *scope) {
	for i := range list {
		d := &list[i]
		e, known := table[d.name]
		switch {
		case !known:
			c.fail(d, hint(d.name))
		case e.nothing != "" && !d.hasBlock:
			c.means(d, e.nothing)
		case e.places&in.place == 0:
			c.fail(d, "may not stand here, says nginx")
		case len(d.args) < e.least || e.most >= 0 && len(d.args) > e.most || e.block != d.hasBlock:
			c.fail(d, "has not the arguments that nginx wants")
		default:
			e.compile(c, in, d)
		}
	}
}

// fail notes why a directive cannot be kept.
func (c *compiler) fail(d *directive, text string) {
	c.faults = append(c.faults, Fault{Kind: c.kind, Line: d.line, Directive: d.name, Text: text})
}

// keep notes that a directive is kept, and means that it means nothing here.
func (c *compiler) keep(d *directive) { c.effect(d, true, d.text()) }

func (c *compiler) means(d *directive, why string) { c.effect(d, false, why) }

func (c *compiler) effect(d *directive, kept bool, text string) {
	c.result.Effects = append(c.result.Effects, Effect{Kind: c.kind, Line: d.line, Directive: d.name, Kept: kept, Text: text})
}

// text returns a directive as it was written, without its block.
func (d *directive) text() string {
	var b strings.Builder
	b.WriteString(d.name)
	for _, arg := range d.args {
		b.WriteByte(' ')
		if arg == "" || strings.ContainsAny(arg, " \t\r\n;{}\"") {
			arg = `'` + strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(arg) + `'`
		}
		b.WriteString(arg)
	}
	return b.String()
}

// inherits returns what holds in a block: what it says itself, and the rest from the block around it. nginx adds up
// what headers-more does, and replaces the lists of all others.
func inherits(around, own config) config {
	own.input = slices.Concat(around.input, own.input)
	own.more = slices.Concat(around.more, own.more)
	if len(own.add) == 0 {
		own.add = around.add
	}
	if len(own.hide) == 0 {
		own.hide = around.hide
	}
	if len(own.proxy) == 0 {
		own.proxy = around.proxy
	}
	if len(own.access) == 0 {
		own.access = around.access
	}
	if own.expires == nil {
		own.expires = around.expires
	}
	if own.absolute == nil {
		own.absolute = around.absolute
	}
	if own.defaultType == "" {
		own.defaultType = around.defaultType
	}
	if own.method == "" {
		own.method = around.method
	}
	return own
}

// level returns what a block does to fields.
func (c config) level() script.Level {
	l := script.Level{Input: c.input, Proxy: c.proxy, Hide: c.hide, More: c.more, Add: c.add}
	if c.expires != nil {
		l.Expires = *c.expires
	}
	return l
}

// script puts a server and a location together. around is what holds around the location. It returns nil if there is
// nothing to do.
func (c *compiler) script(server, location *unit, around config, context *Context) *policy.Script {
	outer := inherits(config{}, server.own).level()
	around.proxy = nil // the location that ingress-nginx writes sets fields, so it inherits none
	in := inherits(around, location.own)
	s := &policy.Script{
		Server: server.steps, Location: location.steps, Methods: location.methods, Bare: location.bare, Path: context.Path, SkipOptions: context.CORS, Host: location.host,
		SentMethod: in.method, Relative: in.absolute != nil && !*in.absolute,
	}
	for i := range s.Location {
		if step := &s.Location[i]; step.Op == script.Return {
			step.ContentType = in.defaultType
		}
	}
	s.Fields = in.level()
	for _, own := range location.ifs {
		s.Ifs = append(s.Ifs, inherits(in, *own).level())
	}
	if (&policy.Script{Fields: s.Fields}).Equal(&policy.Script{}) && len(s.Server)+len(s.Location) == 0 && s.Host == "" && s.SentMethod == "" &&
		len(s.Methods) == 0 {
		return nil
	}
	if len(s.Server) > 0 {
		s.Outer = outer
	}
	s.Constants = c.used(s)
	if !usesGroups(s) {
		s.Path = ""
	}
	c.check(s)
	return s
}

// check compiles a policy, so that what the data plane would refuse is told here. There, it would keep all others from
// being served anew.
func (c *compiler) check(p policy.Policy) {
	if _, err := p.Compile(nil); err != nil {
		c.faults = append(c.faults, Fault{Kind: c.kind, Line: 1, Text: "cannot be compiled: " + err.Error()})
	}
}

// eachText calls yield with each text of a script that may have variables, and with each variable.
func eachText(s *policy.Script, yield func(text string)) {
	yield(s.Host)
	for _, steps := range [][]script.Step{s.Server, s.Location} {
		for i := range steps {
			yield(steps[i].Value)
			if steps[i].Op != script.Set && steps[i].Variable != "" {
				yield("$" + steps[i].Variable)
			}
		}
	}
	for _, l := range append(slices.Clone(s.Ifs), s.Fields, s.Outer) {
		for _, fields := range [][]script.Field{l.Input, l.Proxy, l.More, l.Add} {
			for j := range fields {
				yield(fields[j].Value)
			}
		}
	}
}

// used returns the constants that a script has a use for. A variable that another location makes is empty here.
func (c *compiler) used(s *policy.Script) (list []script.Constant) {
	names := map[string]bool{}
	eachText(s, func(text string) {
		found, _, _ := script.Names(text)
		for _, name := range found {
			names[name] = true
		}
	})
	for _, constant := range c.constants {
		if names[constant.Name] {
			list = append(list, constant)
			delete(names, constant.Name)
		}
	}
	for _, steps := range [][]script.Step{s.Server, s.Location} {
		for i := range steps {
			if steps[i].Op == script.Set {
				delete(names, steps[i].Variable)
			}
			for _, name := range groupsOf(steps[i].Expression) {
				delete(names, name)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if c.variables[name] && !script.IsVariable(name) {
			list = append(list, script.Constant{Name: name, Early: true})
		}
	}
	return list
}

// usesGroups says whether any text has groups in it.
func usesGroups(s *policy.Script) (uses bool) {
	eachText(s, func(text string) {
		_, groups, _ := script.Names(text)
		uses = uses || groups
	})
	return uses
}
