// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"io"
	"sync"
	"time"
)

// deadline ends one attempt when its time is over, and not the exchange. A nil deadline never comes.
type deadline struct {
	timer *time.Timer

	mu sync.Mutex // guards what follows
	// ends is closed when the time is over. Nil while the attempt has no connection.
	ends io.Closer
	// passed is set once the time is over.
	passed bool
}

// newDeadline returns a deadline after d.
func newDeadline(d time.Duration) *deadline {
	t := new(deadline)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(d, t.pass)
	return t
}

func (t *deadline) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.passed = true
	if t.ends != nil {
		_ = t.ends.Close()
	}
}

// watch names what to close.
func (t *deadline) watch(c io.Closer) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ends = c
	if t.passed {
		_ = c.Close()
	}
}

// leave closes nothing from now on. It says whether the time is over.
func (t *deadline) leave() (passed bool) {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ends = nil
	return t.passed
}

// stop ends the deadline.
func (t *deadline) stop() {
	if t != nil {
		t.timer.Stop()
		t.leave()
	}
}
