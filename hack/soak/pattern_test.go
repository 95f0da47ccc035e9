// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func TestContentIsVerifiedToItsLastByte(t *testing.T) {
	t.Parallel()
	p := newPattern()
	const seed, size = 5, 2*blockSize + 3
	whole, err := io.ReadAll(p.body(seed, size))
	if err != nil || len(whole) != size {
		t.Fatalf("made %d bytes (%v), want %d", len(whole), err, size)
	}
	changed := bytes.Clone(whole)
	changed[size-1] ^= 1
	other, _ := io.ReadAll(p.body(seed+1, size))
	broken := errors.New("broken")
	for _, test := range []struct {
		name    string
		content io.Reader
		ok      bool
		// brokeOff is set if the error is the reader's.
		brokeOff bool
	}{
		{"as it was made", bytes.NewReader(whole), true, false},
		{"in single bytes", iotest.OneByteReader(bytes.NewReader(whole)), true, false},
		{"with the end along with data", iotest.DataErrReader(bytes.NewReader(whole)), true, false},
		{"with a bit changed", bytes.NewReader(changed), false, false},
		{"of another seed", bytes.NewReader(other), false, false},
		{"a byte short", bytes.NewReader(whole[:size-1]), false, false},
		{"a byte long", bytes.NewReader(append(bytes.Clone(whole), 0)), false, false},
		{"none", bytes.NewReader(nil), false, false},
		{"broken off", io.MultiReader(bytes.NewReader(whole[:10]), iotest.ErrReader(broken)), false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := p.verify(test.content, seed, size)
			if (err == nil) != test.ok || errors.Is(err, broken) != test.brokeOff {
				t.Errorf("got %v, want ok %t, the reader's error %t", err, test.ok, test.brokeOff)
			}
		})
	}
}
