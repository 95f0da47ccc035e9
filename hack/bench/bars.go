// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"os"
	"strings"
)

// The picture's measures, in pixels.
const (
	barsWidth   = 860
	barsLeft    = 400
	barHeight   = 9
	barGap      = 3
	rowGap      = 12
	barsTop     = 54
	barsUnit    = 300 // from 0 to the reference
	barsLongest = barsWidth - barsLeft - 75
)

// draw writes the picture, if it was asked for.
func (t *table) draw() error {
	if t.session.options.bars == "" {
		return nil
	}
	var picture bytes.Buffer
	if err := t.writeBars(&picture); err != nil {
		return err
	}
	return os.WriteFile(t.session.options.bars, picture.Bytes(), 0o644)
}

// writeBars draws what a request costs in each row, as bars: of each proxy, the CPU as a ratio to the reference. It
// leaves out rows without the reference, and the one of idle connections, which cost none.
func (t *table) writeBars(w io.Writer) error {
	reference, cpu := t.session.reference(), columns()[0].value
	var body strings.Builder
	y, shades := barsTop, map[string]int{}
	for _, r := range t.rows {
		base := r.cellOf(reference)
		if r.mode == loadIdle || base == nil {
			continue
		}
		label := y
		for i := range r.cells {
			name := r.cells[i].proxy
			if len(r.cells[i].results) == 0 || name == reference || name == floorName {
				continue
			}
			ratio := compare(r.cells[i].results, base.results, cpu)
			if ratio.rounds == 0 {
				continue
			}
			if _, ok := shades[name]; !ok {
				shades[name] = len(shades)
			}
			width := min(ratio.median*barsUnit, barsLongest)
			fmt.Fprintf(&body, "<rect class=\"s%d\" x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"%d\"/>\n", shades[name], barsLeft, y, width, barHeight)
			fmt.Fprintf(&body, "<text class=\"n\" x=\"%.0f\" y=\"%d\">%s</text>\n", barsLeft+width+5, y+barHeight-1, ratio)
			y += barHeight + barGap
		}
		fmt.Fprintf(&body, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", barsLeft-10, (label+y-barGap)/2+4, html.EscapeString(r.title))
		y += rowGap
	}
	title := fmt.Sprintf("CPU for each request, %s = 1. Shorter is better. none: the difference is within ±.", reference)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">
<style>
text { font: 13px sans-serif; fill: #24292f }
.n { font-size: 10px }
.t { font-weight: bold }
.s0 { fill: #8c959f } .s1 { fill: #0969da } .s2 { fill: #bf8700 } .s3 { fill: #8250df } .s4 { fill: #1a7f37 } .s5 { fill: #cf222e }
line { stroke: #57606a; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } line { stroke: #8b949e } }
</style>
<text class="t" x="10" y="20">%s</text>
`, barsWidth, y, html.EscapeString(title), html.EscapeString(title))
	x := barsLeft
	for _, name := range inOrder(shades) {
		fmt.Fprintf(w, "<rect class=\"s%d\" x=\"%d\" y=\"31\" width=\"10\" height=\"10\"/>\n", shades[name], x)
		fmt.Fprintf(w, "<text x=\"%d\" y=\"40\">%s</text>\n", x+15, html.EscapeString(name))
		x += 35 + 8*len(name)
	}
	line := barsLeft + barsUnit
	_, err := fmt.Fprintf(w, "%s<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n</svg>\n", body.String(), line, barsTop-6, line, y-rowGap)
	return err
}

// inOrder returns names by the number that each has, which are 0 and so on.
func inOrder(numbers map[string]int) []string {
	names := make([]string, len(numbers))
	for name, i := range numbers {
		names[i] = name
	}
	return names
}
