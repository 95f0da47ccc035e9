// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// lateness knows when this process did not get to run. If others keep the machine busy, a timeout that is not reached
// otherwise says nothing about the proxy.
type lateness struct {
	mu sync.Mutex
	// pauses are the latest ones, in order.
	pauses []pause
	// due is when the running nap should end. If it is past, a pause is going on that is not noted yet.
	due time.Time
}

type pause struct {
	end    time.Time
	length time.Duration
}

const (
	// latenessStep is how long a nap should last. latenessLeast is how much longer it has to last to count.
	latenessStep  = 20 * time.Millisecond
	latenessLeast = 30 * time.Millisecond
	// tooLate is how much lateness during a round excuses a timeout.
	tooLate = 500 * time.Millisecond
)

// watch naps until ctx ends.
func (l *lateness) watch(ctx context.Context) {
	l.nap(time.Now())
	for rest(ctx, latenessStep) {
		l.nap(time.Now())
	}
}

// nap notes how late it is, and that the next nap begins.
func (l *lateness) nap(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, late := l.running(now); late {
		l.add(p)
	}
	l.due = now.Add(latenessStep)
}

// running returns the pause that the running nap has become, if it has.
func (l *lateness) running(now time.Time) (p pause, late bool) {
	p = pause{end: now, length: now.Sub(l.due)}
	return p, !l.due.IsZero() && p.length >= latenessLeast
}

func (l *lateness) add(p pause) {
	// A round does not last longer than roundLimit, so nobody needs older ones.
	l.pauses = slices.DeleteFunc(l.pauses, func(old pause) bool { return p.end.Sub(old.end) > 2*roundLimit })
	l.pauses = append(l.pauses, p)
}

// between returns for how long, in all, nothing ran although it should have.
func (l *lateness) between(t, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := time.Duration(0)
	if p, late := l.running(now); late {
		sum = p.length
	}
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

// cutOff marks an error of sending as a timeoutError. A client that is late is answered and cut off while it still
// sends.
func cutOff(err error) error { return timeoutError{err} }

// timely marks an error as a timeoutError, if the outcome that it is about is a timeout.
func timely(outcome string, err error) error {
	if strings.HasSuffix(outcome, "Timeout") {
		return timeoutError{err}
	}
	return err
}
