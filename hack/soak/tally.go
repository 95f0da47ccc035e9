// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// maxSamples is how many unexplained errors of a kind are printed.
const maxSamples = 20

// tally counts what became of the rounds of one kind of clients.
type tally struct {
	name string
	out  io.Writer
	// active is set if there must be something to count.
	active bool
	mu     sync.Mutex
	ok     int
	// notes counts outcomes that are allowed but unusual. They are part of ok.
	notes  map[string]int
	failed int
}

// count adds a round. The note names an outcome that is allowed and worth a figure of its own.
func (t *tally) count(note string, err error) {
	if err != nil {
		t.fail(err)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ok++
	if note != "" {
		t.notes[note]++
	}
}

// fail adds something that nothing explains. It prints the first ones at once, so that nobody has to wait for the end.
func (t *tally) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed++
	if t.failed <= maxSamples {
		fmt.Fprintf(t.out, "%s unexplained, %s: %v\n", time.Now().Format(time.TimeOnly), t.name, err)
	}
}

func (t *tally) read() (ok, failed int, notes string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var parts []string
	for _, note := range slices.Sorted(maps.Keys(t.notes)) {
		parts = append(parts, fmt.Sprintf("%s: %d", note, t.notes[note]))
	}
	return t.ok, t.failed, strings.Join(parts, ", ")
}

// ledger has all tallies of a run.
type ledger struct {
	out io.Writer
	mu  sync.Mutex
	all []*tally
}

// open makes a tally of things that have to happen.
func (l *ledger) open(name string) *tally {
	t := l.openQuiet(name)
	t.active = true
	return t
}

// openQuiet makes a tally that counts only faults.
func (l *ledger) openQuiet(name string) *tally {
	t := &tally{name: name, out: l.out, notes: make(map[string]int)}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, t)
	return t
}

func (l *ledger) tallies() []*tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// totals returns the sums over all tallies.
func (l *ledger) totals() (ok, failed int) {
	for _, t := range l.tallies() {
		n, m, _ := t.read()
		ok, failed = ok+n, failed+m
	}
	return ok, failed
}

// verdict returns an error if anything was unexplained, or if a kind of clients never got anything done.
func (l *ledger) verdict() error {
	var errs []error
	for _, t := range l.tallies() {
		switch ok, failed, _ := t.read(); {
		case failed > 0:
			errs = append(errs, fmt.Errorf("%s: %d unexplained", t.name, failed))
		case ok == 0 && t.active:
			errs = append(errs, fmt.Errorf("%s: nothing was done", t.name))
		}
	}
	return errors.Join(errs...)
}

// print writes a line for each tally.
func (l *ledger) print() {
	table := tabwriter.NewWriter(l.out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tOK\tUNEXPLAINED\tOF THOSE OK")
	for _, t := range l.tallies() {
		ok, failed, notes := t.read()
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", t.name, ok, failed, notes)
	}
	_ = table.Flush()
}
