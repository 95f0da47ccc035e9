// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io"
	"strings"
	"unicode/utf8"
)

// cell is one entry of a table.
type cell struct {
	text   string
	colour colour
}

// gap is between two columns.
const gap = "  "

// table is rows of cells. It is written in columns that are as wide as their widest cell. A table of package tabwriter
// would take colours for letters.
type table struct {
	rows [][]cell
	// widths are kept from one write to the next, so that rows that come later stand below the others.
	widths []int
}

func (t *table) add(cells ...cell) { t.rows = append(t.rows, cells) }

// texts returns cells without a colour.
func texts(columns ...string) []cell {
	cells := make([]cell, len(columns))
	for i, text := range columns {
		cells[i].text = text
	}
	return cells
}

// flush writes the rows, and forgets them.
func (t *table) flush(w io.Writer, colours bool) error {
	for _, row := range t.rows {
		for i := range row {
			if i == len(t.widths) {
				t.widths = append(t.widths, 0)
			}
			t.widths[i] = max(t.widths[i], utf8.RuneCountInString(row[i].text))
		}
	}
	var b strings.Builder
	for _, row := range t.rows {
		for len(row) > 0 && row[len(row)-1].text == "" {
			row = row[:len(row)-1]
		}
		for i, c := range row {
			if i > 0 {
				b.WriteString(gap)
			}
			text := c.text
			if colours {
				text = c.colour.paint(text)
			}
			b.WriteString(text)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(c.text)))
			}
		}
		b.WriteByte('\n')
	}
	t.rows = nil
	_, err := io.WriteString(w, b.String())
	return err
}
