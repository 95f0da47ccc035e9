// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Fault is a document that is no object, or one with a field that its kind does not have.
type Fault struct {
	File string
	// Document and Line are where it is in the file. The first ones are 1. If it is not known better, Line is the first of
	// the document.
	Document, Line int
	Err            error
}

// Place is where the fault is.
func (f *Fault) Place() string {
	return fmt.Sprintf("%s, line %d", place{f.File, f.Document}, f.Line)
}

// Error implements error. Its text is one line.
func (f *Fault) Error() string { return f.Place() + ": " + f.Err.Error() }

// Unwrap returns what is wrong.
func (f *Fault) Unwrap() error { return f.Err }

var (
	// yamlLine is how readers of YAML tell a line.
	yamlLine = regexp.MustCompile(`(?:yaml: )?line (\d+): `)
	// unknownField is how Kubernetes' decoders name a field that a kind does not have.
	unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)
	// wrongType is how they name one of another type, by the names of the fields alone.
	wrongType = regexp.MustCompile(`cannot unmarshal (\w+) into Go struct field \w+\.(\S+) of type`)
)

// lineOf returns the line of a document that an error is about, and the first with something in it if the error does
// not tell. The first line is 1.
func lineOf(document []byte, err error) int {
	text := err.Error()
	if found := yamlLine.FindStringSubmatch(text); found != nil {
		line, _ := strconv.Atoi(found[1])
		return max(line, 1)
	}
	var root yaml.Node
	if yaml.Unmarshal(document, &root) != nil || len(root.Content) == 0 {
		return 1
	}
	at := root.Content[0]
	if found := unknownField.FindStringSubmatch(text); found != nil {
		if key, _ := locate(at, strings.Split(found[1], "."), nil); key != nil {
			return key.Line
		}
	}
	if found := wrongType.FindStringSubmatch(text); found != nil {
		if key, _ := locate(at, strings.Split(found[2], "."), tags[found[1]]); key != nil {
			return key.Line
		}
	}
	return at.Line
}

// tags are the types of YAML that a type of JSON is written as.
var tags = map[string][]string{
	"string": {"!!str"}, "number": {"!!int", "!!float"}, "bool": {"!!bool"}, "array": {"!!seq"}, "object": {"!!map"},
}

// locate returns the first field at a path, its key and its value, whose value has one of these types, or any if there
// are none. An element of the path is a field's name. The index of an element of a list may follow in brackets, and
// without one all elements are meant.
func locate(node *yaml.Node, path, types []string) (key, value *yaml.Node) {
	name, index, indexed := strings.Cut(path[0], "[")
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Value != name {
			continue
		}
		at := []*yaml.Node{value}
		if value.Kind == yaml.SequenceNode && (indexed || len(path) > 1) {
			at = value.Content
			if n, err := strconv.Atoi(strings.TrimSuffix(index, "]")); indexed && err == nil && n < len(at) {
				at = at[n : n+1]
			}
		}
		for _, below := range at {
			switch {
			case len(path) > 1:
				if key, value := locate(below, path[1:], types); key != nil {
					return key, value
				}
			case len(types) == 0 || hasTag(below, types):
				return key, below
			}
		}
	}
	return nil, nil
}

func hasTag(node *yaml.Node, tags []string) bool {
	for _, tag := range tags {
		if node.ShortTag() == tag {
			return true
		}
	}
	return false
}

// withoutLine returns an error in one line of text, and without the line that lineOf returns: that is one of the
// document, and no line of the file.
func withoutLine(err error) error {
	text := strings.Join(strings.Fields(err.Error()), " ")
	return errors.New(yamlLine.ReplaceAllString(text, ""))
}
