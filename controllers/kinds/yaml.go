// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxYAMLNodes and maxYAMLBytes bound what a value may hold once its aliases are resolved. The longest that is read
// holds less.
const (
	maxYAMLNodes = 10_000
	maxYAMLBytes = 64 << 10
)

// decodeYAML decodes one YAML document, of a form that is known, and is strict: each name is one of the form's and
// occurs once. JSON is YAML too.
//
// What the form has as a string is taken as it is written, whether or not it is quoted: NO is no country that YAML 1.1
// may turn into false, and 1.10 no number. What it has as a number or as true or false is read by the core schema of
// YAML 1.2 (section 10.3.2): 010 is ten, and yes is no boolean.
func decodeYAML(text string, into any) error {
	documents := yaml.NewDecoder(strings.NewReader(text))
	var document yaml.Node
	if err := documents.Decode(&document); errors.Is(err, io.EOF) {
		return nil // There is nothing, or nothing but comments.
	} else if err != nil {
		return err
	}
	if len(document.Content) == 0 {
		return nil
	}
	if err := documents.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return errors.New("there is more than one document: write one")
	}
	var w yamlWriter
	if err := w.write(&document, reflect.TypeOf(into)); err != nil {
		return err
	}
	decoder := json.NewDecoder(&w.json)
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// yamlWriter writes YAML as the JSON that a type is decoded from.
type yamlWriter struct {
	json  bytes.Buffer
	nodes int
}

func (w *yamlWriter) write(node *yaml.Node, into reflect.Type) error {
	if w.nodes++; w.nodes > maxYAMLNodes || w.json.Len() > maxYAMLBytes {
		return errors.New("its aliases stand for too much: write out what they stand for")
	}
	for into.Kind() == reflect.Pointer {
		into = into.Elem()
	}
	if node.Style&yaml.TaggedStyle != 0 && node.Tag != "!!str" {
		return fmt.Errorf("line %d: it has the tag %s: leave tags out", node.Line, node.Tag)
	}
	switch node.Kind {
	case yaml.DocumentNode:
		return w.write(node.Content[0], into)
	case yaml.AliasNode:
		return w.write(node.Alias, into)
	case yaml.MappingNode:
		return w.mapping(node, into)
	case yaml.SequenceNode:
		return w.sequence(node, into)
	default:
		w.scalar(node, into)
		return nil
	}
}

func (w *yamlWriter) mapping(node *yaml.Node, into reflect.Type) error {
	seen := make(map[string]bool, len(node.Content)/2)
	w.json.WriteByte('{')
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a name is no text", key.Line)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: %q is already set: write it once", key.Line, key.Value)
		}
		seen[key.Value] = true
		of, ok := typeOfKey(into, key.Value)
		if !ok {
			return fmt.Errorf("line %d: unknown field %q", key.Line, key.Value)
		}
		if i > 0 {
			w.json.WriteByte(',')
		}
		w.text(key.Value)
		w.json.WriteByte(':')
		// A field that is null is one that is left out. A map has no such thing.
		if isNull(value) && into.Kind() == reflect.Struct {
			w.json.WriteString("null")
			continue
		}
		if err := w.write(value, of); err != nil {
			return err
		}
	}
	w.json.WriteByte('}')
	return nil
}

func (w *yamlWriter) sequence(node *yaml.Node, into reflect.Type) error {
	if into.Kind() == reflect.Slice {
		into = into.Elem()
	}
	w.json.WriteByte('[')
	for i, item := range node.Content {
		if i > 0 {
			w.json.WriteByte(',')
		}
		if err := w.write(item, into); err != nil {
			return err
		}
	}
	w.json.WriteByte(']')
	return nil
}

func (w *yamlWriter) scalar(node *yaml.Node, into reflect.Type) {
	const plain = yaml.Style(0)
	switch {
	case into.Kind() == reflect.String, node.Style&^yaml.FlowStyle != plain:
		w.text(node.Value)
	case isNull(node):
		w.json.WriteString("null")
	case strings.EqualFold(node.Value, "true") && coreBool.MatchString(node.Value):
		w.json.WriteString("true")
	case strings.EqualFold(node.Value, "false") && coreBool.MatchString(node.Value):
		w.json.WriteString("false")
	default:
		if number, ok := coreNumber(node.Value); ok {
			w.json.WriteString(number)
			return
		}
		w.text(node.Value)
	}
}

func (w *yamlWriter) text(text string) {
	written, err := json.Marshal(text)
	if err != nil {
		panic(err) // It does not happen with a string.
	}
	w.json.Write(written)
}

// typeOfKey returns the type of what a name stands for in a type, and whether the type has the name. Types of which
// nothing is known have every name: decoding them fails later.
func typeOfKey(in reflect.Type, name string) (of reflect.Type, ok bool) {
	switch in.Kind() {
	case reflect.Map:
		return in.Elem(), true
	case reflect.Struct:
		for i := range in.NumField() {
			field := in.Field(i)
			if called, _, _ := strings.Cut(field.Tag.Get("json"), ","); called == name && called != "" {
				return field.Type, true
			}
		}
		return nil, false
	}
	return in, true
}

// The core schema of YAML 1.2, section 10.3.2.
var (
	coreNull  = regexp.MustCompile(`^(null|Null|NULL|~|)$`)
	coreBool  = regexp.MustCompile(`^(true|True|TRUE|false|False|FALSE)$`)
	coreInt   = regexp.MustCompile(`^[-+]?[0-9]+$`)
	coreOctal = regexp.MustCompile(`^0o[0-7]+$`)
	coreHex   = regexp.MustCompile(`^0x[0-9a-fA-F]+$`)
	coreFloat = regexp.MustCompile(`^[-+]?([.][0-9]+|[0-9]+([.][0-9]*)?)([eE][-+]?[0-9]+)?$`)
)

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Style&^yaml.FlowStyle == 0 && coreNull.MatchString(node.Value)
}

// coreNumber returns a number of the core schema as JSON has it. It does not compute exponents, which may be large.
func coreNumber(text string) (number string, ok bool) {
	switch {
	case coreOctal.MatchString(text), coreHex.MatchString(text):
		n, err := strconv.ParseUint(text, 0, 63)
		return strconv.FormatUint(n, 10), err == nil
	case !coreInt.MatchString(text) && !coreFloat.MatchString(text):
		return "", false
	}
	number, negative := strings.CutPrefix(strings.TrimPrefix(text, "+"), "-")
	number = strings.TrimLeft(number, "0")
	if number == "" || number[0] < '0' || number[0] > '9' {
		number = "0" + number
	}
	if negative {
		number = "-" + number
	}
	// JSON wants digits behind a point.
	if whole, rest, found := strings.Cut(number, "."); found && (rest == "" || rest[0] < '0' || rest[0] > '9') {
		number = whole + rest
	}
	return number, true
}
