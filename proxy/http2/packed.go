// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"

	"golang.org/x/net/http2/hpack"
)

// The dynamic table of a decoder is what the peer's next head may refer to (RFC 7541, section 2.3.2), so that it has
// to outlast a rest. The decoder itself takes ten times as much, for its maps and for strings of their own. A packed
// table is a header block that leaves the same table in a new decoder. It has each field as a literal that is added to
// the table, the oldest first. The size that the peer may have set for the table is not kept: a table that is larger
// than the peer's has the same fields at the same indexes, and then older ones, to which the peer does not refer.

const (
	// literalAdded begins a literal that is added to the table, with a name of its own (RFC 7541, section 6.2.1).
	literalAdded = 0x40
	indexPrefix  = 7
	// firstDynamic is the index of the youngest field in the table (RFC 7541, section 2.3.3).
	firstDynamic = 62
)

// pack returns the table of the decoder, which is of no use any more. It is nil if the table is empty.
func (r *fieldReader) pack() (packed []byte) {
	var fields []hpack.HeaderField
	size := 0
	r.decoder.SetEmitFunc(func(f hpack.HeaderField) {
		fields = append(fields, f)
		size += 1 + 2*longestLength + len(f.Name) + len(f.Value)
	})
	var one []byte
	for i := firstDynamic; ; i++ {
		one = appendInteger(one[:0], indexedField, indexPrefix, i)
		if _, err := r.decoder.Write(one); err != nil {
			break // There is no field of that index.
		}
	}
	if len(fields) == 0 {
		return nil
	}
	packed = make([]byte, 0, size)
	for i := len(fields) - 1; i >= 0; i-- {
		packed = append(packed, literalAdded)
		for _, s := range [...]string{fields[i].Name, fields[i].Value} {
			packed = append(appendInteger(packed, 0, stringPrefix, len(s)), s...)
		}
	}
	return bytes.Clone(packed)
}

// longestLength is how many bytes the length of a string in a table takes at most.
const longestLength = 3

// unpack fills the table of a new decoder.
func (r *fieldReader) unpack(packed []byte) {
	if len(packed) == 0 {
		return
	}
	r.decoder.SetEmitEnabled(false)
	_, _ = r.decoder.Write(packed) // It was a table, so that it has no fault.
	_ = r.decoder.Close()
	r.decoder.SetEmitEnabled(true)
}
