// SPDX-License-Identifier: Apache-2.0

package status

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/types"
)

// statusRate and statusBurst bound the status writes that nobody waits for: no second has more than the sum of both.
const (
	statusRate  = 40
	statusBurst = 5
)

// pace gives each object that is to be written a turn, so that many changes at once do not become as many requests at
// once. An object that changes again while it waits keeps its turn. It is then written in its latest state.
type pace struct {
	limiter *rate.Limiter

	mu    sync.Mutex
	turns map[types.NamespacedName]time.Time
}

func newPace() *pace {
	return &pace{limiter: rate.NewLimiter(statusRate, statusBurst), turns: make(map[types.NamespacedName]time.Time)}
}

// wait returns the time until an object's turn. The first call gives the object a turn. A result of 0 ends the turn.
func (p *pace) wait(name types.NamespacedName, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	turn, ok := p.turns[name]
	if !ok {
		turn = now.Add(p.limiter.ReserveN(now, 1).DelayFrom(now))
		p.turns[name] = turn
	}
	if wait := turn.Sub(now); wait > 0 {
		return wait
	}
	delete(p.turns, name)
	return 0
}

// leave gives up the turn of an object that does not need one any more.
func (p *pace) leave(name types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.turns, name)
}

// pass notes a write that did not wait for a turn. Those that do wait longer for it.
func (p *pace) pass(now time.Time) { p.limiter.ReserveN(now, 1) }
