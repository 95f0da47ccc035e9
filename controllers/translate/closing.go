// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/canonical"
)

// guarded says whether a path has something that may say who gets in. Where such a path cannot be read, its requests
// must not fall to another one.
func (i *ingress) guarded(p *v1alpha1.IngressPath) bool {
	return guards(p) || i.standard != nil && i.standard.fault != ""
}

// guards says whether one of a path's policies does.
func guards(p *v1alpha1.IngressPath) bool {
	for i := range readers {
		if r := &readers[i]; r.asks != nil && !r.open && r.asks(p) {
			return true
		}
	}
	return false
}

// regexSpecial are the characters that mean something in a regular expression.
const regexSpecial = `.*+?()[]{}^$|\`

// expression is what a path holds that is meant as an expression or a template, though its type has it compared as it
// is. Some characters of expressions are in plain paths too, /Products(1)/$value and /robots.txt for instance, so
// they alone are none.
var expression = regexp.MustCompile(`[*|\\^\[{]|[.][+?]|[(][?/.]|[)][?+]|[$]([)|]|$)`)

// writtenAsExpression says whether a path is one or a template. A question mark begins a query where an equals sign
// follows.
func writtenAsExpression(path string) bool {
	at := strings.IndexByte(path, '?')
	return expression.MatchString(path) || at >= 0 && !strings.Contains(path[at:], "=")
}

// closedText is what all paths begin with that a path which cannot be read may have been meant for.
func closedText(written string, isExpression bool) string {
	text := written
	if isExpression {
		text = literal(text)
	}
	text = readable(text)
	if !strings.HasPrefix(text, "/") {
		return "/"
	}
	text = spelled(text)
	text = cutEscape(text[:min(len(text), proxy.MaxClosedText)])
	form, err := canonical.Path(nil, []byte(text))
	if err != nil {
		// It climbs above the root, which clients stay below (RFC 3986, section 5.2.4).
		form = []byte(path.Clean(text))
	}
	return string(form)
}

// readable is a path up to the first character that no path has, or percent sign that no escape begins with.
func readable(written string) string {
	for i, r := range written {
		switch {
		case r != ' ' && r < 0x7f && isUnspelled(r), r == 0x7f, r == '\uFFFD':
			return written[:i]
		case r == '%' && !isEscape(written[i:]):
			return written[:i]
		}
	}
	return written
}

// isEscape says whether a path goes on with an escape of a character that a path may have.
func isEscape(rest string) bool {
	return len(rest) >= 3 && strings.Trim(rest[1:3], "0123456789abcdefABCDEF") == "" && rest[1:3] != "00"
}

// cutEscape takes off the beginning of an escape that has lost its end.
func cutEscape(text string) string {
	if at := strings.LastIndexByte(text, '%'); at >= 0 && at > len(text)-3 {
		return text[:at]
	}
	return text
}

// literal is what everything begins with that an expression matches, which is anchored where it begins.
func literal(expression string) string {
	if alternates(expression) {
		return ""
	}
	at := strings.IndexAny(expression, regexSpecial)
	if at < 0 {
		return expression
	}
	text := expression[:at]
	if repeats(expression[at:]) && at > 0 { // what is before it need not be there
		last := []rune(text)
		text = string(last[:len(last)-1])
	}
	return cutEscape(text)
}

// repeats says whether a quantifier stands here. Braces without a number are those of a template.
func repeats(rest string) bool {
	counts := rest[0] == '{' && len(rest) > 1 && strings.IndexByte("0123456789,", rest[1]) >= 0
	return counts || rest[0] == '*' || rest[0] == '?'
}

// alternates says whether an expression is several, of which the first alone begins as it does. What is doubtful
// counts as so.
func alternates(expression string) bool {
	depth, class := 0, false
	for i := 0; i < len(expression); i++ {
		switch c := expression[i]; {
		case c == '\\':
			if i+1 < len(expression) && (expression[i+1] == 'Q' || expression[i+1] == 'E') {
				return strings.Contains(expression, "|")
			}
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth <= 0:
			return true
		}
	}
	return depth != 0 && strings.Contains(expression, "|")
}

// close adds a candidate that closes all that begins with a text.
func (c *collector) close(ing *ingress, like candidate, text string, why rules.Closing) {
	like.path, like.match, like.faulty, like.closed = text, proxy.MatchText, true, why
	to := backend{namespace: ing.object.Namespace, variant: faultyVariant}
	if like.index >= 0 {
		to = backendOf(ing.object.Namespace, &ing.object.Spec.Rules[like.rule].Paths[like.index], true)
	}
	like.pool = c.pools.index(to)
	c.candidates = append(c.candidates, like)
}

// closedBy returns the closed text that has all requests of a candidate, or nil. The texts are those of its host.
func (c *candidate) closedBy(texts []*candidate) *candidate {
	i := slices.IndexFunc(texts, func(text *candidate) bool {
		return len(c.path) >= len(text.path) && strings.EqualFold(c.path[:len(text.path)], text.path) ||
			strings.EqualFold(c.path+"/", text.path)
	})
	if i < 0 {
		return nil
	}
	return texts[i]
}

// closedWith is the problem of a candidate that another one closes.
func closedWith(host string, c, by *candidate, ingresses []ingress) problem {
	has, closed := &ingresses[by.ingress], &ingresses[c.ingress]
	whose := "the Ingress " + has.name
	switch {
	case has == closed:
		whose = "this Ingress"
	case has.object.Namespace != closed.object.Namespace: // of which the reader may not be one to know
		whose = "an Ingress of another namespace"
	}
	text := c.match.String() + " " + rules.Clip(c.path) + " of " + hostText(host) + " answers 503, because "
	switch {
	case by.closed == rules.ForeignAnnotation:
		text += "an annotation of " + whose + " says who gets in on the whole host, and is not acted on here"
	case has.object.Namespace != closed.object.Namespace:
		text += "a path of " + whose + ", which may say who gets in, cannot be read, and may be meant for it"
	default:
		text += has.location(int(by.rule), int(by.index)) + " of " + whose +
			", which may say who gets in, cannot be read, and may be meant for it"
	}
	return problem{rule: int(c.rule), path: int(c.index), unserved: true, reason: v1alpha1.ReasonPathClosed, text: text}
}
