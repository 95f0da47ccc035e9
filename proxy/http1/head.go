// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"bytes"

	"github.com/warren-dev/ingress/proxy/message"
)

var headTerminator = []byte("\r\n\r\n")

// headEnd returns the length of the head at the start of b, including its empty line, or 0 while it is incomplete. The
// first seen bytes of b were checked before. It refuses at once a head that can only become malformed, so that nobody
// waits for the rest of it.
func headEnd(b []byte, seen int, lim Limits) (int, error) {
	from := max(seen-3, 0)
	if i := bytes.Index(b[from:], headTerminator); i >= 0 {
		end := from + i + len(headTerminator)
		if end > lim.HeadBytes {
			return 0, errHeadLong
		}
		return end, nil
	}
	for i := from; i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			break
		}
		if i += n; i == 0 || b[i-1] != '\r' {
			return 0, errBareLF
		}
	}
	if len(b) >= lim.HeadBytes {
		return 0, errHeadLong
	}
	return 0, nil
}

// cutLine returns the first line of b without its CRLF, and what follows.
func cutLine(b []byte) (line, rest []byte, err error) {
	n := bytes.IndexByte(b, '\n')
	if n < 1 || b[n-1] != '\r' {
		return nil, nil, errBareLF
	}
	return b[:n-1], b[n+1:], nil
}

// parseFields appends to fields the field lines of b, which ends with the empty line.
func parseFields(fields []message.Field, b []byte, lim Limits) ([]message.Field, error) {
	for {
		line, rest, err := cutLine(b)
		if err != nil {
			return fields, err
		}
		if len(line) == 0 {
			return fields, nil
		}
		b = rest
		if len(line) > lim.LineBytes {
			return fields, errLineLong
		}
		if len(fields) >= lim.Fields {
			return fields, errFieldsMany
		}
		colon := 0
		for colon < len(line) && message.IsTokenByte(line[colon]) {
			colon++
		}
		if colon == 0 || colon == len(line) || line[colon] != ':' {
			return fields, fieldNameError(line, colon)
		}
		value := line[colon+1:]
		if len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
		if !message.IsValue(value) {
			return fields, fieldValueError(value)
		}
		name := line[:colon:colon]
		fields = append(fields, message.Field{Name: name, Value: message.TrimSpace(value), Kind: message.KindOf(name)})
	}
}

func fieldNameError(line []byte, colon int) error {
	switch {
	case line[0] == ' ' || line[0] == '\t':
		return errFold
	case colon > 0 && colon < len(line) && (line[colon] == ' ' || line[colon] == '\t'):
		return errFieldSpace
	case bytes.IndexByte(line, '\r') >= 0:
		return errBareLF
	}
	return errFieldName
}

func fieldValueError(value []byte) error {
	if bytes.IndexByte(value, '\r') >= 0 {
		return errBareLF
	}
	return errFieldValue
}

// appendField appends one field line.
func appendField(b []byte, name, value []byte) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, "\r\n"...)
}

// appendFields appends the fields that are passed on.
func appendFields(b []byte, fields []message.Field) []byte {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() {
			b = appendField(b, f.Name, f.Value)
		}
	}
	return b
}
