package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// lateness knows when this process did not get to run. Where others keep the machine busy, a timeout that nobody
// reaches otherwise says nothing about the proxy.
type lateness struct {
	mu sync.Mutex
	// pauses are the latest ones, in their order.
	pauses []pause
}

type pause struct {
	end    time.Time
	length time.Duration
}

const (
	// latenessStep is what a nap is meant to last; latenessLeast is how much longer it has to last to count.
	latenessStep  = 20 * time.Millisecond
	latenessLeast = 30 * time.Millisecond
	// tooLate is how much lateness during a round excuses a timeout.
	tooLate = 500 * time.Millisecond
)

// watch naps until ctx ends.
func (l *lateness) watch(ctx context.Context) {
	for began := time.Now(); rest(ctx, latenessStep); began = time.Now() {
		if late := time.Since(began) - latenessStep; late >= latenessLeast {
			l.add(pause{end: time.Now(), length: late})
		}
	}
}

func (l *lateness) add(p pause) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// A round does not last longer than roundLimit, so older ones are of no use to anybody.
	l.pauses = slices.DeleteFunc(l.pauses, func(old pause) bool { return p.end.Sub(old.end) > 2*roundLimit })
	l.pauses = append(l.pauses, p)
}

// since is for how long, in all, nothing ran when it should have.
func (l *lateness) since(t time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := time.Duration(0)
	for _, p := range l.pauses {
		if p.end.After(t) {
			sum += p.length
		}
	}
	return sum
}

// timeoutError is an outcome that a busy machine can bring about.
type timeoutError struct{ error }

func (e timeoutError) Unwrap() error { return e.error }

// cutOff marks an error of sending as one: a client that is late is answered and cut off while it still sends.
func cutOff(err error) error { return timeoutError{err} }

// timely marks an error as one, where the outcome that it is about is a timeout.
func timely(outcome string, err error) error {
	if strings.HasSuffix(outcome, "Timeout") {
		return timeoutError{err}
	}
	return err
}
