// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"fmt"
	"slices"
	"time"
)

// Retry has more requests tried again than those that get no response. What is sent twice is idempotent all the same.
// If every endpoint was tried, they are tried again.
type Retry struct {
	// Codes are the statuses of responses after which a request is tried again, from 400 to 599. They are sorted. Each
	// occurs once. The response to the last attempt goes to the client, whatever its status.
	Codes []int
	// Backoff is the least time between two attempts. It doubles with each attempt, up to [MaxBackoff] times as much, and
	// chance adds to it. 0 is none.
	Backoff time.Duration
}

// MaxBackoff bounds the time between two attempts to so many times that between the first two.
const MaxBackoff = 10

// Equal says whether the same is tried again, and as soon. Nil is only what gets no response.
func (r *Retry) Equal(o *Retry) bool {
	return r == o || r != nil && o != nil && r.Backoff == o.Backoff && slices.Equal(r.Codes, o.Codes)
}

// inspect returns what is wrong with it, or nil.
func (r *Retry) inspect() error {
	for i, code := range r.Codes {
		switch {
		case code < 400 || code > 599:
			return fmt.Errorf("requests are tried again after the status %d", code)
		case i > 0 && r.Codes[i-1] >= code:
			return fmt.Errorf("the statuses %d and %d are not sorted or occur twice", r.Codes[i-1], code)
		}
	}
	if r.Backoff < 0 {
		return fmt.Errorf("the time between two attempts is %v", r.Backoff)
	}
	return nil
}
