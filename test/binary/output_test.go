// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bytes"
	"strings"
	"sync"
)

// output keeps what a process prints, for readers at any time.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// lines returns the whole lines that were printed.
func (o *output) lines() []string {
	text := o.String()
	end := strings.LastIndexByte(text, '\n')
	if end < 0 {
		return nil
	}
	return strings.Split(text[:end], "\n")
}

// end returns enough of the last output to see what happened.
func (o *output) end() string {
	const size = 8 << 10
	text := o.String()
	return text[max(0, len(text)-size):]
}
