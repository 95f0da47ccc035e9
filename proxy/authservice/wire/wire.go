// SPDX-License-Identifier: Apache-2.0

// Package wire reads and writes what messages of protobuf are made of, where there is no generated code. It knows no
// message. All of it is in this file.
package wire

import (
	"errors"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrMalformed is of bytes that are no message.
var ErrMalformed = errors.New("it is malformed")

// EachField calls yield with each field of a message: with its number, and with a number or with bytes as its value. It
// skips groups and numbers of a fixed length, which no message here has.
func EachField(b []byte, yield func(field protowire.Number, number uint64, bytes []byte) error) error {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return ErrMalformed
		}
		b = b[n:]
		var number uint64
		var value []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			if value, n = protowire.ConsumeBytes(b); value == nil {
				value = []byte{}
			}
		default:
			if n = protowire.ConsumeFieldValue(field, kind, b); n >= 0 {
				b = b[n:]
				continue
			}
		}
		if n < 0 {
			return ErrMalformed
		}
		b = b[n:]
		if err := yield(field, number, value); err != nil {
			return err
		}
	}
	return nil
}

// AppendText appends a text as one of protobuf, which is UTF-8. Other bytes are replaced.
func AppendText(to, text []byte) []byte {
	if utf8.Valid(text) {
		return append(to, text...)
	}
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		to = utf8.AppendRune(to, r)
		text = text[n:]
	}
	return to
}
