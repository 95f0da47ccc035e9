// SPDX-License-Identifier: Apache-2.0

package http2

import "time"

// budget bounds what costs this side more than the peer. It is a bucket of tokens, which time and good conduct fill.
type budget struct {
	burst, perSecond int64
	spent            int64
	since            time.Duration
}

// The budgets of a connection. A browser that leaves a page resets all its streams at once, and clients that measure
// the way send a PING with each piece of content. Floods come at tens of thousands a second.
const (
	resetBurst, resetsPerSecond               = 400, 40
	unproductiveBurst, unproductivesPerSecond = 1000, 100
)

// spend takes n tokens. It returns false if there are fewer.
func (b *budget) spend(n int64, now time.Duration) bool {
	if b.spent == 0 {
		b.since = now
	}
	if back := int64((now - b.since) * time.Duration(b.perSecond) / time.Second); back > 0 {
		b.spent = max(0, b.spent-back)
		b.since = now
	}
	b.spent += n
	return b.spent <= b.burst
}

// earn gives a token back.
func (b *budget) earn() {
	if b.spent > 0 {
		b.spent--
	}
}
