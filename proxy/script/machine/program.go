// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/warren-dev/ingress/proxy/script"
)

// Program is a compiled Script.
type Program struct {
	slots []string
	// kept are the parts whose values are looked for once.
	kept      []textPart
	constants map[string]script.Constant
	// matchers are the expressions by their texts, and size is how many instructions they have. Both are for compiling.
	matchers map[string]*matcher
	size     int
	// early is set while what the server does is compiled.
	early bool
	// groups is set if any text has groups in it, or any group has a name. Otherwise nobody asks what a group has matched.
	groups           bool
	server, location []compiledStep
	// levels are the location's, those of its ifs, the server's, and the location's for methods that are not let in.
	levels []compiledLevel
	path   *matcher
	host   parsedText
	// method is what the endpoint gets, nil for the client's.
	method      []byte
	skipOptions bool
	// excepts is set if methods are the only ones that are let in.
	excepts  bool
	methods  []string
	relative bool
	// locations take requests in place of the program's own, but for those of the path own. expressed is set if the
	// program's own is an expression.
	locations []location
	own       []byte
	expressed bool
	// around is the program whose location this one is of. Nil for none.
	around *Program
}

// compiledStep is a compiled Step.
type compiledStep struct {
	op           script.Op
	slot         int // of set; -1 for the query
	variable     parsedText
	value        parsedText
	matcher      *matcher
	negate       bool
	status       int
	drop         bool
	level, steps int
	// question is set if value has a question mark that begins a query. before is what value has before that.
	question bool
	before   parsedText
	// content is what return answers with, if that is a page of ours. Otherwise value is, with contentType if the path
	// has no extension that says better.
	content     *Content
	contentType []byte
	note        string
}

// compiler compiles a regular expression, or returns what another script has of the same text.
type compiler func(text string) (*regexp.Regexp, error)

// Compile compiles a script. It fails if an expression or a text makes no sense. Nil for compile shares nothing with
// other scripts.
func Compile(s *script.Script, compile func(text string) (*regexp.Regexp, error)) (*Program, error) {
	if compile == nil {
		compile = regexp.Compile
	}
	return compileScript(s, compile, nil)
}

// ChangesResponse says whether there is anything that the program does with responses.
func (p *Program) ChangesResponse() bool {
	answers := func(s compiledStep) bool { return s.op == script.Return }
	return slices.ContainsFunc(p.levels, func(l compiledLevel) bool { return l.changesResponse() }) ||
		slices.ContainsFunc(p.server, answers) || slices.ContainsFunc(p.location, answers) || len(p.locations) > 0
}

// compileScript compiles a script that may use variables besides its own.
func compileScript(s *script.Script, compile compiler, variables []string) (*Program, error) {
	p := &Program{
		slots:     slices.Clone(variables),
		constants: make(map[string]script.Constant, len(s.Constants)), matchers: map[string]*matcher{}, skipOptions: s.SkipOptions, relative: s.Relative,
	}
	if s.SentMethod != "" {
		p.method = []byte(s.SentMethod)
	}
	for _, c := range s.Constants {
		p.constants[c.Name] = c
	}
	for _, steps := range [][]script.Step{s.Server, s.Location} {
		for i := range steps {
			if step := &steps[i]; step.Op == script.Set && step.Variable != "args" && !slices.Contains(p.slots, step.Variable) {
				p.slots = append(p.slots, step.Variable)
			}
		}
	}
	var err error
	if s.Path != "" {
		if p.path, err = p.matcher(compile, s.Path, true); err != nil {
			return nil, err
		}
	}
	// Names of groups are variables, which may stand before their expression.
	for _, steps := range [][]script.Step{s.Server, s.Location} {
		for i := range steps {
			if steps[i].Expression == "" {
				continue
			}
			if _, err := p.matcher(compile, steps[i].Expression, steps[i].Fold); err != nil {
				return nil, fmt.Errorf("line %d: %w", steps[i].Line, err)
			}
		}
	}
	if p.host, err = p.text(s.Host); err == nil && p.host.ofResponse() {
		err = errConstantOfResponse
	}
	if err != nil {
		return nil, fmt.Errorf("the host: %w", err)
	}
	p.early = s.Bare
	if p.location, err = p.steps(compile, s.Location, len(s.Ifs)); err != nil {
		return nil, err
	}
	for _, l := range slices.Concat([]script.Level{s.Fields}, s.Ifs) {
		level, err := p.level(&l)
		if err != nil {
			return nil, err
		}
		p.levels = append(p.levels, level)
	}
	p.early = true
	if p.server, err = p.steps(compile, s.Server, -1); err != nil {
		return nil, err
	}
	outer, err := p.level(&s.Outer)
	if err != nil {
		return nil, err
	}
	excepted, err := p.level(&s.Fields) // before the location's steps have set anything
	if err != nil {
		return nil, err
	}
	p.levels = append(p.levels, outer, excepted)
	if len(s.Methods) > 0 {
		p.excepts, p.methods = true, slices.Clone(s.Methods)
	}
	if err := p.places(compile, s); err != nil {
		return nil, err
	}
	p.matchers = nil
	return p, nil
}

func (p *Program) steps(compile compiler, steps []script.Step, ifs int) (compiled []compiledStep, err error) {
	for i := range steps {
		step, err := p.step(compile, &steps[i])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", steps[i].Line, err)
		}
		if ifs < 0 { // a server's ifs have no fields
			step.level = 0
		}
		if step.steps < 0 || step.level < 0 || step.level > max(ifs, 0) {
			return nil, fmt.Errorf("line %d: an if has no steps or no level", steps[i].Line)
		}
		compiled = append(compiled, step)
	}
	return compiled, nil
}

var errConstantOfResponse = errors.New("there is no response yet that a variable could be of")

func (p *Program) step(compile compiler, s *script.Step) (c compiledStep, err error) {
	c = compiledStep{op: s.Op, negate: s.Negate, status: s.Status, drop: s.DropQuery, level: s.Level, steps: s.Steps}
	c.note = s.Text
	if s.Line > 0 {
		c.note = "line " + strconv.Itoa(s.Line) + ": " + s.Text
	}
	value := s.Value
	if isRewrite(s.Op) && s.Op != script.Redirect {
		// What is behind the first question mark becomes the query. It is one of the text, not of what a variable has.
		var before string
		if before, value, c.question = cutLiteral(value); c.question {
			if c.before, err = p.text(before); err != nil {
				return c, err
			}
		} else {
			value = before
		}
	}
	if c.value, err = p.text(value); err != nil {
		return c, err
	}
	if s.Expression != "" || s.Op == script.IfMatch || isRewrite(s.Op) {
		if c.matcher, err = p.matcher(compile, s.Expression, s.Fold); err != nil {
			return c, err
		}
	}
	switch s.Op {
	case script.Set:
		if c.slot = slices.Index(p.slots, s.Variable); c.slot < 0 && s.Variable != "args" {
			return c, fmt.Errorf("there is no variable $%s", s.Variable)
		}
	case script.IfSet, script.IfEqual, script.IfMatch:
		part, known := p.variable(s.Variable)
		if !known {
			return c, fmt.Errorf("there is no variable $%s", s.Variable)
		}
		c.variable = parsedText{part}
	case script.Return:
		if c.contentType = []byte(s.ContentType); len(c.contentType) == 0 {
			c.contentType = htmlContent
		}
		if s.Value == "" && s.Status >= 400 {
			c.content = page(s.Status)
		}
	}
	if c.value.ofResponse() || c.variable.ofResponse() || c.before.ofResponse() {
		return c, errConstantOfResponse
	}
	return c, nil
}

// cutLiteral cuts a text at its first question mark. None is part of the name of a variable.
func cutLiteral(text string) (before, after string, found bool) {
	i := bytes.IndexByte([]byte(text), '?')
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

func isRewrite(op script.Op) bool {
	return op == script.Rewrite || op == script.RewriteLast || op == script.RewriteBreak || op == script.Redirect
}

func isRedirection(status int) bool {
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308
}
