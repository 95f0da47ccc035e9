// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day

	// ordersPerWeek is how many orders for one exact set of names may lead to a certificate in a week. Let's Encrypt issues no
	// more either, and then none for the rest of the week.
	ordersPerWeek = 5
	// failuresPerHour is how many orders for one exact set of names may fail in an hour: Let's Encrypt takes no more for a name.
	failuresPerHour = 5
)

// ledger is the orders of the last week, oldest first. It is kept in the cluster, so that neither a restart nor a loop of any
// kind places more orders than the authority puts up with.
type ledger []ledgerEntry

// ledgerEntry is an order that was placed, or was about to be.
type ledgerEntry struct {
	// ID is the attempt's, so that one that is resumed is entered once.
	ID string `json:"id"`
	// Certificate is "namespace/name" of the TLSCertificate, for people.
	Certificate string `json:"certificate"`
	// Names stands for the exact set of names at one authority.
	Names string    `json:"names"`
	Time  time.Time `json:"time"`
	// Failed is for an order that led to no certificate.
	Failed bool `json:"failed,omitempty"`
}

// nameSet stands for an exact set of names: the same for every order of them, and short.
func nameSet(hosts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(hosts)), "\n")))
	return hex.EncodeToString(sum[:8])
}

// namesAt stands for an exact set of names at one authority: what was ordered from a staging one takes no place of another's
// limit.
func namesAt(directory string, hosts []string) string {
	return nameSet(append(slices.Clone(hosts), directory))
}

// ledgerRule allows at most so many entries that it counts within a time.
type ledgerRule struct {
	limit  int
	within time.Duration
	counts func(ledgerEntry) bool
	// text says what there were too many of.
	text string
}

// next returns when an order for a set of names may be placed, the zero time for at once, and else why not before. A
// limit a day of 0 is none.
func (l ledger) next(now time.Time, names string, perDay int) (at time.Time, why string) {
	rules := []ledgerRule{
		{ordersPerWeek, week, func(e ledgerEntry) bool { return e.Names == names && !e.Failed },
			"5 orders for exactly these names were placed within a week"},
		{failuresPerHour, time.Hour, func(e ledgerEntry) bool { return e.Names == names && e.Failed },
			"5 orders for exactly these names failed within an hour"},
	}
	if perDay > 0 {
		rules = append(rules, ledgerRule{perDay, day, func(ledgerEntry) bool { return true },
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
	left := rule.limit
	for _, e := range slices.Backward(l) {
		if !rule.counts(e) || now.Sub(e.Time) >= rule.within {
			continue
		}
		if left--; left == 0 {
			return e.Time.Add(rule.within)
		}
	}
	return time.Time{}
}

// enter returns the ledger with an entry, once, and without those that are older than any rule looks back.
func (l ledger) enter(e ledgerEntry) ledger {
	if slices.ContainsFunc(l, func(o ledgerEntry) bool { return o.ID == e.ID }) {
		return l
	}
	kept := make(ledger, 0, len(l)+1)
	for _, o := range l {
		if e.Time.Sub(o.Time) < week {
			kept = append(kept, o)
		}
	}
	kept = append(kept, e)
	// Clocks of replicas differ by a little.
	slices.SortStableFunc(kept, func(a, b ledgerEntry) int { return a.Time.Compare(b.Time) })
	return kept
}

// fail returns the ledger with the entry of that ID marked as failed, and whether that changes it.
func (l ledger) fail(id string) (ledger, bool) {
	i := slices.IndexFunc(l, func(e ledgerEntry) bool { return e.ID == id })
	if i < 0 || l[i].Failed {
		return l, false
	}
	changed := slices.Clone(l)
	changed[i].Failed = true
	return changed, true
}

// placed returns the entry of an order for a set of names that may come to something, by its ID.
func (l ledger) placed(id, certificate, names string) (ledgerEntry, bool) {
	i := slices.IndexFunc(l, func(e ledgerEntry) bool {
		return e.ID == id && e.Certificate == certificate && e.Names == names && !e.Failed
	})
	if i < 0 {
		return ledgerEntry{}, false
	}
	return l[i], true
}
