// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"slices"
	"strings"
	"time"
)

// watchInterval is how often a list is asked for. A replica computes it from memory.
const watchInterval = 2 * time.Second

// stateGone is what is shown of an entry that is not listed any more.
const stateGone = "gone"

// watchList writes a list, and at each tick what has changed in it. It returns when ctx ends. A replica that does not
// answer is asked again: it may be about to be replaced.
func (p *program) watchList(ctx context.Context, from replica, l *listing, f *listFlags, tick <-chan time.Time) error {
	var t table
	var before []entry
	for first := true; ; first = false {
		entries, err := l.entries(ctx, from, f)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && first:
			return err
		case err != nil:
			p.note("%v", err)
		default:
			if err := p.writeChanges(&t, l, f, before, entries, first); err != nil {
				return err
			}
			before = entries
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
		}
	}
}

// writeChanges writes which entries are new or differ, and which are gone. In the formats for programs it writes the
// whole list if anything differs.
func (p *program) writeChanges(t *table, l *listing, f *listFlags, before, after []entry, first bool) error {
	rows, things := make(map[string]bool, len(before)), make(map[string]bool, len(after))
	for i := range before {
		rows[before[i].row()] = true
	}
	for i := range after {
		things[after[i].thing] = true
	}
	news := slices.DeleteFunc(slices.Clone(after), func(e entry) bool { return rows[e.row()] })
	gone := slices.DeleteFunc(slices.Clone(before), func(e entry) bool { return things[e.thing] })
	if !first && len(news) == 0 && len(gone) == 0 {
		return nil
	}
	switch f.output.format {
	case formatText, formatWide:
		for i := range gone {
			news = append(news, gone[i].leaving())
		}
		return p.writeTable(t, news, l, f)
	case formatName:
		return writeNames(p.streams.Out, news)
	}
	return p.write(after, l, f)
}

// leaving returns an entry as one that is gone.
func (e *entry) leaving() entry {
	left := *e
	left.cells = slices.Clone(e.cells)
	for i := range left.cells {
		if left.cells[i].colour != plain {
			left.cells[i] = cell{stateGone, notice}
		}
	}
	return left
}

// row returns all that is shown of an entry.
func (e *entry) row() string {
	var b strings.Builder
	for i := range e.cells {
		b.WriteString(e.cells[i].text)
		b.WriteByte(0)
	}
	return b.String()
}
