// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

func TestDigitsAreThoseOfTheNumber(t *testing.T) {
	t.Parallel()
	for _, bits := range []uint32{0, 0xffffffff, 0x01234567, 0x89abcdef, 0x9a9a9a9a, 0xf0f0f0f0, 0x0000000a, 0xa0000000} {
		got := binary.LittleEndian.AppendUint64(nil, digits(bits))
		slices.Reverse(got) // the last digit is the lowest byte
		if want := fmt.Sprintf("%08x", bits); string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
