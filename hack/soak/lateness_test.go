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
	var l lateness
	for i := range 4 {
		l.add(pause{end: at(10 * i), length: time.Second})
	}
	for _, test := range []struct {
		name string
		from int
		want time.Duration
	}{
		{"all", -5, 4 * time.Second},
		{"the last two", 15, 2 * time.Second},
		{"none", 35, 0},
	} {
		if got := l.since(at(test.from)); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
	l.add(pause{end: at(1000), length: time.Second})
	if got := l.since(at(-5)); got != time.Second {
		t.Errorf("once the others are old: got %s, want the last one alone", got)
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
