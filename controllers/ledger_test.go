// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strconv"
	"testing"
	"time"
)

func TestTheLedgerSaysWhenThereIsRoomForAnOrder(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	entries := func(names string, failed bool, ages ...time.Duration) ledger {
		var l ledger
		for i, age := range ages {
			l = append(l, ledgerEntry{ID: names + strconv.Itoa(i), Names: names, Failed: failed, Time: now.Add(-age)})
		}
		return l
	}
	tests := map[string]struct {
		ledger ledger
		perDay int
		// want is how long to wait.
		want time.Duration
	}{
		"nothing was ordered":              {nil, 1, 0},
		"four orders for the names":        {entries("a", false, 4*day, 3*day, 2*day, day), 0, 0},
		"five orders for the names":        {entries("a", false, 5*day, 4*day, 3*day, 2*day, day), 0, 2 * day},
		"six orders for the names":         {entries("a", false, 6*day, 5*day, 4*day, 3*day, 2*day, day), 0, 2 * day},
		"five, the first a week ago":       {entries("a", false, week, 4*day, 3*day, 2*day, day), 0, 0},
		"five orders for other names":      {entries("b", false, 5*day, 4*day, 3*day, 2*day, day), 0, 0},
		"five that failed over days":       {entries("a", true, 5*day, 4*day, 3*day, 2*day, day), 0, 0},
		"five that failed within the hour": {entries("a", true, 50*time.Minute, 4*time.Minute, 3*time.Minute, 2*time.Minute, time.Minute), 0, 10 * time.Minute},
		"as many today as there may be":    {entries("b", true, 20*time.Hour, time.Hour), 2, 4 * time.Hour},
		"no bound for a day":               {entries("b", true, 20*time.Hour, time.Hour), 0, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			at, why := test.ledger.next(now, "a", test.perDay)
			var got time.Duration
			if !at.IsZero() {
				got = at.Sub(now)
			}
			if got != test.want || (why != "") != (test.want != 0) {
				t.Errorf("wait %s because %q, want %s", got, why, test.want)
			}
		})
	}
}

func TestTheLedgerHasAnAttemptOnceAndForgetsAfterAWeek(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	l := ledger{{ID: "old", Time: now.Add(-week)}}.enter(ledgerEntry{ID: "new", Time: now}).enter(ledgerEntry{ID: "new", Time: now})
	if len(l) != 1 || l[0].ID != "new" {
		t.Errorf("the ledger is %v, want the new entry once", l)
	}
	failed, changed := l.fail("new")
	if _, again := failed.fail("new"); !changed || again || l[0].Failed {
		t.Errorf("failing changed %t and %t, and the ledger before it to %v", changed, again, l)
	}
}

func TestTheWaitAfterFailuresDoublesFromAMinuteTo32Hours(t *testing.T) {
	tests := map[string]struct {
		failures         int32
		retryAfter, want time.Duration
	}{
		"the first":                       {1, 0, time.Minute},
		"the fourth":                      {4, 0, 8 * time.Minute},
		"the eleventh":                    {11, 0, 1024 * time.Minute},
		"the twelfth":                     {12, 0, 32 * time.Hour},
		"the thousandth":                  {1000, 0, 32 * time.Hour},
		"an authority that asks for more": {1, time.Hour, time.Hour},
		"an authority that asks for less": {2, time.Second, 2 * time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := backoff(test.failures, test.retryAfter); got != test.want {
				t.Errorf("wait %s, want %s", got, test.want)
			}
		})
	}
}

func TestAnOrderIsKnownByAllThatTheLedgerHasOfIt(t *testing.T) {
	l := ledger{{ID: "1", Certificate: "shop/tls", Names: "x"}, {ID: "2", Certificate: "shop/tls", Names: "x", Failed: true}}
	for _, test := range []struct {
		id, certificate, names string
		want                   bool
	}{{"1", "shop/tls", "x", true}, {"1", "blog/tls", "x", false}, {"1", "shop/tls", "y", false}, {"2", "shop/tls", "x", false}, {"3", "shop/tls", "x", false}} {
		if e, ok := l.placed(test.id, test.certificate, test.names); ok != test.want || ok && e.ID != test.id {
			t.Errorf("order %s of %s for %s is %v (%v), want it known to be %v", test.id, test.certificate, test.names, e, ok, test.want)
		}
	}
}
