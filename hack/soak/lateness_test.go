// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestLatenessCountsPausesThatReachIntoARound(t *testing.T) {
	t.Parallel()
	began := time.Now()
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	// Naps that end a second late each, the last of which goes on.
	var l lateness
	for _, seconds := range []int{0, 1, 2, 3} {
		l.nap(at(seconds).Add(latenessStep * time.Duration(seconds)))
	}
	now := at(4).Add(4 * latenessStep)
	for _, test := range []struct {
		name string
		from time.Time
		want time.Duration
	}{
		{"all", began, 4 * time.Second},
		{"the last one and the running one", at(3), 2 * time.Second},
		{"the running one", now, time.Second},
	} {
		if got := l.between(test.from, now); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	later := now.Add(3 * roundLimit)
	l.nap(later)
	if got, want := l.between(began, later), later.Sub(now)+time.Second; got != want {
		t.Errorf("once the others are old: got %s, want the last one alone, %s", got, want)
	}
}

func TestNapsThatEndInTimeAreNoLateness(t *testing.T) {
	t.Parallel()
	var l lateness
	now := time.Now()
	for range 100 {
		l.nap(now)
		now = now.Add(latenessStep + latenessLeast - 1)
	}
	if got := l.between(now.Add(-roundLimit), now); got != 0 {
		t.Errorf("got %s, want none", got)
	}
}

func TestOnlyTimeoutsAreExcusedByABusyMachine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		outcome string
		want    bool
	}{
		{"408 RequestTimeout", true},
		{"504 UpstreamTimeout", true},
		{"502 UpstreamReset", false},
		{"404 RouteNotFound", false},
		{"200", false},
	} {
		err := fmt.Errorf("somewhere: %w", timely(test.outcome, errors.New("unexpected")))
		if _, got := errors.AsType[timeoutError](err); got != test.want {
			t.Errorf("%s: got %t, want %t", test.outcome, got, test.want)
		}
	}
}
