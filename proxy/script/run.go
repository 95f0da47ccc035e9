// SPDX-License-Identifier: Apache-2.0

package script

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/escape"
)

// State is what scripts remember of a request, from one location to the next and to the response. It is memory
// that is used again.
type State struct {
	// memory holds what the script made. It is only appended to, so that what points into it stays.
	memory []byte
	// slots are the values of the variables of program.
	slots   [][]byte
	program *Program
	// kept are the values that were looked for, by their place in the program.
	kept []keptValue
	// subject and groups are those of the expression that was tried last. There are no groups if it did not match.
	subject []byte
	groups  []int

	// uri is the decoded path. args is the query without its question mark.
	uri, args []byte
	// path and query are those that the client asked for.
	path, query []byte
	// rewritten is set if uri is not that of the request's path any more.
	rewritten bool
	// moved is set if uri or args differ from what the endpoint would get. found is set if the location is looked for
	// anew.
	moved, found bool
	// served is set once the server's steps were run. changes is how often the location was looked for anew.
	served  bool
	changes int
	// level is the level that holds. values are what its fields of the response get, in their order. They are there once
	// ready is set. told is set once the response was changed.
	level       int
	values      [][]byte
	ready, told bool
	// failed is set once a value would become too long, or takes too long to look at. sent is how long the values are of
	// the fields that were made.
	failed bool
	sent   int
	// effort is what it took to look at values, in bytes, and for expressions in bytes times instructions.
	effort int
}

// keptValue is a value that is looked for once.
type keptValue struct {
	value []byte
	found bool
}

// reset forgets a request.
func (s *State) reset() {
	clear(s.slots)
	clear(s.kept)
	clear(s.values[:cap(s.values)])
	*s = State{memory: s.memory[:0], slots: s.slots[:0], kept: s.kept[:0], groups: s.groups[:0], values: s.values[:0]}
}

// Empty forgets a request, and gives back memory beyond most bytes.
func (s *State) Empty(most int) {
	s.reset()
	if cap(s.memory) > most {
		s.memory = nil
	}
}

const (
	// mostLocations is how often a location may be looked for anew, as in nginx.
	mostLocations = 10
	// mostMemory bounds what a script makes of one request. A value can be put together of itself.
	mostMemory = 256 << 10
	// mostValue bounds a field's value that is made of a response.
	mostValue = 16 << 10
	// mostSent bounds the path and the query that a script makes, the URL that it sends a client to, and all values of
	// fields that it makes of a request.
	mostSent = 64 << 10
	// mostEffort bounds what the scripts of one request take of a processor: a few hundredths of a second. Each location
	// that a rewrite leads to may try its expressions anew.
	mostEffort = 2 << 20
)

// Program is a compiled Script.
type Program struct {
	slots []string
	// kept are the parts whose values are looked for once.
	kept      []textPart
	constants map[string]Constant
	// matchers are the expressions by their texts, and size is how many instructions they have. Both are for compiling.
	matchers map[string]*matcher
	size     int
	// early is set while what the server does is compiled.
	early bool
	// groups is set if any text has groups in it, or any group has a name. Otherwise nobody asks what a group has matched.
	groups           bool
	server, location []compiledStep
	// levels are the location's, those of its ifs, the server's, and the location's for methods that are not let in.
	levels      []compiledLevel
	path        *matcher
	host        parsedText
	skipOptions bool
	// excepts is set if methods are the only ones that are let in.
	excepts  bool
	methods  []string
	relative bool
}

// compiledStep is a compiled Step.
type compiledStep struct {
	op           Op
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

// Compile fails if an expression or a text makes no sense. Nil for compile shares nothing with other scripts.
func (s *Script) Compile(compile func(text string) (*regexp.Regexp, error)) (*Program, error) {
	if compile == nil {
		compile = regexp.Compile
	}
	return s.compile(compile)
}

// ChangesResponse says whether there is anything that the program does with responses.
func (p *Program) ChangesResponse() bool {
	answers := func(s compiledStep) bool { return s.op == Return }
	return slices.ContainsFunc(p.levels, func(l compiledLevel) bool { return l.changesResponse() }) ||
		slices.ContainsFunc(p.server, answers) || slices.ContainsFunc(p.location, answers)
}

func (s *Script) compile(compile compiler) (*Program, error) {
	p := &Program{
		constants: make(map[string]Constant, len(s.Constants)), matchers: map[string]*matcher{}, skipOptions: s.SkipOptions, relative: s.Relative,
	}
	for _, c := range s.Constants {
		p.constants[c.Name] = c
	}
	for _, steps := range [][]Step{s.Server, s.Location} {
		for i := range steps {
			if step := &steps[i]; step.Op == Set && step.Variable != "args" && !slices.Contains(p.slots, step.Variable) {
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
	for _, steps := range [][]Step{s.Server, s.Location} {
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
	for _, l := range slices.Concat([]Level{s.Fields}, s.Ifs) {
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
	p.matchers = nil
	return p, nil
}

func (p *Program) steps(compile compiler, steps []Step, ifs int) (compiled []compiledStep, err error) {
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

func (p *Program) step(compile compiler, s *Step) (c compiledStep, err error) {
	c = compiledStep{op: s.Op, negate: s.Negate, status: s.Status, drop: s.DropQuery, level: s.Level, steps: s.Steps}
	c.note = "line " + strconv.Itoa(s.Line) + ": " + s.Text
	value := s.Value
	if isRewrite(s.Op) && s.Op != Redirect {
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
	if s.Expression != "" || s.Op == IfMatch || isRewrite(s.Op) {
		if c.matcher, err = p.matcher(compile, s.Expression, s.Fold); err != nil {
			return c, err
		}
	}
	switch s.Op {
	case Set:
		if c.slot = slices.Index(p.slots, s.Variable); c.slot < 0 && s.Variable != "args" {
			return c, fmt.Errorf("there is no variable $%s", s.Variable)
		}
	case IfSet, IfEqual, IfMatch:
		part, known := p.variable(s.Variable)
		if !known {
			return c, fmt.Errorf("there is no variable $%s", s.Variable)
		}
		c.variable = parsedText{part}
	case Return:
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

func isRewrite(op Op) bool {
	return op == Rewrite || op == RewriteLast || op == RewriteBreak || op == Redirect
}

func isRedirection(status int) bool {
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308
}

// Request runs the steps that a location has, and before the first location those of the server.
func (p *Program) Request(v *View) Answer {
	if v.State == nil {
		v.State = new(State)
	}
	s := v.State
	p.enter(v)
	if !s.served {
		s.served, s.level = true, len(p.levels)-2
		if answer, done := p.run(v, p.server); done {
			p.prepare(v)
			return answer
		}
		if s.moved {
			return p.leave(v, true)
		}
		s.level = 0
	}
	if p.path != nil && p.groups {
		if p.match(s, p.path, s.uri); s.failed {
			return tooLongValue
		}
	}
	if p.excepts && !slices.Contains(p.methods, string(v.Request.Method)) {
		s.level = len(p.levels) - 1
		if !p.changeInput(v) {
			return s.refusal()
		}
		p.prepare(v)
		return exceptedMethod
	}
	if p.skipOptions && v.Preflight {
		p.prepare(v)
		return Answer{}
	}
	if answer, done := p.run(v, p.location); done {
		p.prepare(v)
		return answer
	}
	if !p.changeInput(v) {
		return s.refusal()
	}
	if s.moved {
		if s.found {
			if s.changes++; s.changes > mostLocations {
				p.prepare(v)
				return tooManyChanges
			}
		}
		if answer := p.leave(v, s.found); answer.Again || answer.Answers() {
			return answer
		}
	}
	p.prepare(v)
	if !p.changeRequest(v) || !p.changeHost(v) || s.failed {
		return s.refusal()
	}
	return Answer{}
}

// changeHost gives the request another host. It returns false if that is malformed.
func (p *Program) changeHost(v *View) bool {
	host := p.value(v, p.host)
	if len(host) == 0 {
		return true
	}
	for _, c := range host {
		if !isNameByte(c) && c != '-' && c != '.' && c != ':' && c != '[' && c != ']' {
			return false
		}
	}
	v.Request.Authority = host
	return true
}

var (
	malformedValue = Answer{Malformed: "a snippet would make a malformed field of the request"}
	tooLongValue   = failure("a snippet makes too long values of the request, or looks at too long ones too often")
	tooManyChanges = failure("a snippet rewrites the path again and again")
	noPath         = failure("a snippet rewrites the path to nothing")
	// exceptedMethod answers what limit_except refuses.
	exceptedMethod = Answer{Status: 403, Content: page(403)}
)

func failure(text string) Answer {
	return Answer{Status: 500, Content: &Content{Type: htmlContent, Text: text + "\n"}}
}

// enter begins a location. It takes along what variables have in the location before.
func (p *Program) enter(v *View) {
	s := v.State
	switch {
	case s.program == nil:
		s.reset()
		s.path, s.query = v.Path, v.Request.Query
		if v.Sent != nil {
			s.path = v.Sent
		}
		s.args = bytes.TrimPrefix(v.Request.Query, questionMark)
		s.makeRoom(p)
	case s.program != p:
		s.takeAlong(p)
	}
	s.program, s.level, s.ready = p, 0, false
	s.rewritten, s.moved, s.found = false, false, false
	s.decode(v)
}

// spend counts what it takes to look at a value. It returns false once that is too much.
func (s *State) spend(effort int) bool {
	if s.effort += effort; s.effort > mostEffort {
		s.failed = true
	}
	return !s.failed
}

// makeRoom makes room for the values of a program, which are empty.
func (s *State) makeRoom(p *Program) {
	s.slots = slices.Grow(s.slots[:0], len(p.slots))[:len(p.slots)]
	s.kept = slices.Grow(s.kept[:0], len(p.kept))[:len(p.kept)]
	clear(s.slots)
	clear(s.kept)
}

// takeAlong takes the values of the program before along to another. It allocates: few rewrites lead to another script.
func (s *State) takeAlong(p *Program) {
	slots, kept := make([][]byte, len(p.slots)), make([]keptValue, len(p.kept))
	for i, name := range p.slots {
		if at := slices.Index(s.program.slots, name); at >= 0 {
			slots[i] = s.slots[at]
		}
	}
	for i, part := range p.kept {
		same := func(k textPart) bool { return k.kind == part.kind && k.name == part.name }
		if at := slices.IndexFunc(s.program.kept, same); at >= 0 {
			kept[i] = s.kept[at]
		}
	}
	s.slots, s.kept = slots, kept
}

var questionMark = []byte("?")

// leave makes the request what the script has made of its path. With found, the location is looked for anew.
func (p *Program) leave(v *View, found bool) Answer {
	s := v.State
	if s.failed {
		return tooLongValue
	}
	path, err := s.encodedPath(v)
	if err != nil {
		return Answer{Malformed: err.Error()}
	}
	query := s.encodedQuery()
	if len(path)+len(query) > mostSent || len(s.memory) > mostMemory {
		s.failed = true
		return tooLongValue
	}
	v.Request.Path, v.Request.Query = path, query
	s.moved = false
	if found {
		v.Path = path
		return Answer{Again: true}
	}
	return Answer{}
}

// run runs steps. It returns done if they answer.
func (p *Program) run(v *View, steps []compiledStep) (answer Answer, done bool) {
	s := v.State
	for i := 0; i < len(steps); i++ {
		step := &steps[i]
		switch step.op {
		case Set:
			value := p.value(v, step.value)
			if step.slot < 0 {
				s.args, s.moved = value, true
			} else {
				s.slots[step.slot] = value
			}
			p.note(v, step, value)
		case IfSet, IfEqual, IfMatch:
			met := p.meets(v, step)
			p.noteMet(v, step, met)
			if !met {
				i += step.steps
			} else if step.level != 0 {
				s.level = step.level
			}
		case Return:
			p.note(v, step, nil)
			return p.answer(v, step), true
		case Break:
			s.found = false
			p.note(v, step, nil)
			return Answer{}, false
		default:
			if !p.match(s, step.matcher, s.uri) {
				p.noteMet(v, step, false)
				break
			}
			if step.op == Redirect {
				p.note(v, step, nil)
				return p.redirect(v, step), true
			}
			if !p.rewrite(v, step) {
				return tooLongValue, true
			}
			if len(s.uri) == 0 {
				return noPath, true
			}
			p.note(v, step, s.uri)
			if step.op != Rewrite {
				return Answer{}, false
			}
		}
		if s.failed {
			return tooLongValue, true
		}
	}
	return Answer{}, false
}

// meets says whether a request meets a condition.
func (p *Program) meets(v *View, step *compiledStep) bool {
	value := p.value(v, step.variable)
	var met bool
	switch step.op {
	case IfSet:
		met = len(value) > 0 && string(value) != "0"
	case IfEqual:
		met = bytes.Equal(value, p.value(v, step.value))
	default:
		met = p.match(v.State, step.matcher, value)
	}
	return met != step.negate
}

// rewrite changes the path, and the query if the text has one. It returns false if that becomes too long.
func (p *Program) rewrite(v *View, step *compiledStep) bool {
	s := v.State
	text := step.value
	if step.question {
		text = step.before
	}
	uri := p.value(v, text)
	if step.question {
		begin := len(s.memory)
		s.append(v, step.value, true)
		if !step.drop && len(s.args) > 0 {
			s.memory = append(append(s.memory, '&'), s.args...)
		}
		s.args = s.memory[begin:len(s.memory):len(s.memory)]
	} else if step.drop {
		s.args = nil
	}
	s.uri, s.rewritten, s.moved = uri, true, true
	s.found = step.op != RewriteBreak
	return !s.failed
}

// redirect answers with what a rewrite makes.
func (p *Program) redirect(v *View, step *compiledStep) Answer {
	s := v.State
	begin := len(s.memory)
	s.append(v, step.value, true)
	if s.failed {
		return tooLongValue
	}
	text := s.memory[begin:] // values that are kept may be parts of it, so it stays
	begin = len(s.memory)
	s.memory = escape.AppendRedirect(s.memory, text)
	if !step.drop && len(s.args) > 0 {
		mark := byte('?')
		for _, part := range step.value {
			if part.kind == variableLiteral && bytes.IndexByte(part.literal, '?') >= 0 {
				mark = '&'
			}
		}
		s.memory = append(append(s.memory, mark), s.args...)
	}
	return p.sendTo(v, step.status, s.memory[begin:len(s.memory):len(s.memory)])
}

// answer answers as return says.
func (p *Program) answer(v *View, step *compiledStep) Answer {
	if isRedirection(step.status) {
		return p.sendTo(v, step.status, p.value(v, step.value))
	}
	s := v.State
	content := step.content
	if content == nil {
		content = &Content{Type: step.contentType, Text: string(p.value(v, step.value))}
		if kind := typeOfExtension(s.uri); kind != "" {
			content.Type = []byte(kind)
		}
	}
	if s.failed {
		return tooLongValue
	}
	return Answer{Status: step.status, Content: content}
}

// sendTo sends the client to another URL.
func (p *Program) sendTo(v *View, status int, location []byte) Answer {
	s := v.State
	switch {
	case s.failed || len(location) > mostSent:
		return tooLongValue
	case !isFieldValue(location):
		return malformedValue
	}
	if len(location) > 0 && location[0] == '/' && !p.relative && len(v.Host) > 0 {
		begin := len(s.memory)
		s.memory = append(s.memory, scheme(v)...)
		s.memory = append(append(s.memory, "://"...), v.Host...)
		s.memory = append(s.memory, location...)
		location = s.memory[begin:len(s.memory):len(s.memory)]
	}
	return Answer{Status: status, Redirects: true, Location: location, Content: movedPage}
}

var (
	htmlContent = []byte("text/html")
	movedPage   = &Content{Type: htmlContent, Text: "<html><body>The rule sends its clients to another URL.</body></html>\n"}
)

// page returns the page that goes with a status.
func page(status int) *Content {
	n := strconv.Itoa(status)
	return &Content{Type: htmlContent, Text: "<html><head><title>" + n + "</title></head><body>The rule answers with " + n + ".</body></html>\n"}
}

// extensions are those of paths that say which type a content has that return answers with.
var extensions = map[string]string{
	"html": "text/html", "htm": "text/html", "css": "text/css", "xml": "text/xml", "gif": "image/gif", "jpeg": "image/jpeg",
	"jpg": "image/jpeg", "js": "application/javascript", "atom": "application/atom+xml", "rss": "application/rss+xml",
	"txt": "text/plain", "png": "image/png", "svg": "image/svg+xml", "ico": "image/x-icon", "json": "application/json",
	"pdf": "application/pdf", "zip": "application/zip", "webp": "image/webp", "woff": "font/woff", "woff2": "font/woff2",
}

// typeOfExtension returns the type that the extension of a path says, or nothing.
func typeOfExtension(path []byte) string {
	name := path[bytes.LastIndexByte(path, '/')+1:]
	dot := bytes.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	return extensions[string(bytes.ToLower(name[dot+1:]))]
}

func scheme(v *View) string {
	if v.Secure {
		return "https"
	}
	return "http"
}

// isFieldValue says whether a value may be a field's.
func isFieldValue(value []byte) bool {
	for _, c := range value {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// encodedPath returns the canonical path of the decoded one.
func (s *State) encodedPath(v *View) ([]byte, error) {
	if !s.rewritten {
		return v.Request.Path, nil
	}
	begin := len(s.memory)
	if s.uri[0] != '/' {
		s.memory = append(s.memory, '/')
	}
	s.memory = escape.AppendPath(s.memory, s.uri)
	made := s.memory[begin:len(s.memory):len(s.memory)]
	room := s.memory[len(s.memory):]
	path, err := canonical.Path(room, made)
	if err == nil && &path[0] != &made[0] && cap(room) >= len(path) {
		s.memory = s.memory[:len(s.memory)+len(path)] // it was written there
	}
	return path, err
}

// encodedQuery returns the query with its question mark.
func (s *State) encodedQuery() []byte {
	if len(s.args) == 0 {
		return nil
	}
	begin := len(s.memory)
	s.memory = append(s.memory, '?')
	s.memory = escape.AppendQuery(s.memory, s.args)
	return s.memory[begin:len(s.memory):len(s.memory)]
}

func (p *Program) note(v *View, step *compiledStep, value []byte) {
	if v.Notes == nil {
		return
	}
	text := step.note
	if len(value) > 0 {
		text += fmt.Sprintf(" (%q)", value)
	}
	*v.Notes = append(*v.Notes, Note{Passed: step.op != Return && step.op != Redirect, Text: text})
}

func (p *Program) noteMet(v *View, step *compiledStep, met bool) {
	if v.Notes == nil {
		return
	}
	text := step.note + ": no"
	if met {
		text = step.note + ": yes"
	}
	*v.Notes = append(*v.Notes, Note{Passed: true, Text: text})
}
