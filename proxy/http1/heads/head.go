// SPDX-License-Identifier: Apache-2.0

package heads

import (
	"bytes"
	"errors"
	"slices"

	"github.com/warren-dev/ingress/proxy/message"
)

// RequestEnd returns the length of the request's head at the start of b, including its empty line, or 0 while it is
// incomplete. The first seen bytes of b were checked before. It refuses at once a head that can only become malformed,
// so that nobody waits for the rest of it. An error is a *message.Error.
func RequestEnd(b []byte, seen int, lim Limits) (int, error) {
	from := max(seen-3, 0)
	if n := terminated(b[from:]); n > 0 {
		end := from + n
		if end > lim.HeadBytes {
			return 0, tooLong(b, lim)
		}
		return end, nil
	}
	for i := from; i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			break
		}
		if i += n; i == 0 || b[i-1] != '\r' {
			return 0, ErrBareLF
		}
	}
	if len(b) >= lim.HeadBytes {
		return 0, tooLong(b, lim)
	}
	return 0, nil
}

// terminated returns where the first empty line of b ends, if it and the line before it end with CRLF, or 0.
func terminated(b []byte) int {
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return 0
		}
		i += n + 1
		if len(b)-i >= 2 && b[i] == '\r' && b[i+1] == '\n' && i >= 2 && b[i-2] == '\r' {
			return i + 2
		}
	}
}

// tooLong tells a target that is too long from too many fields.
func tooLong(b []byte, lim Limits) error {
	longest := lim.LineBytes + len("\r\n")
	if bytes.IndexByte(b[:min(len(b), longest)], '\n') < 0 {
		return errTargetLong
	}
	return errHeadLong
}

// ResponseEnd returns where the head of a response at the start of b ends at the latest, or 0 while it is incomplete.
// The first seen bytes of b were checked before. LF alone ends a line too (RFC 9112, section 2.2): a head whose lines
// end so may end before that. ResponseEnd refuses at once what cannot become a response. An error is a *message.Error.
func ResponseEnd(b []byte, seen int, lim Limits) (int, error) {
	from, end := max(seen-3, 0), 0
	if n := terminated(b[from:]); n > 0 {
		end = from + n
	}
	if end == 0 || end > lim.HeadBytes {
		if n := emptyLine(b[from:]); n > 0 {
			end = from + n
		}
	}
	if end > lim.HeadBytes || end == 0 && len(b) >= lim.HeadBytes {
		return 0, errHeadLong
	}
	if end == 0 && !mayBeginResponse(b) {
		return 0, errStatusLine
	}
	return end, nil
}

// mayBeginResponse returns whether a head may begin with b. If it may not, do not wait for the rest.
func mayBeginResponse(b []byte) bool {
	const begin = "HTTP/"
	n := min(len(b), len(begin))
	return string(b[:n]) == begin[:n]
}

// emptyLine returns where the first empty line of b ends, or 0 if it has none. The end of b's first line comes before.
func emptyLine(b []byte) int {
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 {
			return 0
		}
		i += n + 1
		switch {
		case bytes.HasPrefix(b[i:], []byte("\n")):
			return i + 1
		case bytes.HasPrefix(b[i:], []byte("\r\n")):
			return i + 2
		}
	}
}

// lineEnd is what ends a line.
type lineEnd bool

const (
	strictly lineEnd = false // CRLF alone
	loosely  lineEnd = true  // CRLF, or LF alone
)

// cutLine returns the first line of b without its end, and what follows.
func cutLine(b []byte, ends lineEnd) (line, rest []byte, err error) {
	n := bytes.IndexByte(b, '\n')
	switch {
	case n > 0 && b[n-1] == '\r':
		return b[:n-1], b[n+1:], nil
	case n >= 0 && ends == loosely:
		return b[:n], b[n+1:], nil
	}
	return nil, nil, ErrBareLF
}

// parseFields appends to fields the field lines at the start of b, up to the empty line. It returns what follows that,
// or what begins with the line that is at fault.
func parseFields(fields []message.Field, b []byte, ends lineEnd, lim Limits) (parsed []message.Field, rest []byte, err error) {
	for {
		// Nearly all lines end with the first control character, which is the CR of their CRLF. Those are read once. What is
		// unusual about another one is found out below.
		colon := message.TokenLength(b)
		if colon > 0 && colon < len(b) && b[colon] == ':' {
			end := colon + message.PrintableLength(b[colon:])
			if end+1 < len(b) && b[end] == '\r' && b[end+1] == '\n' && end <= lim.LineBytes && len(fields) < lim.Fields {
				fields = appendParsed(fields, b[:colon:colon], b[colon+1:end])
				b = b[end+2:]
				continue
			}
		}
		line, rest, err := cutLine(b, ends)
		if err != nil {
			return fields, b, err
		}
		if len(line) == 0 {
			return fields, rest, nil
		}
		if len(line) > lim.LineBytes {
			return fields, b, errLineLong
		}
		if len(fields) >= lim.Fields {
			return fields, b, errFieldsMany
		}
		colon = message.TokenLength(line)
		if colon == 0 || colon == len(line) || line[colon] != ':' {
			return fields, b, fieldNameError(line, colon)
		}
		value := line[colon+1:]
		if len(value) > 0 && value[0] == ' ' {
			value = value[1:]
		}
		if !message.IsValue(value) {
			return fields, b, fieldValueError(value)
		}
		fields = appendParsed(fields, line[:colon:colon], value)
		b = rest
	}
}

// appendParsed appends a field to fields. Its value may have white space at its ends.
func appendParsed(fields []message.Field, name, value []byte) []message.Field {
	fields = slices.Grow(fields, 1)[:len(fields)+1]
	f := &fields[len(fields)-1] // Written in its place, it is not copied there.
	f.Name, f.Value, f.Kind = name, message.TrimSpace(value), message.KindOf(name)
	return fields
}

// ParseTrailers appends to fields those of a trailer section, which b is with its empty line (RFC 9112, section
// 7.1.2). named is set for the trailers of a response: a refusal then names the field that is at fault. An error is a
// *message.Error.
func ParseTrailers(fields []message.Field, b []byte, named bool, lim Limits) ([]message.Field, error) {
	fields, rest, err := parseFields(fields, b, strictly, lim)
	if err != nil && named {
		err = inField(err, rest)
	}
	return fields, err
}

// inField says which field of a response is at fault, by the line that b begins with: an endpoint's owner has to find
// it.
func inField(err error, b []byte) error {
	fault, ok := errors.AsType[*message.Error](err)
	if !ok || fault == errFieldsMany {
		return err
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	name, _, _ := bytes.Cut(line, []byte(":"))
	return fault.In(name)
}

func fieldNameError(line []byte, colon int) error {
	switch {
	case line[0] == ' ' || line[0] == '\t':
		return errFold
	case colon > 0 && colon < len(line) && (line[colon] == ' ' || line[colon] == '\t'):
		return errFieldSpace
	case bytes.IndexByte(line, '\r') >= 0:
		return ErrBareLF
	}
	return errFieldName
}

func fieldValueError(value []byte) error {
	if bytes.IndexByte(value, '\r') >= 0 {
		return ErrBareLF
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

// AppendFields appends the lines of the fields that are passed on, without an empty line behind them.
func AppendFields(b []byte, fields []message.Field) []byte {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() {
			b = appendField(b, f.Name, f.Value)
		}
	}
	return b
}
