// SPDX-License-Identifier: Apache-2.0

package content

import (
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
)

func TestConversationEndsOnceNothingPassed(t *testing.T) {
	t.Parallel()
	c := &Conversation{clock: transport.NewClock(), guard: new(guard.Guard), idle: time.Hour, timer: time.NewTimer(time.Hour)}
	c.number = c.guard.Begin()
	c.Note()
	if c.look(); c.guard.Disarm() != reason.None {
		t.Error("a conversation in which something passed just now was ended")
	}
	c.moved.Store(int64(c.clock.Now() - 2*c.idle))
	if c.look(); c.guard.Disarm() != reason.UpstreamTimeout {
		t.Error("a conversation in which nothing passed was not ended")
	}
}

// A timer that fires late ends no other exchange.
func TestConversationThatIsOverEndsNothing(t *testing.T) {
	t.Parallel()
	c := &Conversation{clock: transport.NewClock(), guard: new(guard.Guard), idle: time.Nanosecond, timer: time.NewTimer(time.Hour)}
	c.number = c.guard.Begin()
	c.End()
	if c.look(); c.guard.Disarm() != reason.None {
		t.Error("the exchange was ended")
	}
}
