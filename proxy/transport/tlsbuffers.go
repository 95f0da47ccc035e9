// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"crypto/tls"
	"reflect"
	"unsafe"
)

// A tls.Conn keeps the buffers that its longest record and its handshake took: 1 KiB at least, and 5 KiB with a key
// exchange that withstands quantum computers. Nothing but the end of the connection gives them back. An empty buffer
// is as good as a new one, so that a connection that rests gets new ones. crypto/tls does not export them. If a later
// Go has no fields of these names and types, they stay, and a test says so.
var (
	tlsRawInput = fieldOf[tls.Conn, bytes.Buffer]("rawInput") // what came, from the beginning of a record
	tlsInput    = fieldOf[tls.Conn, bytes.Reader]("input")    // what was decrypted, which is a part of it
	tlsHand     = fieldOf[tls.Conn, bytes.Buffer]("hand")     // messages of a handshake
)

// field is where a struct has a field that its package does not export.
type field[S, T any] struct {
	offset uintptr
	found  bool
}

// fieldOf looks for a field of that name and type.
func fieldOf[S, T any](name string) field[S, T] {
	f, ok := reflect.TypeFor[S]().FieldByName(name)
	if !ok || f.Type != reflect.TypeFor[T]() {
		return field[S, T]{}
	}
	return field[S, T]{f.Offset, true}
}

// of returns the field of a struct.
func (f field[S, T]) of(s *S) *T { return (*T)(unsafe.Add(unsafe.Pointer(s), f.offset)) }

// dropBuffers drops the buffers of a connection that nobody reads or writes. It drops none that has something in it.
func dropBuffers(c *tls.Conn) {
	if !tlsRawInput.found || !tlsInput.found || !tlsHand.found {
		return
	}
	raw, input, hand := tlsRawInput.of(c), tlsInput.of(c), tlsHand.of(c)
	if raw.Len() > 0 || input.Len() > 0 || hand.Len() > 0 {
		return
	}
	*raw, *input, *hand = bytes.Buffer{}, bytes.Reader{}, bytes.Buffer{}
}
