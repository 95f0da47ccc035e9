// SPDX-License-Identifier: Apache-2.0

package message

import (
	"bytes"
	"strings"
)

// MediaRanges are media types, and all that begin alike (RFC 9110, section 12.5.1).
type MediaRanges struct {
	types []string
	// trees are how other types begin.
	trees []string
}

// MediaRangesOf reads media types in lower case and without parameters. A subtype of "*" stands for all.
func MediaRangesOf(list []string) (m MediaRanges) {
	for _, t := range list {
		tree, every := strings.CutSuffix(t, "*")
		switch {
		case t == "*/*":
			m.trees = append(m.trees, "")
		case every:
			m.trees = append(m.trees, tree)
		default:
			m.types = append(m.types, t)
		}
	}
	return m
}

// Match returns whether the value of a Content-Type is one of the types.
func (m *MediaRanges) Match(value []byte) bool {
	end := bytes.IndexByte(value, ';')
	if end < 0 {
		end = len(value)
	}
	mediaType := TrimSpace(value[:end])
	for _, t := range m.types {
		if EqualFold(mediaType, t) {
			return true
		}
	}
	for _, tree := range m.trees {
		if len(mediaType) > len(tree) && EqualFold(mediaType[:len(tree)], tree) {
			return true
		}
	}
	return false
}
