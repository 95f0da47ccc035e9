// SPDX-License-Identifier: Apache-2.0

package balance

import "math/rand/v2"

// leastRequest compares two endpoints: the one whose turn it is, and one chosen at random by weight. It takes the
// second if that has fewer requests under way for its weight. Two choices keep the longest queue almost as short as a
// look at all endpoints would. Several proxies do not all run to the one endpoint that was idle a moment ago
// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
type leastRequest struct {
	turns   *roundRobin
	weights []int64
}

func newLeastRequest(members []member, state *poolState) *leastRequest {
	l := &leastRequest{turns: newRoundRobin(members, &state.cursor), weights: make([]int64, len(members))}
	for i := range members {
		l.weights[i] = int64(members[i].weight)
	}
	return l
}

func (l *leastRequest) pick(c Choice) *Target {
	targets := l.turns.targets
	if len(targets) == 0 {
		return nil
	}
	first := l.turns.position(l.turns.cursor.Add(1) - 1)
	second := l.turns.position(rand.Uint32())
	a, b := targets[first], targets[second]
	switch {
	case c.rulesOut(a) && c.rulesOut(b):
		return l.turns.pick(c)
	case c.rulesOut(b):
		return a
	case c.rulesOut(a):
		return b
	case b.active.Load()*l.weights[first] < a.active.Load()*l.weights[second]:
		return b
	}
	return a
}
