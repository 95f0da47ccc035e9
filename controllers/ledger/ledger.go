// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day

	// ordersPerSpan is how many orders for one exact set of names may lead to a certificate in a week. Let's Encrypt
	// issues no more either, and then none for the rest of the week.
	ordersPerSpan = 5
	// failuresPerHour is how many orders for one exact set of names may fail in an hour: Let's Encrypt takes no more for a
	// name.
	failuresPerHour = 5
	// shortLived is below which lifetime the renewals of a certificate take no place of the bound a day: each takes
	// several.
	shortLived = 2 * day
)

// ledger is the orders of the last week, oldest first. It is kept in the cluster, so that neither a restart nor a loop
// of any kind places more orders than the authority puts up with.
type ledger []Entry

// Entry is an order that was placed, or was about to be.
type Entry struct {
	// ID is the attempt's, so that one that is resumed is entered once.
	ID string `json:"id"`
	// Certificate is "namespace/name" of the TLSCertificate, for people.
	Certificate string `json:"certificate"`
	// Names stands for the exact set of names at one authority.
	Names string    `json:"names"`
	Time  time.Time `json:"time"`
	// Failed is for an order that led to no certificate.
	Failed bool `json:"failed,omitempty"`
	// Renewal is for the order of a certificate that is due because of the time alone.
	Renewal bool `json:"renewal,omitempty"`
	// Lifetime is that of the certificate, or before there is one of that before it, in seconds; 0 if it is not known,
	// or so long that it makes no difference.
	Lifetime int64 `json:"lifetime,omitempty"`
}

// span is how long an order counts: a week, and for a certificate that does not live for two weeks half of that. None
// is held back past its end then, as the order that it waits for is older than the certificate that is served.
func (e Entry) span() time.Duration {
	if e.Lifetime == 0 {
		return week
	}
	return min(week, lifetimeIn(e.Lifetime)/2)
}

// brief is for an order that the bound a day does not count.
func (e Entry) brief() bool {
	return e.Renewal && e.Lifetime != 0 && lifetimeIn(e.Lifetime) < shortLived
}

// kept is how long an entry is remembered: no rule looks back farther.
func (e Entry) kept() time.Duration {
	if e.brief() {
		return max(e.span(), time.Hour)
	}
	return week
}

func lifetimeIn(seconds int64) time.Duration { return time.Duration(seconds) * time.Second }

// lifetimeNoted is what a ledger says of a lifetime.
func lifetimeNoted(lifetime time.Duration) int64 {
	if lifetime >= 2*week {
		return 0
	}
	return max(int64(lifetime/time.Second), 1)
}

// NameSet stands for an exact set of names: the same for every order of them, and short.
func NameSet(hosts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(hosts)), "\n")))
	return hex.EncodeToString(sum[:8])
}

// NamesAt stands for an exact set of names at one authority: what was ordered from a staging one takes no place of
// another's limit.
func NamesAt(directory string, hosts []string) string {
	return NameSet(append(slices.Clone(hosts), directory))
}

// ledgerRule allows at most so many entries that it counts within a time, which may be each entry's own.
type ledgerRule struct {
	limit  int
	within func(Entry) time.Duration
	counts func(Entry) bool
	// text says what there were too many of.
	text string
}

// Limits are what rules go by beside the ledger.
type Limits struct {
	// perDay is how many orders there may be in a day; 0 is no bound.
	perDay int
	// weekly is for an authority that counts the orders of a week, however short its certificates live.
	weekly bool
}

// LimitsAt returns the limits at an authority.
func LimitsAt(directory string, perDay int) Limits {
	u, err := url.Parse(directory)
	weekly := err == nil && strings.HasSuffix("."+strings.ToLower(u.Hostname()), ".letsencrypt.org")
	return Limits{perDay: perDay, weekly: weekly}
}

// next returns when an order may be placed, the zero time for at once, and else why not before. The renewal of a
// certificate is not held back by what else was ordered: it is exempt where such a limit is an authority's. It has one
// of its own, against mistakes and loops.
func (l ledger) next(now time.Time, order Entry, limits Limits) (at time.Time, why string) {
	same := func(e Entry) bool { return e.Names == order.Names }
	within := func(d time.Duration) func(Entry) time.Duration {
		return func(Entry) time.Duration { return d }
	}
	issued := func(e Entry) bool { return same(e) && !e.Failed }
	rules := []ledgerRule{{failuresPerHour, func(e Entry) time.Duration { return min(time.Hour, e.span()) },
		func(e Entry) bool { return same(e) && e.Failed },
		"5 orders for exactly these names failed within an hour"}}
	switch {
	case order.Renewal:
		rules = append(rules, ledgerRule{ordersPerSpan, Entry.span,
			func(e Entry) bool { return issued(e) && e.Renewal },
			"the certificate was renewed 5 times within a week, or within half its lifetime"})
	case limits.weekly:
		rules = append(rules, ledgerRule{ordersPerSpan, within(week), issued,
			"5 orders for exactly these names were placed within a week"})
	default:
		rules = append(rules, ledgerRule{ordersPerSpan, Entry.span, issued, "5 orders for exactly these names " +
			"were placed within a week, or within half the lifetime of their certificate"})
	}
	if limits.perDay > 0 && !order.brief() {
		rules = append(rules, ledgerRule{limits.perDay, within(day), func(e Entry) bool { return !e.brief() },
			"as many orders were placed within a day as --acme-orders-per-day allows"})
	}
	for _, rule := range rules {
		if until := l.until(now, rule); until.After(at) {
			at, why = until, rule.text
		}
	}
	return at, why
}

// until returns when a rule allows one more entry, or the zero time if it does so already.
func (l ledger) until(now time.Time, rule ledgerRule) time.Time {
	var ends []time.Time
	for _, e := range l {
		if end := e.Time.Add(rule.within(e)); rule.counts(e) && end.After(now) {
			ends = append(ends, end)
		}
	}
	if len(ends) < rule.limit {
		return time.Time{}
	}
	slices.SortFunc(ends, time.Time.Compare)
	return ends[len(ends)-rule.limit]
}

// lifetime returns that of the certificate that was ordered last for a set of names, as entries note it.
func (l ledger) lifetime(names string) int64 {
	for _, e := range slices.Backward(l) {
		if e.Names == names && !e.Failed {
			return e.Lifetime
		}
	}
	return 0
}

// enter returns the ledger with an entry, once, and without those that are older than any rule looks back.
func (l ledger) enter(e Entry) ledger {
	if slices.ContainsFunc(l, func(o Entry) bool { return o.ID == e.ID }) {
		return l
	}
	kept := make(ledger, 0, len(l)+1)
	for _, o := range l {
		if e.Time.Sub(o.Time) < o.kept() {
			kept = append(kept, o)
		}
	}
	kept = append(kept, e)
	// Clocks of replicas differ by a little.
	slices.SortStableFunc(kept, func(a, b Entry) int { return a.Time.Compare(b.Time) })
	return kept
}

// fail returns the ledger with the entry of that ID marked as failed, and whether that changes it.
func (l ledger) fail(id string) (ledger, bool) {
	i := slices.IndexFunc(l, func(e Entry) bool { return e.ID == id })
	if i < 0 || l[i].Failed {
		return l, false
	}
	changed := slices.Clone(l)
	changed[i].Failed = true
	return changed, true
}

// issued returns the ledger with the lifetime of the certificate that the order of that ID led to, and whether that
// changes it.
func (l ledger) issued(id string, lifetime time.Duration) (ledger, bool) {
	i := slices.IndexFunc(l, func(e Entry) bool { return e.ID == id })
	if i < 0 || l[i].Lifetime == lifetimeNoted(lifetime) {
		return l, false
	}
	changed := slices.Clone(l)
	changed[i].Lifetime = lifetimeNoted(lifetime)
	return changed, true
}

// placed returns the entry of an order for a set of names that may come to something, by its ID.
func (l ledger) placed(id, certificate, names string) (Entry, bool) {
	i := slices.IndexFunc(l, func(e Entry) bool {
		return e.ID == id && e.Certificate == certificate && e.Names == names && !e.Failed
	})
	if i < 0 {
		return Entry{}, false
	}
	return l[i], true
}
