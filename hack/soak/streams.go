// SPDX-License-Identifier: Apache-2.0

package main

import "sync"

// streams lets a client tell an endpoint, past the proxy, what has arrived.
type streams struct {
	mu   sync.Mutex
	open map[string]chan int
}

func newStreams() *streams { return &streams{open: make(map[string]chan int)} }

// add opens a stream of that name.
func (s *streams) add(name string) chan int {
	// One message may be under way before its reader is there.
	c := make(chan int, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[name] = c
	return c
}

// find returns the stream of that name, or nil.
func (s *streams) find(name string) chan int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[name]
}

// remove ends a stream.
func (s *streams) remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, name)
}
