// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"io"
	"sync"
	"time"
)

// Deadline ends one attempt when its time is over, and not the exchange. A nil Deadline never comes.
type Deadline struct {
	timer *time.Timer

	mu sync.Mutex // guards what follows
	// ends is closed when the time is over. Nil while the attempt has no connection.
	ends io.Closer
	// passed is set once the time is over.
	passed bool
}

// NewDeadline returns a deadline after d.
func NewDeadline(d time.Duration) *Deadline {
	t := new(Deadline)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(d, t.pass)
	return t
}

func (t *Deadline) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.passed = true
	if t.ends != nil {
		_ = t.ends.Close()
	}
}

// Watch names what to close.
func (t *Deadline) Watch(c io.Closer) {
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

// Leave closes nothing from now on. It says whether the time is over.
func (t *Deadline) Leave() (passed bool) {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ends = nil
	return t.passed
}

// Stop ends the deadline.
func (t *Deadline) Stop() {
	if t != nil {
		t.timer.Stop()
		t.Leave()
	}
}
