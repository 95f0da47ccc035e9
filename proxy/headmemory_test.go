package proxy

import (
	"testing"
)

// holders are connections whose shares a test asks for.
type holderOf struct{ ended chan struct{} }

func (h holderOf) Overdraw() { close(h.ended) }

func newShareOf(m *headMemory, limit int) *headShare {
	return &headShare{memory: m, holder: holderOf{make(chan struct{})}, limit: limit}
}

func (s *headShare) endedBy(t *testing.T) {
	t.Helper()
	receive(t, "the end of the largest", s.holder.(holderOf).ended)
}

func (s *headShare) isEnding() bool {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	return s.leaving
}

func TestShareGrowsAndShrinksInChunks(t *testing.T) {
	m := newHeadMemory(DefaultHeadMemory)
	s := newShareOf(m, connectionHeadMemory)
	for _, step := range []struct{ take, give, want int }{
		{take: 1, want: headChunk},
		{take: headChunk - 1, want: headChunk},
		{take: 1, want: 2 * headChunk},
		{take: 4 * headChunk, want: 6 * headChunk},
		{give: headChunk, want: 6 * headChunk}, // is kept for the next head
		{give: 3 * headChunk, want: 2 * headChunk},
		{take: headChunk, want: 3 * headChunk},
	} {
		if step.take > 0 {
			if ok, _ := s.Take(step.take); !ok {
				t.Fatalf("%d bytes were refused", step.take)
			}
		}
		s.Return(step.give)
		if got := m.held(); got != step.want {
			t.Errorf("after %+v %d bytes are taken", step, got)
		}
	}
	s.Return(s.held)
	s.Rest()
	if got := m.held(); got != 0 {
		t.Errorf("a connection at rest has %d bytes", got)
	}
	s.Charge(5 * headChunk)
	s.Leave()
	s.Return(headChunk) // a stream may end after its connection
	if ok, _ := s.Take(headChunk); !ok || m.held() != 0 || len(m.shares) != 0 {
		t.Errorf("a connection that ended has %d bytes", m.held())
	}
}

func TestConnectionHoldsNoMoreThanItsLimit(t *testing.T) {
	m := newHeadMemory(DefaultHeadMemory)
	s := newShareOf(m, connectionHeadMemory)
	if ok, _ := s.Take(connectionHeadMemory); !ok {
		t.Error("what a connection may hold was refused")
	}
	if ok, end := s.Take(1); ok || end {
		t.Errorf("a byte more: taken %t, end %t, want that it is refused", ok, end)
	}
	if got := m.refused[connectionHeads].Load(); got != 1 {
		t.Errorf("%d refusals were counted, want 1", got)
	}
}

// Who holds much goes for who holds little, and among equals who comes last waits.
func TestConnectionThatHoldsMostEndsWhereMemoryIsShort(t *testing.T) {
	const limit = 8 * headChunk
	fill := func(m *headMemory, chunks ...int) (shares []*headShare) {
		for _, n := range chunks {
			s := newShareOf(m, limit)
			if ok, _ := s.Take(n * headChunk); !ok {
				t.Fatalf("%d chunks were refused", n)
			}
			shares = append(shares, s)
		}
		return shares
	}
	t.Run("for a smaller one", func(t *testing.T) {
		m := newHeadMemory(limit)
		shares := fill(m, 2, 4, 2)
		small := newShareOf(m, limit)
		if ok, end := small.Take(headChunk); !ok || end {
			t.Errorf("taken %t, end %t, want that the largest makes room", ok, end)
		}
		shares[1].endedBy(t)
		if shares[0].isEnding() || shares[2].isEnding() {
			t.Error("another one ends too")
		}
		shares[1].Leave()
		if got := m.held(); got != 5*headChunk || m.leaving != 0 {
			t.Errorf("%d bytes are taken and %d leave, want 5 chunks and none", got, m.leaving)
		}
	})
	t.Run("for one that is as large", func(t *testing.T) {
		m := newHeadMemory(limit)
		fill(m, 4, 4)
		if ok, end := newShareOf(m, limit).Take(4 * headChunk); ok || end {
			t.Errorf("taken %t, end %t, want that it is refused", ok, end)
		}
	})
	t.Run("itself", func(t *testing.T) {
		m := newHeadMemory(limit)
		shares := fill(m, 2, 6)
		if ok, end := shares[1].Take(headChunk); ok || !end {
			t.Errorf("taken %t, end %t, want that it ends", ok, end)
		}
	})
	t.Run("by what others made it hold", func(t *testing.T) {
		m := newHeadMemory(limit)
		shares := fill(m, 2, 6)
		shares[1].Charge(headChunk)
		shares[1].endedBy(t)
	})
	t.Run("while those that end take their time", func(t *testing.T) {
		m := newHeadMemory(limit)
		shares := fill(m, 5, 3)
		taken := 0
		for range 10 {
			if ok, _ := newShareOf(m, limit).Take(headChunk); ok {
				taken++
			}
		}
		shares[0].endedBy(t)
		if most := limit / 4 / headChunk; taken != most {
			t.Errorf("%d chunks were taken beyond the limit, want %d", taken, most)
		}
	})
}
