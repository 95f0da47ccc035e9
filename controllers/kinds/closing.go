// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"path"
	"regexp"
	"strings"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// regexSpecial are the characters with a meaning in regular expressions.
const regexSpecial = `.*+?()[]{}^$|\`

// expression matches a path that was meant as an expression or a template, although its type has it compared literally.
// Some special characters are in plain paths too, as in /Products(1)/$value and /robots.txt. Those alone do not match.
var expression = regexp.MustCompile(`[*|\\^\[{]|[.][+?]|[(][?/.]|[)][?+]|[$]([)|]|$)`)

// WrittenAsExpression returns whether a path was meant as an expression or a template. A question mark begins a query,
// and no expression, if an equals sign follows.
func WrittenAsExpression(path string) bool {
	at := strings.IndexByte(path, '?')
	return expression.MatchString(path) || at >= 0 && !strings.Contains(path[at:], "=")
}

// ClosedText returns the beginning of all paths that a path which cannot be read may have been meant for.
func ClosedText(written string, isExpression bool) string {
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
		// The path climbs above the root. Clients stay at the root then (RFC 3986, section 5.2.4).
		form = []byte(path.Clean(text))
	}
	return string(form)
}

// readable cuts a path before the first character that no path has, or before the first percent sign that begins no
// escape.
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

// isEscape returns whether rest begins with an escape of a character that a path may have.
func isEscape(rest string) bool {
	return len(rest) >= 3 && strings.Trim(rest[1:3], "0123456789abcdefABCDEF") == "" && rest[1:3] != "00"
}

// cutEscape removes an escape that was cut off at the end of the text.
func cutEscape(text string) string {
	if at := strings.LastIndexByte(text, '%'); at >= 0 && at > len(text)-3 {
		return text[:at]
	}
	return text
}

// literal returns the beginning of everything that an expression matches. The expression is anchored at its beginning.
func literal(expression string) string {
	if alternates(expression) {
		return ""
	}
	at := strings.IndexAny(expression, regexSpecial)
	if at < 0 {
		return expression
	}
	text := expression[:at]
	if repeats(expression[at:]) && at > 0 { // The character before a quantifier may be missing.
		last := []rune(text)
		text = string(last[:len(last)-1])
	}
	return cutEscape(text)
}

// repeats returns whether rest begins with a quantifier. Braces without a number are those of a template.
func repeats(rest string) bool {
	counts := rest[0] == '{' && len(rest) > 1 && strings.IndexByte("0123456789,", rest[1]) >= 0
	return counts || rest[0] == '*' || rest[0] == '?'
}

// alternates returns whether an expression has alternatives, so that only the first one begins as the expression does.
// In doubt it returns true.
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
