// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long the requests of a window may take to be answered after its end.
const patience = 5 * time.Second

// openLoad sends requests when they are due. The gaps between them are those of many clients that know nothing of each
// other: exponential, and the same for every proxy. A request that finds no free connection waits, and its wait counts.
// So a proxy that stalls gets no credit for what it kept from being sent.
type openLoad struct {
	*loadConns
	gaps *rand.Rand
	due  time.Time
	free []*loadConn
	// waiting are the times at which requests were due that found no free connection.
	waiting []time.Time
	// No request is due after late. unanswered counts the requests of the window without an answer.
	begin, late time.Time
	unanswered  int
}

func runOpen(m *measurement) error {
	c, err := newLoadConns(m)
	if err != nil {
		return err
	}
	// By default the kernel lets a timer be 50 µs late, which every latency would include.
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("asking for exact timers: %w", err)
	}
	o := &openLoad{loadConns: c, gaps: rand.New(rand.NewPCG(1, 2))}
	for range m.spec.Connections {
		made, err := c.connect()
		if err != nil {
			return err
		}
		o.free = append(o.free, made)
	}
	o.due = time.Now()
	o.begin = o.due.Add(m.spec.WarmUp)
	o.late = o.begin.Add(m.spec.Window)
	return o.run()
}

func (o *openLoad) run() error {
	ended := false
	for {
		now := time.Now()
		if !o.counting && !ended && !now.Before(o.begin) {
			if err := o.measurement.begin(); err != nil {
				return err
			}
		}
		if err := o.sendDue(now); err != nil {
			return err
		}
		if o.counting && !now.Before(o.late) {
			ended = true
			if err := o.measurement.end(); err != nil {
				return err
			}
		}
		if ended && (o.unanswered == 0 || now.After(o.late.Add(patience))) {
			return o.giveUp()
		}
		events, err := o.poller.wait(time.Until(o.due))
		if err != nil {
			return err
		}
		for i := range events {
			if err := o.ready(o.open[events[i].Fd]); err != nil {
				return err
			}
		}
	}
}

// sendDue sends what is due by now.
func (o *openLoad) sendDue(now time.Time) error {
	for !o.due.After(now) && o.due.Before(o.late) {
		due := o.due
		o.due = due.Add(time.Duration(o.gaps.ExpFloat64() / o.spec.Rate * float64(time.Second)))
		if !due.Before(o.begin) {
			o.unanswered++
		}
		if len(o.free) == 0 {
			o.waiting = append(o.waiting, due)
			continue
		}
		last := len(o.free) - 1
		cl := o.free[last]
		o.free = o.free[:last]
		if err := o.sendOn(cl, due); err != nil {
			return err
		}
	}
	if !o.due.Before(o.late) {
		// Nothing more is due. The next turn waits for the answers.
		o.due = now.Add(longestWait)
	}
	return nil
}

func (o *openLoad) sendOn(cl *loadConn, due time.Time) error {
	if err := cl.send(o.next(), due); err != nil {
		return o.fail(cl, err)
	}
	return nil
}

// ready goes on with a client's request. When that is done, the client gets a request that waits.
func (o *openLoad) ready(cl *loadConn) error {
	if cl == nil || !cl.busy {
		// If the proxy closed a free connection, that shows when it is used next.
		return nil
	}
	err := cl.run()
	switch {
	case errors.Is(err, errAgain):
		return nil
	case err != nil:
		return o.fail(cl, err)
	}
	// If a proxy falls behind, what it did in the window differs from the requests that were due in it.
	if o.counting {
		o.answered++
	}
	if !cl.since.Before(o.begin) {
		o.unanswered--
		o.latencies = append(o.latencies, time.Since(cl.since))
	}
	return o.release(cl)
}

func (o *openLoad) release(cl *loadConn) error {
	if len(o.waiting) == 0 {
		o.free = append(o.free, cl)
		return nil
	}
	due := o.waiting[0]
	o.waiting = o.waiting[1:]
	return o.sendOn(cl, due)
}

func (o *openLoad) fail(cl *loadConn, failure error) error {
	if !cl.since.Before(o.begin) {
		o.unanswered--
	}
	made, err := o.replace(cl, failure)
	if err != nil {
		return err
	}
	return o.release(made)
}

// giveUp counts what was not answered in time.
func (o *openLoad) giveUp() error {
	if o.unanswered > 0 {
		if o.failed == 0 {
			o.firstFailure = fmt.Sprintf("%d requests had no answer %s after the end: the proxy cannot keep up with the rate", o.unanswered, patience)
		}
		o.failed += o.unanswered
	}
	return nil
}
