// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
)

// pattern is where all verified content comes from. Its bytes look random. Each seed has a different stretch of them.
// Both ends of a transfer know what belongs at any place, and nobody keeps a copy.
type pattern struct{ block []byte }

// blockSize is odd, so that content does not repeat at a multiple of any buffer's size.
const blockSize = 1<<20 + 7

func newPattern() *pattern {
	p := &pattern{block: make([]byte, blockSize)}
	_, _ = rand.NewChaCha8([32]byte{}).Read(p.block) // never fails
	return p
}

// at returns some of a seed's content from offset on, at least one byte.
func (p *pattern) at(seed uint64, offset int64) []byte {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio: neighbouring seeds begin far apart
	return p.block[(seed*golden>>20+uint64(offset))%blockSize:]
}

// body reads the size bytes of a seed's content.
func (p *pattern) body(seed uint64, size int64) io.Reader {
	return &patternReader{pattern: p, seed: seed, size: size}
}

type patternReader struct {
	pattern      *pattern
	seed         uint64
	offset, size int64
}

func (r *patternReader) Read(b []byte) (int, error) {
	if r.offset == r.size {
		return 0, io.EOF
	}
	n := copy(b[:min(int64(len(b)), r.size-r.offset)], r.pattern.at(r.seed, r.offset))
	r.offset += int64(n)
	return n, nil
}

// verify reads r to its end and checks that it is the size bytes of a seed's content. If r fails, it returns a
// *transferError.
func (p *pattern) verify(r io.Reader, seed uint64, size int64) error {
	buf := make([]byte, 16<<10)
	for offset := int64(0); ; {
		n, err := r.Read(buf)
		for b := buf[:n]; len(b) > 0; {
			want := p.at(seed, offset)
			want = want[:min(len(want), len(b))]
			if offset+int64(len(want)) > size {
				return fmt.Errorf("content goes on after its %d bytes", size)
			}
			if !bytes.Equal(b[:len(want)], want) {
				return fmt.Errorf("content of %d bytes is wrong within the %d bytes from %d on", size, len(want), offset)
			}
			b = b[len(want):]
			offset += int64(len(want))
		}
		switch {
		case errors.Is(err, io.EOF) && offset == size:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("content ended after %d of %d bytes as if it were whole", offset, size)
		case err != nil:
			return &transferError{offset: offset, size: size, cause: err}
		}
	}
}

// transferError is content that broke off in a way that its reader could see.
type transferError struct {
	offset, size int64
	cause        error
}

func (e *transferError) Error() string {
	return fmt.Sprintf("content broke off after %d of %d bytes: %v", e.offset, e.size, e.cause)
}

func (e *transferError) Unwrap() error { return e.cause }
