// SPDX-License-Identifier: Apache-2.0

package headmemory

import (
	"testing"
	"time"
)

// holderOf is a connection that takes a share in a test.
type holderOf struct{ ended chan struct{} }

func (h holderOf) Overdraw() { close(h.ended) }

func newShareOf(m *Memory, limit int) *Share {
	return &Share{memory: m, holder: holderOf{make(chan struct{})}, limit: limit}
}

func (s *Share) endedBy(t *testing.T) {
	t.Helper()
	select {
	case <-s.holder.(holderOf).ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the largest did not end")
	}
}

func (s *Share) isEnding() bool {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	return s.leaving
}

func TestShareGrowsAndShrinksInChunks(t *testing.T) {
	m := New(Default)
	s := newShareOf(m, perConnection)
	for _, step := range []struct{ take, give, want int }{
		{take: 1, want: Chunk},
		{take: Chunk - 1, want: Chunk},
		{take: 1, want: 2 * Chunk},
		{take: 4 * Chunk, want: 6 * Chunk},
		{give: Chunk, want: 6 * Chunk}, // is kept for the next head
		{give: 3 * Chunk, want: 2 * Chunk},
		{take: Chunk, want: 3 * Chunk},
	} {
		if step.take > 0 {
			if ok, _ := s.Take(step.take); !ok {
				t.Fatalf("%d bytes were refused", step.take)
			}
		}
		s.Return(step.give)
		if got := m.Held(); got != step.want {
			t.Errorf("after %+v %d bytes are taken", step, got)
		}
	}
	s.Return(s.held)
	s.Rest()
	if got := m.Held(); got != 0 {
		t.Errorf("a connection at rest has %d bytes", got)
	}
	s.Charge(5 * Chunk)
	s.Leave()
	s.Return(Chunk) // a stream may end after its connection
	if ok, _ := s.Take(Chunk); !ok || m.Held() != 0 || len(m.shares) != 0 {
		t.Errorf("a connection that ended has %d bytes", m.Held())
	}
}

func TestConnectionHoldsNoMoreThanItsLimit(t *testing.T) {
	m := New(Default)
	s := newShareOf(m, perConnection)
	if ok, _ := s.Take(perConnection); !ok {
		t.Error("what a connection may hold was refused")
	}
	if ok, end := s.Take(1); ok || end {
		t.Errorf("a byte more: taken %t, end %t, want that it is refused", ok, end)
	}
	if got := m.refused[Connection].Load(); got != 1 {
		t.Errorf("%d refusals were counted, want 1", got)
	}
}

// A connection that holds much ends for one that holds little. Among equals, the last one waits.
func TestConnectionThatHoldsMostEndsWhereMemoryIsShort(t *testing.T) {
	const limit = 8 * Chunk
	fill := func(m *Memory, chunks ...int) (shares []*Share) {
		for _, n := range chunks {
			s := newShareOf(m, limit)
			if ok, _ := s.Take(n * Chunk); !ok {
				t.Fatalf("%d chunks were refused", n)
			}
			shares = append(shares, s)
		}
		return shares
	}
	t.Run("for a smaller one", func(t *testing.T) {
		m := New(limit)
		shares := fill(m, 2, 4, 2)
		small := newShareOf(m, limit)
		if ok, end := small.Take(Chunk); !ok || end {
			t.Errorf("taken %t, end %t, want that the largest makes room", ok, end)
		}
		shares[1].endedBy(t)
		if shares[0].isEnding() || shares[2].isEnding() {
			t.Error("another one ends too")
		}
		shares[1].Leave()
		if got := m.Held(); got != 5*Chunk || m.leaving != 0 {
			t.Errorf("%d bytes are taken and %d leave, want 5 chunks and none", got, m.leaving)
		}
	})
	t.Run("for one that is as large", func(t *testing.T) {
		m := New(limit)
		fill(m, 4, 4)
		if ok, end := newShareOf(m, limit).Take(4 * Chunk); ok || end {
			t.Errorf("taken %t, end %t, want that it is refused", ok, end)
		}
	})
	t.Run("itself", func(t *testing.T) {
		m := New(limit)
		shares := fill(m, 2, 6)
		if ok, end := shares[1].Take(Chunk); ok || !end {
			t.Errorf("taken %t, end %t, want that it ends", ok, end)
		}
	})
	t.Run("by what others made it hold", func(t *testing.T) {
		m := New(limit)
		shares := fill(m, 2, 6)
		shares[1].Charge(Chunk)
		shares[1].endedBy(t)
	})
	t.Run("while those that end take their time", func(t *testing.T) {
		m := New(limit)
		shares := fill(m, 5, 3)
		taken := 0
		for range 10 {
			if ok, _ := newShareOf(m, limit).Take(Chunk); ok {
				taken++
			}
		}
		shares[0].endedBy(t)
		if most := limit / 4 / Chunk; taken != most {
			t.Errorf("%d chunks were taken beyond the limit, want %d", taken, most)
		}
	})
}
