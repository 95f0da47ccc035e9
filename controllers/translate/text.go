// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"strconv"
	"strings"
)

// A condition's message holds at most 32768 characters, and people read far fewer: what is listed is bounded, and so is
// each value that an object's author chose.
const (
	listed      = 10
	valueLength = 128
)

// location names a path of an Ingress as the object has it, the whole rule, or what all of them are of.
func (i *ingress) location(rule, path int) string {
	switch {
	case rule == wholeIngress:
		return "metadata"
	case i.isDefault(int32(rule)):
		return "defaultBackend"
	}
	text := "rules[" + strconv.Itoa(rule) + "]"
	if path == wholeRule {
		return text
	}
	if i.standard != nil {
		text += ".http"
	}
	return text + ".paths[" + strconv.Itoa(path) + "]"
}

// bounded cuts a list and says how many there were more.
func bounded(texts []string) []string {
	if len(texts) <= listed {
		return texts
	}
	cut := make([]string, listed, listed+1)
	copy(cut, texts)
	return append(cut, "and "+strconv.Itoa(len(texts)-listed)+" more")
}

// listNames writes names of an object, or of what it refers to, for a message.
func listNames(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	return strings.Join(bounded(quoted), ", ")
}

// quote quotes a value of an object for a message.
func quote(s string) string {
	return strconv.Quote(clip(s))
}

// clip cuts a value of an object for a message.
func clip(s string) string {
	if len(s) <= valueLength {
		return s
	}
	return strings.ToValidUTF8(s[:valueLength], "") + "…"
}
