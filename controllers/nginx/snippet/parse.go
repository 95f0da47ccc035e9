// SPDX-License-Identifier: Apache-2.0

package snippet

import (
	"strconv"
	"strings"

	crossplane "github.com/nginxinc/nginx-go-crossplane"
)

// directive is one of nginx's.
type directive struct {
	name string
	line int
	args []string
	// block has the directives in its braces. It has a block if hasBlock is set.
	block    []directive
	hasBlock bool
}

// mostDepth bounds how deep blocks stand in each other. nginx allows no more in a location than an if in a location.
const mostDepth = 8

// parse reads a snippet by nginx's grammar.
func parse(kind Kind, text string) ([]directive, *Fault) {
	if len(text) > MostBytes {
		return nil, &Fault{Kind: kind, Line: 1, Text: "is longer than " + strconv.Itoa(MostBytes) + " bytes: write a shorter snippet"}
	}
	p := parser{kind: kind}
	options := crossplane.LexOptions{Lexers: []crossplane.RegisterLexer{(&crossplane.Lua{}).RegisterLexer()}}
	for token := range crossplane.LexWithOptions(strings.NewReader(text), options) { // to the end, or the lexer would wait for ever
		if token.Error == nil && !token.IsQuoted && strings.HasPrefix(token.Value, "#") {
			continue
		}
		p.tokens = append(p.tokens, token)
	}
	list := p.block(0)
	if p.fault == nil && p.at < len(p.tokens) {
		p.fail(p.tokens[p.at], "a } ends no block")
	}
	return list, p.fault
}

// parser reads tokens.
type parser struct {
	kind   Kind
	tokens []crossplane.NgxToken
	at     int
	fault  *Fault
}

func (p *parser) fail(at crossplane.NgxToken, text string) {
	if p.fault == nil {
		p.fault = &Fault{Kind: p.kind, Line: at.Line, Text: text}
	}
}

// block reads directives up to the end of a block, or of the snippet.
func (p *parser) block(depth int) (list []directive) {
	for p.at < len(p.tokens) && p.fault == nil {
		if p.is("}") {
			return list
		}
		d, ok := p.directive(depth)
		if !ok {
			return nil
		}
		list = append(list, d)
	}
	return list
}

// is says whether the next token is a sign of the grammar.
func (p *parser) is(sign string) bool {
	t := &p.tokens[p.at]
	return !t.IsQuoted && t.Error == nil && t.Value == sign
}

func (p *parser) directive(depth int) (d directive, ok bool) {
	first := p.tokens[p.at]
	for ; p.at < len(p.tokens); p.at++ {
		token := p.tokens[p.at]
		switch {
		case token.Error != nil:
			p.fail(token, "cannot be read: "+lexerText(token.Error))
			return d, false
		case p.is(";"):
			if d.name == "" {
				p.fail(token, "a ; ends no directive")
				return d, false
			}
			p.at++
			return d, true
		case p.is("{"):
			if d.name == "" || depth == mostDepth {
				p.fail(token, "a { begins no block that can be here")
				return d, false
			}
			p.at++
			d.block, d.hasBlock = p.block(depth+1), true
			if p.fault == nil && p.at == len(p.tokens) {
				p.fail(first, "the block of "+d.name+" has no }")
			}
			if p.fault != nil {
				return d, false
			}
			p.at++
			return d, true
		case p.is("}"):
			p.fail(first, d.name+" has no ; at its end")
			return d, false
		case d.name == "":
			d.name, d.line = unescaped(token.Value), token.Line
		default:
			d.args = append(d.args, unescaped(token.Value))
		}
	}
	p.fail(first, d.name+" has no ; at its end")
	return d, false
}

// lexerText returns what a lexer says, without the name and the line of its file.
func lexerText(err error) string {
	text, _, _ := strings.Cut(err.Error(), " in ")
	return text
}

var escapes = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\'`, `'`, `\t`, "\t", `\r`, "\r", `\n`, "\n")

// unescaped takes the escapes out of a word that nginx takes out of it. The lexer leaves them in.
func unescaped(word string) string {
	if strings.IndexByte(word, '\\') < 0 {
		return word
	}
	return escapes.Replace(word)
}
