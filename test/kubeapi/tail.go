// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"io"
	"sync"
)

// tailSize is about thirty lines: enough for what a server says before it gives up.
const tailSize = 4 << 10

// tail passes on what a server prints and keeps the end of it. The error that says why the server did not start has
// that end.
type tail struct {
	mu   sync.Mutex
	next io.Writer
	kept []byte
}

func newTail(next io.Writer) *tail {
	if next == nil {
		next = io.Discard
	}
	return &tail{next: next}
}

// Write never fails for lack of room. It fails as the next writer does.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if excess := len(t.kept) - tailSize; excess > 0 {
		t.kept = append(t.kept[:0], t.kept[excess:]...)
	}
	return t.next.Write(p)
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}
