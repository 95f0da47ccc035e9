// SPDX-License-Identifier: Apache-2.0

package downstream

import "sync"

// registry has the open connections, for the watch and the drain. A connection enters it, is replaced when it is known
// what it speaks, and leaves it. No request
// touches it.
type registry struct {
	shards [16]registryShard
}

type registryShard struct {
	mu    sync.Mutex
	conns map[Conn]struct{}
}

func (r *registry) shard(number uint32) *registryShard {
	return &r.shards[number%uint32(len(r.shards))]
}

func (r *registry) add(c Conn, number uint32) {
	s := r.shard(number)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		s.conns = make(map[Conn]struct{})
	}
	s.conns[c] = struct{}{}
}

// replace puts a connection in the place of its former entry, when it begins to speak its protocol.
func (r *registry) replace(before, c Conn, number uint32) {
	s := r.shard(number)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, before)
	s.conns[c] = struct{}{}
}

func (r *registry) remove(c Conn, number uint32) {
	s := r.shard(number)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

// each calls f with every connection. It locks one shard at a time.
func (r *registry) each(f func(Conn)) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		for c := range s.conns {
			f(c)
		}
		s.mu.Unlock()
	}
}
