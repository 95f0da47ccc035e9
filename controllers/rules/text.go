// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strconv"
	"strings"
)

// A condition's message holds at most 32768 characters, and people read far fewer. So lists are bounded, and so is each
// value that an object's author chose.
const (
	listed      = 10
	valueLength = 128
)

// Bounded cuts a list, and appends how many entries it left out.
func Bounded(texts []string) []string {
	if len(texts) <= listed {
		return texts
	}
	cut := make([]string, listed, listed+1)
	copy(cut, texts)
	return append(cut, "and "+strconv.Itoa(len(texts)-listed)+" more")
}

// ListNames lists names of an object, or of what it refers to, for a message.
func ListNames(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = Quote(name)
	}
	return strings.Join(Bounded(quoted), ", ")
}

// Quote quotes a value of an object for a message.
func Quote(s string) string {
	return strconv.Quote(Clip(s))
}

// Clip cuts a value of an object for a message.
func Clip(s string) string {
	if len(s) <= valueLength {
		return s
	}
	return strings.ToValidUTF8(s[:valueLength], "") + "…"
}
