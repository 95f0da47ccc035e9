// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/explanation"
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

// watchExplanation writes an explanation, and at each tick another one if it differs. It returns when ctx ends. A
// replica that does not answer is asked again, as in watchList.
func (p *program) watchExplanation(ctx context.Context, target string, f *explainFlags, tick <-chan time.Time) error {
	var before []byte
	for first := true; ; first = false {
		e, err := p.explanation(ctx, target, f)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && first:
			return err
		case err != nil:
			p.note("%v", err)
		default:
			now, err := lasting(e)
			if err != nil {
				return err
			}
			if first || !bytes.Equal(before, now) {
				if !first && !f.output.isData() {
					_, _ = fmt.Fprintln(p.streams.Out)
				}
				if err := p.writeExplanation(e, f); err != nil {
					return err
				}
			}
			before = now
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick:
		}
	}
}

// lasting returns an explanation without what is another one each time: the number of the generation, the id that a
// request gets, what is left of a limit, and what endpoints do just now.
func lasting(e *explanation.Explanation) ([]byte, error) {
	kept := *e
	kept.Generation = 0
	if e.Upstream != nil {
		upstream := *e.Upstream
		upstream.Headers = slices.DeleteFunc(slices.Clone(upstream.Headers), func(h explanation.Header) bool { return strings.EqualFold(h.Name, "X-Request-Id") })
		kept.Upstream = &upstream
	}
	if e.RateLimit != nil {
		limit := *e.RateLimit
		limit.Left, limit.RetryAfter = 0, 0
		kept.RateLimit = &limit
	}
	if e.Pool != nil {
		pool := *e.Pool
		pool.Tasks = slices.Clone(pool.Tasks)
		for i := range pool.Tasks {
			t := &pool.Tasks[i]
			t.Active, t.LastError, t.LastErrorTime = 0, "", time.Time{}
		}
		kept.Pool = &pool
	}
	return json.Marshal(&kept)
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
