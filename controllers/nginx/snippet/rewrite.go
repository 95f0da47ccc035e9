// SPDX-License-Identifier: Apache-2.0

package snippet

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/proxy/script"
)

// variable checks a variable, and returns its name.
func (c *compiler) variable(d *directive, text string) (name string, ok bool) {
	name, ok = strings.CutPrefix(text, "$")
	if !ok || name == "" {
		c.fail(d, "has "+strconv.Quote(text)+" where a variable belongs")
		return "", false
	}
	return name, c.knows(d, name)
}

// knows says whether there is a variable.
func (c *compiler) knows(d *directive, name string) bool {
	if c.variables[name] || script.IsVariable(name) ||
		slices.ContainsFunc(c.constants, func(known script.Constant) bool { return known.Name == name }) {
		return true
	}
	c.fail(d, "has the variable $"+name+", which is not known here")
	return false
}

// text checks a text that may have variables in it.
func (c *compiler) text(d *directive, text string) bool {
	names, _, err := script.Names(text)
	if err != nil {
		c.fail(d, "has "+strconv.Quote(text)+": "+err.Error())
		return false
	}
	for _, name := range names {
		if !c.knows(d, name) {
			return false
		}
	}
	return true
}

// expression checks a regular expression.
func (c *compiler) expression(d *directive, text string) bool {
	if fault := kinds.ExpressionFault("the expression", text); fault != "" {
		c.fail(d, "cannot be kept: "+fault)
		return false
	}
	return true
}

// collectGroups finds the names of groups, which are variables.
func (c *compiler) collectGroups(text string) {
	for _, name := range groupsOf(text) {
		c.variables[name] = true
	}
}

// groupsOf returns the names of the groups of an expression, none if it cannot be used.
func groupsOf(text string) (names []string) {
	if !strings.Contains(text, "(?") || kinds.ExpressionFault("", text) != "" {
		return nil
	}
	for _, name := range regexp.MustCompile(text).SubexpNames() {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

func (c *compiler) set(in *scope, d *directive) {
	name, ok := strings.CutPrefix(d.args[0], "$")
	switch {
	case !ok || name == "":
		c.fail(d, "has "+strconv.Quote(d.args[0])+" where a variable belongs")
		return
	case name != "args" && !settable(name):
		c.fail(d, "would change $"+name+", which is nginx's own")
		return
	case !c.text(d, d.args[1]):
		return
	}
	for _, constant := range c.constants {
		if constant.Name == name {
			c.fail(d, "would change $"+name+", which ingress-nginx finds the backend by")
			return
		}
	}
	in.unit.steps = append(in.unit.steps, script.Step{Line: d.line, Text: d.text(), Op: script.Set, Variable: name, Value: d.args[1]})
	c.keep(d)
}

// settable says whether a snippet may set a variable.
func settable(name string) bool {
	for _, v := range ingressVariables {
		if v.name == name {
			return true
		}
	}
	return !script.IsVariable(name)
}

func (c *compiler) stop(in *scope, d *directive) {
	in.unit.steps = append(in.unit.steps, script.Step{Line: d.line, Text: d.text(), Op: script.Break})
	c.keep(d)
}

// answer compiles return.
func (c *compiler) answer(in *scope, d *directive) {
	step := script.Step{Line: d.line, Text: d.text(), Op: script.Return}
	status, err := strconv.Atoi(d.args[0])
	switch {
	case err != nil && len(d.args) == 1 && isURL(d.args[0]):
		step.Status, step.Value = 302, d.args[0]
	case err != nil:
		c.fail(d, "has "+strconv.Quote(d.args[0])+" where a status belongs")
		return
	default:
		step.Status = status
		if len(d.args) > 1 {
			step.Value = d.args[1]
		}
	}
	if step.Status < 200 || step.Status > 599 || step.Status == 444 || step.Status >= 494 && step.Status <= 499 {
		c.fail(d, "answers with "+strconv.Itoa(step.Status)+", which means something to nginx alone: write 403 or 404")
		return
	}
	if !c.text(d, step.Value) {
		return
	}
	in.unit.steps = append(in.unit.steps, step)
	c.keep(d)
}

// isURL says whether nginx takes a text for a URL to redirect to.
func isURL(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "$scheme")
}

func (c *compiler) rewrite(in *scope, d *directive) {
	step := script.Step{Line: d.line, Text: d.text(), Op: script.Rewrite, Expression: d.args[0]}
	step.Value, step.DropQuery = strings.CutSuffix(d.args[1], "?")
	if isURL(step.Value) {
		step.Op, step.Status = script.Redirect, 302
	}
	if len(d.args) == 3 {
		switch flag := d.args[2]; {
		case flag == "redirect":
			step.Op, step.Status = script.Redirect, 302
		case flag == "permanent":
			step.Op, step.Status = script.Redirect, 301
		case flag != "last" && flag != "break":
			c.fail(d, "has the flag "+strconv.Quote(flag)+", which nginx does not know")
			return
		case step.Op == script.Redirect:
		case flag == "last":
			step.Op = script.RewriteLast
		default:
			step.Op = script.RewriteBreak
		}
	}
	if d.args[1] == "" {
		c.fail(d, "has an empty replacement")
		return
	}
	if !c.expression(d, step.Expression) || !c.text(d, step.Value) {
		return
	}
	in.unit.steps = append(in.unit.steps, step)
	c.keep(d)
}

// condition compiles if. Its block is a location of its own.
func (c *compiler) condition(in *scope, d *directive) {
	step, ok := c.conditionOf(d)
	if !ok {
		return
	}
	at := len(in.unit.steps)
	inner := &scope{place: inServerIf, unit: in.unit, own: &config{}}
	if in.place == inLocation {
		in.unit.ifs = append(in.unit.ifs, inner.own)
		inner.place, step.Level = inLocationIf, len(in.unit.ifs)
	}
	in.unit.steps = append(in.unit.steps, step)
	c.keep(d)
	c.block(d.block, inner)
	in.unit.steps[at].Steps = len(in.unit.steps) - at - 1
}

// conditionOf reads what stands between the brackets of an if.
func (c *compiler) conditionOf(d *directive) (step script.Step, ok bool) {
	step = script.Step{Line: d.line, Text: d.text(), Op: script.IfSet}
	words := slices.Clone(d.args)
	last := len(words) - 1
	if !strings.HasPrefix(words[0], "(") || !strings.HasSuffix(words[last], ")") {
		c.fail(d, "has no condition in brackets")
		return step, false
	}
	words[0] = words[0][1:]
	words[last] = strings.TrimSuffix(words[last], ")")
	if words[0] == "" && len(words) > 1 {
		words = words[1:]
	}
	if last := len(words) - 1; last > 0 && words[last] == "" && len(d.args[len(d.args)-1]) == 1 {
		words = words[:last]
	}
	if strings.HasPrefix(words[0], "-") || strings.HasPrefix(words[0], "!-") {
		c.fail(d, "asks for a file, and there are none here")
		return step, false
	}
	if step.Variable, ok = c.variable(d, words[0]); !ok {
		return step, false
	}
	if len(words) == 1 {
		return step, true
	}
	if len(words) != 3 {
		c.fail(d, "has a condition that nginx does not know")
		return step, false
	}
	switch words[1] {
	case "=", "!=":
		step.Op, step.Value, step.Negate = script.IfEqual, words[2], words[1] == "!="
		return step, c.text(d, step.Value)
	case "~", "~*", "!~", "!~*":
		step.Op, step.Expression = script.IfMatch, words[2]
		step.Negate, step.Fold = words[1][0] == '!', strings.HasSuffix(words[1], "*")
		return step, c.expression(d, step.Expression)
	}
	c.fail(d, "has a condition that nginx does not know")
	return step, false
}

// target adds what rewrite-target adds at the end of a location.
func (c *compiler) target(u *unit) {
	if c.context.RewriteTarget == "" {
		return
	}
	value, drop := strings.CutSuffix(c.context.RewriteTarget, "?")
	u.steps = append(u.steps, script.Step{
		Text: "rewrite-target " + c.context.RewriteTarget, Op: script.RewriteBreak, Expression: c.context.RewritePath, Fold: true,
		Value: value, DropQuery: drop,
	})
}
