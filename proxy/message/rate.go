// SPDX-License-Identifier: Apache-2.0

package message

import "time"

// LeastRate is the least rate at which a peer has to send content or to take it. It is an average over all the time in
// which others waited for the peer, so that a burst makes up for a pause.
type LeastRate struct {
	// PerSecond is in bytes. 0 is no bound.
	PerSecond int
	// Grace is how long others wait before the rate counts.
	Grace time.Duration
}

// Missed returns whether a peer that has moved so many bytes, while others waited for it for so long, is too slow.
func (r LeastRate) Missed(moved uint64, waited time.Duration) bool {
	return waited >= r.Grace && r.Below(moved, waited)
}

// Below is Missed without a grace.
func (r LeastRate) Below(moved uint64, waited time.Duration) bool {
	return r.PerSecond > 0 && float64(moved) < float64(r.PerSecond)*waited.Seconds()
}

// Wait is how long others have waited for a peer, and what it has moved meanwhile.
type Wait struct {
	begun  bool
	waited time.Duration
	from   uint64
}

// Add notes at a look that others wait for the peer since the look before. moved is what the peer has moved in all. It
// returns whether the peer is too slow.
func (w *Wait) Add(r LeastRate, since time.Duration, moved uint64) (slow bool) {
	if !w.begun {
		w.begun, w.from = true, moved
		return false
	}
	w.waited += min(since, longestLook)
	return r.Missed(moved-w.from, w.waited)
}

// longestLook is what counts of a longer time between two looks: then the process was held up.
const longestLook = time.Second
