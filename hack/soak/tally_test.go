// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"strings"
	"testing"
)

func TestVerdictNamesWhatWasUnexplainedOrNeverDone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		count func(*ledger)
		want  string
	}{
		{"nothing to count", func(*ledger) {}, ""},
		{"all is well", func(l *ledger) { l.open("a").count("", nil) }, ""},
		{"a note", func(l *ledger) { l.open("a").count("404", nil) }, ""},
		{"no fault among what may be idle", func(l *ledger) { l.openQuiet("a") }, ""},
		{"nothing was done", func(l *ledger) { l.open("a") }, "a: nothing was done"},
		{"an error", func(l *ledger) { l.open("a").count("", errors.New("b")) }, "a: 1 unexplained"},
		{"an error beside what is well", func(l *ledger) {
			a := l.open("a")
			a.count("", nil)
			a.fail(errors.New("b"))
		}, "a: 1 unexplained"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			books := &ledger{out: &strings.Builder{}}
			test.count(books)
			got := ""
			if err := books.verdict(); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOnlyTheFirstUnexplainedErrorsArePrinted(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	books := &ledger{out: &out}
	a := books.open("a")
	for range 3 * maxSamples {
		a.fail(errors.New("b"))
	}
	if got := strings.Count(out.String(), "\n"); got != maxSamples {
		t.Errorf("%d lines were printed, want %d", got, maxSamples)
	}
}
