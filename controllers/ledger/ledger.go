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
	// issues no more than that either, and then none for the rest of the week.
	ordersPerSpan = 5
	// failuresPerHour is how many orders for one exact set of names may fail in an hour. Let's Encrypt accepts no more for
	// a name.
	failuresPerHour = 5
	// shortLived is the lifetime below which the renewals of a certificate do not count towards the daily limit: such a
	// certificate is renewed several times a day.
	shortLived = 2 * day
)

// ledger is the orders of the last week, oldest first. It is kept in the cluster, so that neither a restart nor a loop
// of any kind places more orders than the authority accepts.
type ledger []Entry

// Entry is an order that was placed, or was about to be.
type Entry struct {
	// ID is the attempt's, so that an attempt that is resumed is entered once.
	ID string `json:"id"`
	// Certificate is the "namespace/name" of the TLSCertificate. It is for people.
	Certificate string `json:"certificate"`
	// Names identifies the exact set of names at one authority.
	Names string    `json:"names"`
	Time  time.Time `json:"time"`
	// Failed is set if the order led to no certificate.
	Failed bool `json:"failed,omitempty"`
	// Renewal is set if the certificate was due for no other reason than time.
	Renewal bool `json:"renewal,omitempty"`
	// Lifetime is the certificate's in seconds, or the one of the certificate before until there is a new one. It is 0 if
	// it is not known, or is so long that it makes no difference.
	Lifetime int64 `json:"lifetime,omitempty"`
}

// namespace returns the one of the TLSCertificate.
func (e Entry) namespace() string {
	namespace, _, _ := strings.Cut(e.Certificate, "/")
	return namespace
}

// span is how long an order counts: a week, or half the lifetime of a certificate that lives for less than two weeks.
// This delays no renewal past the certificate's end: by then the order that it waits for is older than the certificate
// that is served.
func (e Entry) span() time.Duration {
	if e.Lifetime == 0 {
		return week
	}
	return min(week, lifetimeIn(e.Lifetime)/2)
}

// brief returns whether the daily limit does not count this order.
func (e Entry) brief() bool {
	return e.Renewal && e.Lifetime != 0 && lifetimeIn(e.Lifetime) < shortLived
}

// kept is how long an entry is remembered in any case. Only the weekly rule looks back farther than that.
func (e Entry) kept() time.Duration {
	if e.brief() {
		return max(e.span(), time.Hour)
	}
	return week
}

func lifetimeIn(seconds int64) time.Duration { return time.Duration(seconds) * time.Second }

// lifetimeNoted returns a lifetime as an entry has it.
func lifetimeNoted(lifetime time.Duration) int64 {
	if lifetime >= 2*week {
		return 0
	}
	return max(int64(lifetime/time.Second), 1)
}

// NameSet returns a short text that identifies an exact set of names: it is the same for every order of them.
func NameSet(hosts []string) string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(hosts)), "\n")))
	return hex.EncodeToString(sum[:8])
}

// NamesAt returns a short text that identifies an exact set of names at one authority: orders from a staging authority
// do not count towards another's limit.
func NamesAt(directory string, hosts []string) string {
	return NameSet(append(slices.Clone(hosts), directory))
}

// ledgerRule allows one more entry while those that it counts within a time, which may be each entry's own, weigh less
// than limit.
type ledgerRule struct {
	limit  int
	within func(Entry) time.Duration
	weight func(Entry) int
	// text says what there were too many of.
	text string
}

// each gives the entries that are counted a weight of 1.
func each(counts func(Entry) bool) func(Entry) int {
	return func(e Entry) int {
		if counts(e) {
			return 1
		}
		return 0
	}
}

// shared gives the entries that are counted a weight of 1, and those of one namespace a weight of 2. So a namespace
// has no more of them than are left for all others: one that takes all that it can leaves half of them, and a second
// one half of those.
func shared(namespace string, counts func(Entry) bool) func(Entry) int {
	return func(e Entry) int {
		switch {
		case !counts(e):
			return 0
		case e.namespace() == namespace:
			return 2
		}
		return 1
	}
}

// Limits are what rules depend on besides the ledger.
type Limits struct {
	// perDay is how many orders there may be in a day. 0 is for no limit.
	perDay int
	// weekly is set for an authority that counts the orders of a week, however short its certificates live.
	weekly bool
}

// latest is how many of the latest orders for one exact set of names are remembered for a week, however short their
// certificates live. The latest one says how long certificates for the names live, also when it does not count any
// more. An order that failed is none of them.
func (l Limits) latest() int {
	if l.weekly {
		return ordersPerSpan
	}
	return 1
}

// LimitsAt returns the limits at an authority.
func LimitsAt(directory string, perDay int) Limits {
	u, err := url.Parse(directory)
	weekly := err == nil && strings.HasSuffix("."+strings.ToLower(u.Hostname()), ".letsencrypt.org")
	return Limits{perDay: perDay, weekly: weekly}
}

// next returns when an order may be placed, the zero time for at once, and why not earlier.
//
// The limit on orders for the same names does not hold back a renewal: authorities exempt renewals from it. Renewals
// have a limit of their own here, against mistakes and loops. The hourly limit on failures is for renewals too, and so
// is the daily limit, unless they are brief. Renewals may take all of the daily limit, and all other orders half of
// it, so that no number of new certificates lets those run out that are served. Both are shared among namespaces.
func (l ledger) next(now time.Time, order Entry, limits Limits) (at time.Time, why string) {
	same := func(e Entry) bool { return e.Names == order.Names }
	within := func(d time.Duration) func(Entry) time.Duration {
		return func(Entry) time.Duration { return d }
	}
	issued := func(e Entry) bool { return same(e) && !e.Failed }
	rules := []ledgerRule{{failuresPerHour, func(e Entry) time.Duration { return min(time.Hour, e.span()) },
		each(func(e Entry) bool { return same(e) && e.Failed }),
		"5 orders for exactly these names failed within an hour"}}
	switch {
	case order.Renewal:
		rules = append(rules, ledgerRule{ordersPerSpan, Entry.span,
			each(func(e Entry) bool { return issued(e) && e.Renewal }),
			"the certificate was renewed 5 times within a week, or within half its lifetime"})
	case limits.weekly:
		rules = append(rules, ledgerRule{ordersPerSpan, within(week), each(issued),
			"5 orders for exactly these names were placed within a week"})
	default:
		rules = append(rules, ledgerRule{ordersPerSpan, Entry.span, each(issued), "5 orders for exactly these names " +
			"were placed within a week, or within half the lifetime of their certificate"})
	}
	if limits.perDay > 0 && !order.brief() {
		rules = append(rules, l.dailyRules(now, order, limits.perDay)...)
	}
	for _, rule := range rules {
		if until := l.until(now, rule); until.After(at) {
			at, why = until, rule.text
		}
	}
	return at, why
}

// dailyRules are those that hold all orders together to a limit. Half of it is for orders other than renewals. A
// further quarter is for the first such order of a namespace within the day: several namespaces can use up their half.
func (l ledger) dailyRules(now time.Time, order Entry, perDay int) []ledgerRule {
	const (
		share = "this namespace's share of the orders of a day is used up, of those that --acme-orders-per-day allows to all"
		raise = ": the controller's operator can raise that"
	)
	today := func(Entry) time.Duration { return day }
	counted := func(e Entry) bool { return !e.brief() }
	first := func(e Entry) bool { return counted(e) && !e.Renewal }
	rules := []ledgerRule{
		{perDay, today, each(counted), "as many orders were placed within a day as --acme-orders-per-day allows" + raise},
		{perDay, today, shared(order.namespace(), counted), share + raise},
	}
	none := !slices.ContainsFunc(l, func(e Entry) bool {
		return first(e) && e.namespace() == order.namespace() && e.Time.Add(day).After(now)
	})
	switch half := (perDay + 1) / 2; {
	case order.Renewal:
	case none:
		rules = append(rules, ledgerRule{perDay - perDay/4, today, each(first), "as many orders other than renewals were placed within a day as " +
			"there may be of those that --acme-orders-per-day allows" + raise})
	default:
		rules = append(rules,
			ledgerRule{half, today, each(first), "as many orders other than renewals were placed within a day as there may be, " +
				"half of what --acme-orders-per-day allows" + raise},
			ledgerRule{half, today, shared(order.namespace(), first), share + ", half of them to orders other than renewals" + raise})
	}
	return rules
}

// until returns when a rule allows one more entry, the zero time if it does already.
func (l ledger) until(now time.Time, rule ledgerRule) time.Time {
	type counted struct {
		end    time.Time
		weight int
	}
	var entries []counted
	for _, e := range l {
		if end, weight := e.Time.Add(rule.within(e)), rule.weight(e); weight > 0 && end.After(now) {
			entries = append(entries, counted{end, weight})
		}
	}
	slices.SortFunc(entries, func(a, b counted) int { return b.end.Compare(a.end) })
	weight := 0
	for _, e := range entries {
		if weight += e.weight; weight >= rule.limit {
			return e.end
		}
	}
	return time.Time{}
}

// lifetime returns the lifetime of the certificate that was ordered last for a set of names, as entries have it. An
// order that failed has it from the certificate before, if that was known.
func (l ledger) lifetime(names string) int64 {
	for _, e := range slices.Backward(l) {
		if e.Names == names && (!e.Failed || e.Lifetime != 0) {
			return e.Lifetime
		}
	}
	return 0
}

// enter returns the ledger with one more entry, and without entries that are too old to be of use. An ID is entered
// once.
func (l ledger) enter(e Entry, limits Limits) ledger {
	if slices.ContainsFunc(l, func(o Entry) bool { return o.ID == e.ID }) {
		return l
	}
	kept := make(ledger, 0, len(l)+1)
	later := make(map[string]int) // How many orders that did not fail come after this one, by their names.
	for _, o := range slices.Backward(l) {
		age := e.Time.Sub(o.Time)
		if age < o.kept() || age < week && !o.Failed && later[o.Names] < limits.latest() {
			kept = append(kept, o)
		}
		if !o.Failed {
			later[o.Names]++
		}
	}
	slices.Reverse(kept)
	kept = append(kept, e)
	// The clocks of replicas differ a little.
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

// cancel returns the ledger without the entry of that ID, and whether that changes it.
func (l ledger) cancel(id string) (ledger, bool) {
	i := slices.IndexFunc(l, func(e Entry) bool { return e.ID == id })
	if i < 0 {
		return l, false
	}
	return slices.Delete(slices.Clone(l), i, i+1), true
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

// placed returns the entry of that ID, if it is an order for this set of names and has not failed.
func (l ledger) placed(id, certificate, names string) (Entry, bool) {
	i := slices.IndexFunc(l, func(e Entry) bool {
		return e.ID == id && e.Certificate == certificate && e.Names == names && !e.Failed
	})
	if i < 0 {
		return Entry{}, false
	}
	return l[i], true
}
