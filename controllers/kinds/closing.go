// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"path"
	"regexp"
	"strings"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

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
	text = cutEscape(text[:min(len(text), snapshot.MaxClosedText)])
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
