// SPDX-License-Identifier: Apache-2.0

package http2

// workers are the goroutines of a connection's streams. A worker that has nothing to do waits for the next stream,
// because its stack has already grown to what serving takes. The connection's lock guards the list.
type workers struct {
	idle []*worker
}

type worker struct {
	// next has room for one stream, so that giving an idle worker a stream does not block.
	next chan *Stream
}

// serve has a stream served.
func (w *workers) serve(c *ServerConn, s *Stream) {
	if n := len(w.idle); n > 0 {
		last := w.idle[n-1]
		w.idle = w.idle[:n-1]
		last.next <- s
		return
	}
	c.senders.Go(func() {
		one := &worker{next: make(chan *Stream, 1)}
		one.run(c, s)
	})
}

// run serves one stream after another until the worker is dismissed.
func (w *worker) run(c *ServerConn, s *Stream) {
	for ok := true; ok; {
		s.exchange.Serve()
		s.dropContent()
		if !c.finish(s, w) {
			return
		}
		s, ok = <-w.next
	}
}

// finish ends the stream, or what is left of it, and puts its worker among the idle ones. It returns false if no more
// streams will come.
func (c *ServerConn) finish(s *Stream, w *worker) (more bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endStream(s)
	if c.err != nil {
		return false
	}
	c.workers.idle = append(c.workers.idle, w)
	return true
}

// dismiss ends the idle workers, except for as many as but says.
func (w *workers) dismiss(but int) {
	for len(w.idle) > but {
		last := len(w.idle) - 1
		close(w.idle[last].next)
		w.idle[last] = nil
		w.idle = w.idle[:last]
	}
	if but == 0 {
		w.idle = nil
	}
}
