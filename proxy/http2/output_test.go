// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"testing"
	"time"
)

// Responses are sent one after another. A response whose turn has not come is not cut off as long as the client takes
// those before it.
func TestTurnMayComeLaterThanTheWriteTimeout(t *testing.T) {
	now := time.Duration(0)
	c := NewServerConn(nil, &Config{Write: time.Second, Now: func() time.Duration { return now }}, nil)
	s := c.newStream(1)
	c.streams[s.id], c.running = &s.stream, 1
	s.out.waiting = true
	c.queue.join(&s.stream)
	for _, step := range []struct {
		at      time.Duration
		taken   int64
		stalled bool
	}{
		{900 * time.Millisecond, 100, false},
		{1800 * time.Millisecond, 100, false},
		{2700 * time.Millisecond, 0, false},
		{2800 * time.Millisecond, 0, true},
	} {
		c.out.content += step.taken
		c.Watch(step.at)
		if s.out.stalled != step.stalled {
			t.Fatalf("at %v: stalled is %t, want %t", step.at, s.out.stalled, step.stalled)
		}
	}
}
