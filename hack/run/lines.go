// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"sync"
)

// prefixedLines writes whole lines with a prefix before each. So one can tell what a child prints from what this
// process prints, and it never ends up in the middle of that.
type prefixedLines struct {
	to     io.Writer
	prefix string

	mu      sync.Mutex
	pending []byte
}

// Write keeps what follows the last line feed until its line is complete.
func (l *prefixedLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, p...)
	end := bytes.LastIndexByte(l.pending, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	var text bytes.Buffer
	for line := range bytes.Lines(l.pending[:end]) {
		text.WriteString(l.prefix)
		text.Write(line)
	}
	l.pending = append(l.pending[:0], l.pending[end:]...)
	if _, err := l.to.Write(text.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}
