// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"strconv"
	"strings"
	"unicode"
)

// Template is what takes the place of a match of a regular expression: texts, and what groups have matched. Reading it
// beforehand lets its length be known before any of it is made: a group may occur in it many times.
type Template []templatePiece

// templatePiece is a text, and after that a group, or none if that is negative.
type templatePiece struct {
	text  string
	group int
}

// ReadTemplate reads what [regexp.Regexp.Expand] would fill in: $1 and $name, which are as long as can be, ${1} and
// ${name}, and $$ for a dollar. groups are the names of an expression's groups, after that of the whole. A group that
// there is not has matched nothing.
func ReadTemplate(groups []string, text string) (t Template) {
	var before strings.Builder
	for {
		plain, rest, found := strings.Cut(text, "$")
		before.WriteString(plain)
		if !found {
			return append(t, templatePiece{text: before.String(), group: -1})
		}
		if after, ok := strings.CutPrefix(rest, "$"); ok {
			before.WriteByte('$')
			text = after
			continue
		}
		name, after := groupName(rest)
		if name == "" { // The dollar means itself.
			before.WriteByte('$')
			text = rest
			continue
		}
		t = append(t, templatePiece{before.String(), groupCalled(groups, name)})
		before.Reset()
		text = after
	}
}

// groupName cuts the name of a group off a text that follows a dollar. The name is empty if there is none.
func groupName(text string) (name, after string) {
	inner, braces := strings.CutPrefix(text, "{")
	end := strings.IndexFunc(inner, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if end < 0 {
		end = len(inner)
	}
	name, after = inner[:end], inner[end:]
	if braces {
		var closed bool
		if after, closed = strings.CutPrefix(after, "}"); !closed {
			return "", text
		}
	}
	return name, after
}

// groupCalled returns the number of a group by its name or number. It is negative if there is none.
func groupCalled(groups []string, name string) int {
	if n, err := strconv.ParseUint(name, 10, 31); err == nil && strconv.FormatUint(n, 10) == name {
		if int(n) < len(groups) {
			return int(n)
		}
		return -1
	}
	for i, called := range groups {
		if called == name {
			return i
		}
	}
	return -1
}

// Fill appends the template. at has the beginning and the end of each group in what was matched, negative for one that
// has matched nothing. Fill returns false if more than most bytes were there then.
func (t Template) Fill(buf, matched []byte, at []int, most int) ([]byte, bool) {
	for i := range t {
		p := &t[i]
		var group []byte
		if p.group >= 0 && at[2*p.group] >= 0 {
			group = matched[at[2*p.group]:at[2*p.group+1]]
		}
		if len(buf)+len(p.text)+len(group) > most {
			return buf, false
		}
		buf = append(append(buf, p.text...), group...)
	}
	return buf, true
}

// Replace appends a text in which a match has been replaced. at is where its groups are. Replace returns false if more
// than most bytes would be there then.
func (t Template) Replace(buf, text []byte, at []int, most int) ([]byte, bool) {
	buf = append(buf, text[:at[0]]...)
	made, ok := t.Fill(buf, text, at, most)
	if !ok || len(made)+len(text)-at[1] > most {
		return buf, false
	}
	return append(made, text[at[1]:]...), true
}
