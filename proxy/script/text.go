// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"slices"
	"strings"
)

var (
	errNoName    = errors.New("a $ has no name of a variable behind it: a literal one is ${literal_dollar}")
	errNoBracket = errors.New("a ${ has no } behind the name")
)

// Names returns the names of the variables in a text, and whether there are groups in it.
func Names(text string) (names []string, groups bool, err error) {
	err = EachPart(text, func(_, name string, group int) error {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
		groups = groups || group > 0
		return nil
	})
	return names, groups, err
}

// EachPart calls yield with each part of a text: a literal, the name of a variable, or the number of a group.
func EachPart(text string, yield func(literal, name string, group int) error) error {
	for text != "" {
		at := strings.IndexByte(text, '$')
		if at < 0 {
			return yield(text, "", 0)
		}
		if at > 0 {
			if err := yield(text[:at], "", 0); err != nil {
				return err
			}
		}
		text = text[at+1:]
		if text != "" && '1' <= text[0] && text[0] <= '9' {
			if err := yield("", "", int(text[0]-'0')); err != nil {
				return err
			}
			text = text[1:]
			continue
		}
		rest, bracket := strings.CutPrefix(text, "{")
		n := 0
		for n < len(rest) && IsNameByte(rest[n]) {
			n++
		}
		if n == 0 {
			return errNoName
		}
		name := rest[:n]
		text = rest[n:]
		if bracket {
			var ok bool
			if text, ok = strings.CutPrefix(text, "}"); !ok {
				return errNoBracket
			}
		}
		if err := yield("", name, 0); err != nil {
			return err
		}
	}
	return nil
}

// IsNameByte says whether the name of a variable may have a byte.
func IsNameByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '_'
}
