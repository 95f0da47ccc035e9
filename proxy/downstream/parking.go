// SPDX-License-Identifier: Apache-2.0

package downstream

import (
	"errors"
	"sync"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/park"
	"github.com/warren-dev/ingress/proxy/transport"
)

// parking has the poller in which connections rest. It is made for the first one. While there is none, or it takes no
// more, connections keep their goroutines.
type parking struct {
	logger logr.Logger
	now    func() time.Duration

	mu     sync.Mutex // guards what follows
	poller *park.Poller
	// again is when to try again to make one. told is when it was last logged that a connection keeps its goroutine.
	again, told time.Duration
	// closed is set at the end of a drain.
	closed  bool
	running sync.WaitGroup
}

const (
	// parkingRetry is how long a server waits after a fault before it makes another poller.
	parkingRetry = time.Minute
	// parkingQuiet is the least time between two lines about connections that cannot rest.
	parkingQuiet = time.Minute
)

// lot returns the poller, or nil.
func (p *parking) lot() *park.Poller {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.poller != nil || p.closed || p.again != 0 && now < p.again {
		return p.poller
	}
	poller, err := park.New()
	if err != nil {
		p.again = now + parkingRetry
		if !errors.Is(err, errors.ErrUnsupported) {
			p.tell(err, now)
		}
		return nil
	}
	p.poller = poller
	p.running.Go(func() {
		if err := poller.Run(); err != nil {
			p.lost(err)
		}
	})
	return poller
}

// resting returns how many connections rest.
func (p *parking) resting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.poller == nil {
		return 0
	}
	return p.poller.Waiting()
}

// leave takes a socket out of the poller, if there is one.
func (p *parking) leave(socket transport.Socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.poller != nil {
		p.poller.Remove(int(socket))
	}
}

// lost goes on without a poller that has failed. All that rested in it has been woken.
func (p *parking) lost(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.poller, p.again = nil, now+parkingRetry
	p.told = 0
	p.tell(why, now)
}

// refused notes that a connection cannot rest.
func (p *parking) refused(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.tell(why, p.now())
	}
}

func (p *parking) tell(why error, now time.Duration) {
	if p.told == 0 || now-p.told >= parkingQuiet {
		p.told = now
		p.logger.Error(why, "idle connections keep their goroutines, which takes more memory")
	}
}

// close ends the poller, in which nothing rests any more.
func (p *parking) close() {
	p.mu.Lock()
	p.closed = true
	if p.poller != nil {
		_ = p.poller.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}
