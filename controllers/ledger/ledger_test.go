// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"strconv"
	"testing"
	"time"
)

func TestTheLedgerSaysWhenThereIsRoomForAnOrder(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	entries := func(like Entry, ages ...time.Duration) ledger {
		var l ledger
		for i, age := range ages {
			e := like
			e.ID, e.Time = like.Names+strconv.Itoa(i), now.Add(-age)
			l = append(l, e)
		}
		return l
	}
	order := func(names string) Entry { return Entry{Names: names} }
	in := func(namespace, names string) Entry { return Entry{Certificate: namespace + "/tls", Names: names} }
	renewed := func(e Entry) Entry { e.Renewal, e.Lifetime = true, lifetimeNoted(90*day); return e }
	lived := func(names string, lifetime time.Duration, renewal bool) Entry {
		return Entry{Names: names, Lifetime: lifetimeNoted(lifetime), Renewal: renewal}
	}
	failed := func(names string, lifetime time.Duration) Entry {
		return Entry{Names: names, Lifetime: lifetimeNoted(lifetime), Failed: true}
	}
	five := []time.Duration{5 * day, 4 * day, 3 * day, 2 * day, day}
	hours := []time.Duration{5 * time.Hour, 4 * time.Hour, 3 * time.Hour, 2 * time.Hour, time.Hour}
	minutes := []time.Duration{50 * time.Minute, 4 * time.Minute, 3 * time.Minute, 2 * time.Minute, time.Minute}
	seconds := []time.Duration{40 * time.Second, 30 * time.Second, 20 * time.Second, 10 * time.Second, time.Second}
	elsewhere, letsEncrypt := "https://ca.example/directory", "https://acme-v02.api.letsencrypt.org/directory"
	tests := map[string]struct {
		ledger    ledger
		order     Entry
		directory string
		perDay    int
		// want is how long to wait.
		want time.Duration
	}{
		"nothing was ordered":              {nil, order("a"), elsewhere, 1, 0},
		"four orders for the names":        {entries(order("a"), five[1:]...), order("a"), elsewhere, 0, 0},
		"five orders for the names":        {entries(order("a"), five...), order("a"), elsewhere, 0, 2 * day},
		"six orders for the names":         {entries(order("a"), append([]time.Duration{6 * day}, five...)...), order("a"), elsewhere, 0, 2 * day},
		"five, the first a week ago":       {entries(order("a"), week, 4*day, 3*day, 2*day, day), order("a"), elsewhere, 0, 0},
		"five orders for other names":      {entries(order("b"), five...), order("a"), elsewhere, 0, 0},
		"five that failed over days":       {entries(failed("a", 90*day), five...), order("a"), elsewhere, 0, 0},
		"five that failed within the hour": {entries(failed("a", 90*day), minutes...), order("a"), elsewhere, 0, 10 * time.Minute},
		"as many today as there may be":    {entries(failed("b", 90*day), 20*time.Hour, time.Hour), in("a", "a"), elsewhere, 2, 4 * time.Hour},
		"no bound for a day":               {entries(failed("b", 90*day), 20*time.Hour, time.Hour), order("a"), elsewhere, 0, 0},

		"a renewal after five orders":                   {entries(order("a"), five...), lived("a", 90*day, true), letsEncrypt, 0, 0},
		"a renewal after five renewals":                 {entries(lived("a", 90*day, true), five...), lived("a", 90*day, true), elsewhere, 0, 2 * day},
		"an order after five renewals":                  {entries(lived("a", 90*day, true), five...), order("a"), letsEncrypt, 0, 2 * day},
		"certificates of 6 days, an order":              {entries(lived("a", 6*day, false), five...), order("a"), elsewhere, 0, 0},
		"certificates of 6 days, an order that counts":  {entries(lived("a", 6*day, false), five...), order("a"), letsEncrypt, 0, 2 * day},
		"certificates of 12 hours, an order":            {entries(lived("a", 12*time.Hour, false), hours...), order("a"), elsewhere, 0, time.Hour},
		"certificates of 12 hours, a renewal":           {entries(lived("a", 12*time.Hour, false), hours...), lived("a", 12*time.Hour, true), elsewhere, 0, 0},
		"certificates of 12 hours, a fast renewal":      {entries(lived("a", 12*time.Hour, true), hours...), lived("a", 12*time.Hour, true), elsewhere, 0, time.Hour},
		"certificates of 90 seconds, a fast renewal":    {entries(lived("a", 90*time.Second, true), seconds...), lived("a", 90*time.Second, true), elsewhere, 0, 5 * time.Second},
		"certificates of 90 seconds that failed":        {entries(failed("a", 90*time.Second), minutes...), lived("a", 90*time.Second, true), elsewhere, 0, 0},
		"certificates of 90 seconds that fail":          {entries(failed("a", 90*time.Second), seconds...), lived("a", 90*time.Second, true), elsewhere, 0, 5 * time.Second},
		"a renewal of 90 days, as many as there may be": {entries(order("b"), time.Hour), lived("a", 90*day, true), elsewhere, 1, 23 * time.Hour},
		"half of them besides renewals":                 {entries(in("b", "b"), 20*time.Hour, time.Hour), in("b", "a"), elsewhere, 5, 4 * time.Hour},
		"three quarters besides renewals":               {entries(in("b", "b"), 20*time.Hour, 2*time.Hour, time.Hour), in("a", "a"), elsewhere, 4, 4 * time.Hour},
		"all of them for a renewal":                     {entries(in("b", "b"), 20*time.Hour, time.Hour), renewed(in("a", "a")), elsewhere, 4, 0},
		"renewals leave half to others":                 {entries(renewed(in("b", "b")), 3*time.Hour, 2*time.Hour, time.Hour), in("a", "a"), elsewhere, 8, 0},
		"a share of a namespace":                        {entries(in("b", "b"), 20*time.Hour, time.Hour), in("b", "c"), elsewhere, 8, 4 * time.Hour},
		"leaves room for another":                       {entries(in("b", "b"), 20*time.Hour, time.Hour), in("a", "a"), elsewhere, 8, 0},
		"a share of renewals":                           {entries(renewed(in("b", "b")), 20*time.Hour, time.Hour), renewed(in("b", "c")), elsewhere, 4, 4 * time.Hour},
		"leaves room for another's renewal":             {entries(renewed(in("b", "b")), 20*time.Hour, time.Hour), renewed(in("a", "a")), elsewhere, 4, 0},
		"a renewal of 12 hours is beside those":         {entries(order("b"), time.Hour), lived("a", 12*time.Hour, true), elsewhere, 1, 0},
		"and not counted among them":                    {entries(lived("b", 12*time.Hour, true), time.Hour), order("a"), elsewhere, 1, 0},
		"but a first order is":                          {entries(lived("b", 12*time.Hour, false), time.Hour), order("a"), elsewhere, 1, 23 * time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			at, why := test.ledger.next(now, test.order, LimitsAt(test.directory, test.perDay))
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

// A renewal is delayed for no longer than the last certificate is valid, with half of its lifetime left.
func TestARenewalIsHeldBackForHalfALifetimeAtMost(t *testing.T) {
	for _, lifetime := range []time.Duration{90 * time.Second, 12 * time.Hour, day, 6 * day, 47 * day, 90 * day} {
		now, limits := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC), LimitsAt("https://ca.example", 1)
		var l ledger
		var issued []time.Time
		// It is due as soon as it is there, again and again.
		for end := now.Add(3 * lifetime); now.Before(end); {
			e := Entry{ID: now.String(), Names: "a", Time: now, Renewal: true, Lifetime: lifetimeNoted(lifetime)}
			if at, _ := l.next(now, e, limits); !at.IsZero() {
				if last := issued[len(issued)-1]; at.Sub(last) > lifetime/2 {
					t.Fatalf("of %s: it waits until %s after the last was issued", lifetime, at.Sub(last))
				}
				if lifetime < shortLived {
					now = at
				} else {
					now = now.Add(day)
				}
				continue
			}
			l, issued = l.enter(e, limits), append(issued, now)
			now = now.Add(time.Second)
		}
		if limit := ordersPerSpan * (1 + int(3*lifetime/min(week, lifetime/2))); len(issued) > limit || len(l) > limit {
			t.Errorf("of %s: %d were ordered in three lifetimes, and %d are remembered, want %d at most", lifetime, len(issued), len(l), limit)
		}
	}
}

func TestTheLedgerHasAnAttemptOnceAndForgetsAfterAWeek(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	l := ledger{{ID: "old", Time: now.Add(-week)}}.enter(Entry{ID: "new", Time: now}, Limits{}).enter(Entry{ID: "new", Time: now}, Limits{})
	if len(l) != 1 || l[0].ID != "new" {
		t.Errorf("the ledger is %v, want the new entry once", l)
	}
	failed, changed := l.fail("new")
	if _, again := failed.fail("new"); !changed || again || l[0].Failed {
		t.Errorf("failing changed %t and %t, and the ledger before it to %v", changed, again, l)
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

// A certificate is renewed with a third of its lifetime left. By then its order does not count any more, and others may
// have been entered since.
func TestTheLedgerKnowsHowLongACertificateLivesUntilItIsRenewed(t *testing.T) {
	begin := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	limits := LimitsAt("https://ca.example/directory", 1)
	for _, lifetime := range []time.Duration{time.Hour, 12 * time.Hour, day, 6 * day} {
		t.Run(lifetime.String(), func(t *testing.T) {
			var l ledger
			known := func(what string, now time.Time) {
				if got := lifetimeIn(l.lifetime("a")); got != lifetime {
					t.Fatalf("%s, after %s, the lifetime is %s", what, now.Sub(begin), got)
				}
			}
			now := begin
			for now.Before(begin.Add(2 * week)) {
				renewal := Entry{ID: now.String(), Names: "a", Time: now, Renewal: now.After(begin), Lifetime: l.lifetime("a")}
				l, _ = l.enter(renewal, limits).issued(renewal.ID, lifetime)
				l = l.enter(Entry{ID: "b" + renewal.ID, Names: "b", Time: now.Add(lifetime * 3 / 5)}, limits)
				now = now.Add(lifetime * 2 / 3)
				known("when it is renewed", now)
			}
			for range 3 {
				renewal := Entry{ID: now.String(), Names: "a", Time: now, Renewal: true, Lifetime: l.lifetime("a")}
				l, _ = l.enter(renewal, limits).fail(renewal.ID)
				now = now.Add(lifetime / 6)
				l = l.enter(Entry{ID: "b" + renewal.ID, Names: "b", Time: now}, limits)
				known("after a renewal failed", now)
			}
		})
	}
}

// Let's Encrypt counts the certificates of a week for one exact set of names, renewals among them.
func TestTheLedgerRemembersForAWeekWhatTheAuthorityCounts(t *testing.T) {
	begin := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for directory, want := range map[string]time.Time{
		"https://acme-v02.api.letsencrypt.org/directory": begin.Add(2*day + week),
		"https://ca.example/directory":                   {},
	} {
		limits := LimitsAt(directory, 0)
		var l ledger
		for i := range 7 {
			l = l.enter(Entry{ID: strconv.Itoa(i), Names: "a", Time: begin.Add(time.Duration(i) * day), Renewal: true, Lifetime: lifetimeNoted(day)}, limits)
		}
		if got, _ := l.next(begin.Add(6*day+13*time.Hour), Entry{Names: "a"}, limits); !got.Equal(want) {
			t.Errorf("%s: after 7 renewals in a week there is room for an order at %v, want %v", directory, got, want)
		}
		if len(l) > ordersPerSpan+1 {
			t.Errorf("%s: %d orders are remembered", directory, len(l))
		}
	}
}

// One namespace, or several, take all places that they get. Another still gets one, and renewals get theirs.
func TestNoNamespaceTakesAllPlacesOfTheLedger(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	limits := LimitsAt("https://ca.example", 200)
	for _, greedy := range []int{1, 2, 10, 49, 200} {
		var l ledger
		n := 0
		place := func(namespace string, renewal bool) bool {
			n++
			e := Entry{ID: strconv.Itoa(n), Certificate: namespace + "/tls", Names: strconv.Itoa(n), Time: now, Renewal: renewal}
			at, _ := l.next(now, e, limits)
			if at.IsZero() {
				l = l.enter(e, limits)
			}
			return at.IsZero()
		}
		for i := range greedy {
			for place("greedy-"+strconv.Itoa(i), false) {
			}
		}
		if !place("modest", false) && greedy < 50 {
			t.Errorf("after %d namespaces that took all, one gets no place", greedy)
		}
		renewals := 0
		for i := range 100 {
			if place("served-"+strconv.Itoa(i%10), true) {
				renewals++
			}
		}
		if renewals < 45 {
			t.Errorf("after %d namespaces that took all, of 100 renewals of ten namespaces %d have a place", greedy, renewals)
		}
	}
}

func TestWhatALimitSaysNamesNoOtherNamespace(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	l := ledger{{ID: "1", Certificate: "secret-project/tls", Names: "x", Time: now}, {ID: "2", Certificate: "b/tls", Names: "y", Time: now}}
	for perDay, want := range map[int]string{
		2: "as many orders were placed within a day as --acme-orders-per-day allows: the controller's operator can raise that",
		4: "as many orders other than renewals were placed within a day as there may be, half of what --acme-orders-per-day allows: " +
			"the controller's operator can raise that",
		6: "this namespace's share of the orders of a day is used up, of those that --acme-orders-per-day allows to all, half of them to orders " +
			"other than renewals: the controller's operator can raise that",
	} {
		if _, got := l.next(now, Entry{Certificate: "b/other", Names: "z"}, LimitsAt("https://ca.example", perDay)); got != want {
			t.Errorf("with %d a day it says %q, want %q", perDay, got, want)
		}
	}
}
