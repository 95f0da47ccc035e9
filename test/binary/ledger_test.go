// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// ledger knows which answers each host may give, and when. A change is under way from before it is written until it is
// known to be in effect. During that time, the answers from before and from after it are both allowed.
type ledger struct {
	mu    sync.Mutex
	hosts map[string]map[string][]span
}

// span is a time during which an answer is allowed. until is zero while it lasts.
type span struct{ from, until time.Time }

// open allows the answers of each host from now on, in addition to those that are allowed already.
func (l *ledger) open(now time.Time, answers map[string][]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hosts == nil {
		l.hosts = map[string]map[string][]span{}
	}
	for host, allowed := range answers {
		if l.hosts[host] == nil {
			l.hosts[host] = map[string][]span{}
		}
		for _, answer := range allowed {
			spans := l.hosts[host][answer]
			if n := len(spans); n == 0 || !spans[n-1].until.IsZero() {
				l.hosts[host][answer] = append(spans, span{from: now})
			}
		}
	}
}

// settle allows only these answers from now on.
func (l *ledger) settle(now time.Time, answers map[string][]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for host, known := range l.hosts {
		for answer, spans := range known {
			if last := &spans[len(spans)-1]; last.until.IsZero() && !slices.Contains(answers[host], answer) {
				last.until = now
			}
		}
	}
}

// allows says whether an answer was right at some time between a request's beginning and end.
func (l *ledger) allows(r record) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.hosts[r.host][r.answer.String()] {
		if !s.from.After(r.ended) && (s.until.IsZero() || !s.until.Before(r.began)) {
			return true
		}
	}
	return false
}

func TestLedgerAllowsWhatWasRightAtSomeTimeOfARequest(t *testing.T) {
	start := time.Now()
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	var l ledger
	before, after := map[string][]string{"h": {"200 a", "200 b"}}, map[string][]string{"h": {"200 b", "200 c"}}
	l.open(at(0), before)
	l.settle(at(0), before)
	// The change is written at 10 and known to be in effect at 20.
	l.open(at(10), after)
	l.settle(at(20), after)

	tests := map[string]struct {
		host, backend string
		began, ended  int
		want          bool
	}{
		"what is gone, before the change":             {"h", "a", 1, 2, true},
		"what is gone, while the change is under way": {"h", "a", 15, 16, true},
		"what is gone, sent just before the effect":   {"h", "a", 19, 30, true},
		"what is gone, sent after the effect":         {"h", "a", 21, 22, false},
		"what stays":                                  {"h", "b", 5, 25, true},
		"what comes, before the change":               {"h", "c", 8, 9, false},
		"what comes, ended during the change":         {"h", "c", 9, 11, true},
		"what comes, after the effect":                {"h", "c", 30, 31, true},
		"what never was":                              {"h", "d", 15, 16, false},
		"another host's":                              {"other", "a", 1, 2, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := record{host: test.host, began: at(test.began), ended: at(test.ended),
				answer: answer{status: 200, arrival: arrival{Backend: test.backend}}}
			if got := l.allows(r); got != test.want {
				t.Errorf("allowed is %t, want %t", got, test.want)
			}
		})
	}
}
