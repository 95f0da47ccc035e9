// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"sync"
	"time"

	"github.com/warren-dev/ingress/proxy/park"
	"github.com/warren-dev/ingress/proxy/transport"
)

// rest is how a connection waits for its next request: without a goroutine, without a buffer, and unknown to the
// runtime's poller. It begins when the watch finds that the connection has been idle for a moment. A new goroutine
// goes on with the connection when there is something to read, or when its idle time is over.
type rest struct {
	mu sync.Mutex // guards what follows, and changes of the link's transport
	// resting is set while the connection rests. socket is what it has then. until is when its idle time is over, by the
	// clock, or 0.
	resting bool
	socket  transport.Socket
	until   time.Duration
	// cut is set once somebody has closed the connection who does not serve it.
	cut bool
}

// carriedBy returns the transport, for those who do not serve the connection. It is nil while the connection rests.
func (l *link) carriedBy() *transport.TCP {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.transport
}

// park lets the connection rest until w is woken. The caller holds l.mu, and serves the connection. It returns false if
// the connection cannot rest, and goes on with it then.
func (l *link) park(w park.Waiter) bool {
	secured, isTLS := l.carrier.(*transport.TLS)
	if l.cut || isTLS && secured.Unread() {
		return false
	}
	lot := l.server.parking.lot()
	if lot == nil {
		return false
	}
	socket, err := l.transport.Duplicate()
	if err != nil {
		l.server.parking.refused(err)
		return false
	}
	if err := lot.Add(int(socket), w, park.Readable); err != nil {
		socket.Close()
		l.server.parking.refused(err)
		return false
	}
	l.resting, l.socket, l.until = true, socket, l.transport.WaitsUntil()
	_ = l.transport.Close() // The duplicate stays open.
	l.transport = nil
	if isTLS {
		secured.Rest()
	} else {
		l.carrier = nil
	}
	return true
}

// unpark gives the connection a transport again. The caller holds l.mu. ours is false if the connection does not rest
// any more. err is why it has ended instead.
func (l *link) unpark() (ours bool, err error) {
	if !l.resting {
		return false, nil
	}
	l.leaveLot()
	t, err := l.socket.Attach(l.server.engine.Clock, l.server.config.WriteTimeout)
	if err != nil {
		return true, err
	}
	t.WaitUntil(l.until)
	l.transport = t
	if secured, ok := l.carrier.(*transport.TLS); ok {
		secured.Over(t)
	} else {
		l.carrier = t
	}
	return true, nil
}

// leaveLot ends the rest. Nobody is woken for it any more.
func (l *link) leaveLot() {
	l.resting = false
	l.server.parking.leave(l.socket)
}

// close closes the connection, or resets it, for those who do not serve it. It says whether the connection rested: then
// nobody serves it, and the caller has its work ended.
func (l *link) close(reset bool) (rested bool) {
	l.mu.Lock()
	l.cut = true
	t, rested := l.transport, l.resting
	if rested {
		l.leaveLot()
		if reset {
			l.socket.Reset()
		} else {
			l.socket.Close()
		}
	}
	l.mu.Unlock()
	switch {
	case rested || t == nil:
	case reset:
		t.Reset()
	default:
		_ = t.Close()
	}
	return rested
}

// rests says whether the connection rests, and whether its idle time is over.
func (l *link) rests(now time.Duration) (resting, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.resting, l.resting && l.until > 0 && now >= l.until
}
