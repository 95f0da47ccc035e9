// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"testing"
	"time"
)

// A client is not late if it may not send, because endpoints do not read the content of its other requests.
func TestContentIsNotLateWhileTheConnectionsWindowIsClosed(t *testing.T) {
	now := time.Duration(0)
	c := NewServerConn(nil, &Config{Read: time.Second, Now: func() time.Duration { return now }}, nil)
	s := c.newStream(1)
	c.streams[s.id], c.running = &s.stream, 1
	s.in.waiting = true
	for _, step := range []struct {
		at     time.Duration
		window int64
		late   bool
	}{
		{900 * time.Millisecond, 0, false},
		{1800 * time.Millisecond, 0, false},
		{2700 * time.Millisecond, 1, false},
		{2800 * time.Millisecond, 1, true},
	} {
		c.recvWindow = step.window
		c.Watch(step.at)
		if s.in.late != step.late {
			t.Fatalf("at %v: late is %t, want %t", step.at, s.in.late, step.late)
		}
	}
}
