// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// table is what is printed.
type table struct {
	session *session
	rows    []*measuredRow
	took    time.Duration
}

// column is a column of the table. A figure of 0 is none.
type column struct {
	title string
	text  func(*figures) string
	// value is what ratios are taken of. Columns without it have none.
	value func(*loadResult) float64
}

// columns returns those of a row.
func (r *row) columns() []column {
	if r.mode == loadIdle {
		return idleColumns()
	}
	if r.flood {
		return append(columns(), floodColumns()...)
	}
	return columns()
}

// floodColumns are for what the same load meets without the flood.
func floodColumns() []column {
	return []column{
		{title: "wrong passwords/s", text: func(f *figures) string { return fmt.Sprintf("%.0f", f.wrong) }},
		{title: "p99 µs without", text: func(f *figures) string { return microseconds(f.calmP99) }},
		{title: "p99 ÷ without", text: func(f *figures) string { return f.flooded.String() }},
	}
}

// idleColumns are those of rows in which nothing but memory counts.
func idleColumns() []column {
	return []column{
		memoryColumn(),
		{title: "MB before the first", text: func(f *figures) string { return megabytes(f.memoryBefore) }},
		{
			title: "MB above that", text: func(f *figures) string { return megabytes(f.memoryAbove) },
			value: func(r *loadResult) float64 { return float64(r.memoryAbove()) },
		},
		{title: "KB/connection", text: func(f *figures) string { return fmt.Sprintf("%.2f", float64(f.memoryForEach)/1e3) }},
	}
}

func memoryColumn() column {
	return column{
		title: "memory MB", text: func(f *figures) string { return megabytes(f.memory) },
		value: func(r *loadResult) float64 { return float64(r.Memory) },
	}
}

func columns() []column {
	duration := func(of func(*figures) time.Duration) func(*figures) string {
		return func(f *figures) string { return microseconds(of(f)) }
	}
	share := func(of func(*figures) float64) func(*figures) string {
		return func(f *figures) string { return fmt.Sprintf("%.0f%%", 100*of(f)) }
	}
	return []column{
		{
			title: "CPU µs/request", text: duration(func(f *figures) time.Duration { return f.cpu }),
			value: func(r *loadResult) float64 { return float64(r.cpuPerRequest()) },
		}, {
			title: "requests/s", text: func(f *figures) string { return fmt.Sprintf("%.0f", f.perSecond) },
			value: (*loadResult).perSecond,
		}, {
			title: "p50 µs", text: duration(func(f *figures) time.Duration { return f.p50 }),
			value: func(r *loadResult) float64 { return float64(r.P50) },
		}, {
			title: "p99 µs", text: duration(func(f *figures) time.Duration { return f.p99 }),
			value: func(r *loadResult) float64 { return float64(r.P99) },
		}, {
			title: "p99.9 µs", text: duration(func(f *figures) time.Duration { return f.p999 }),
			value: func(r *loadResult) float64 { return float64(r.P999) },
		},
		memoryColumn(),
		{title: "busy", text: share(func(f *figures) float64 { return f.busy })},
		{title: "others", text: share(func(f *figures) float64 { return f.others })},
		{title: "spread", text: share(func(f *figures) float64 { return f.spread })},
	}
}

// errSpoiled says that a figure is missing or not to be trusted.
var errSpoiled = errors.New("not everything was measured without an error: see the table")

// verdict returns errSpoiled if any cell is spoiled.
func (t *table) verdict() error {
	for _, r := range t.rows {
		for i := range r.cells {
			if r.cells[i].failure != nil || r.cells[i].figures().failed > 0 {
				return errSpoiled
			}
		}
	}
	return nil
}

// disturbed says whether other programs took too much of the machine.
func (t *table) disturbed() bool {
	for _, r := range t.rows {
		for i := range r.cells {
			if r.cells[i].figures().others > tolerable {
				return true
			}
		}
	}
	return false
}

// throughput returns the throughput of the first proxy that has one in a row, which is nginx if that takes part. It
// returns 0 if the row is not measured.
func (t *table) throughput(name string) float64 {
	for _, r := range t.rows {
		for i := range r.cells {
			if r.name == name && len(r.cells[i].results) > 0 {
				return r.cells[i].figures().perSecond
			}
		}
	}
	return 0
}

// cellOf returns the cell of a proxy, or nil if that was not measured.
func (r *measuredRow) cellOf(proxy string) *cell {
	for i := range r.cells {
		if r.cells[i].proxy == proxy && len(r.cells[i].results) > 0 {
			return &r.cells[i]
		}
	}
	return nil
}

// line is one of the table's: a proxy with its figures and their ratios to the reference, or a proxy beside another
// one, with ratios alone.
type line struct {
	label, remark  string
	values, ratios []string
}

// lines returns those of a row, each with as many values and ratios as the row has columns.
func (t *table) lines(r *measuredRow) (all []line) {
	for i := range r.cells {
		c := &r.cells[i]
		l := line{label: c.proxy, remark: c.remark(r), values: make([]string, len(r.columns())), ratios: r.ratios(c, t.session.reference())}
		f := c.figures()
		for i, of := range r.columns() {
			if len(c.results) > 0 {
				l.values[i] = of.text(&f)
			}
		}
		all = append(all, l)
	}
	for _, other := range t.session.besides() {
		for i := range r.cells {
			c := &r.cells[i]
			if !slices.Contains(t.session.controllers(), c.proxy) || c.proxy == other || c.failure != nil || r.cellOf(other) == nil {
				continue
			}
			all = append(all, line{label: c.proxy + " ÷ " + other, values: make([]string, len(r.columns())), ratios: r.ratios(c, other)})
		}
	}
	return all
}

// ratios returns those of a cell to a proxy in the same row, one for each column.
func (r *measuredRow) ratios(c *cell, to string) []string {
	all := make([]string, len(r.columns()))
	reference := r.cellOf(to)
	if reference == nil || reference == c {
		return all
	}
	for i, of := range r.columns() {
		if of.value != nil {
			all[i] = compare(c.results, reference.results, of.value).String()
		}
	}
	return all
}

// heading returns the heading of a row.
func (r *measuredRow) heading() string {
	if r.rate > 0 {
		return fmt.Sprintf("%s: %s requests/s", r.title, number(int64(r.rate)))
	}
	return r.title
}

// keptUp is the share of a rate that a proxy answers if it keeps up with it. The gaps between requests are drawn, so
// the number that is due in a window is not exactly the rate's.
const keptUp = 0.97

// remark returns what there is to say of a cell besides its figures.
func (c *cell) remark(r *measuredRow) string {
	switch {
	case c.absent != "":
		return "not measured: " + c.absent
	case c.failure != nil:
		if len(c.results) > 0 {
			return "FAILED: " + firstLine(c.failure.Error())
		}
		return "NOT MEASURED: " + firstLine(c.failure.Error())
	}
	f := c.figures()
	if f.failed > 0 {
		for i := range c.results {
			if c.results[i].Failed > 0 {
				return fmt.Sprintf("%s ERRORS: %s", number(int64(f.failed)), c.results[i].FirstFailure)
			}
		}
	}
	if f.perSecond < keptUp*r.rate {
		return "0, but it cannot keep up with the rate"
	}
	return "0"
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// write prints the table as text.
func (t *table) write(w io.Writer) {
	fmt.Fprintln(w)
	for _, line := range t.preamble() {
		fmt.Fprintln(w, line)
	}
	for _, r := range t.rows {
		fmt.Fprintf(w, "\n%s\n", r.heading())
		aligned := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprint(aligned, "\t")
		for _, c := range r.columns() {
			fmt.Fprintf(aligned, "%s\t", c.title)
			if c.value != nil {
				fmt.Fprint(aligned, "\t")
			}
		}
		fmt.Fprintln(aligned, "  errors")
		for _, l := range t.lines(r) {
			fmt.Fprintf(aligned, "%s\t", l.label)
			for i, c := range r.columns() {
				fmt.Fprintf(aligned, "%s\t", l.values[i])
				if c.value != nil {
					fmt.Fprintf(aligned, "%s\t", l.ratios[i])
				}
			}
			fmt.Fprintf(aligned, "  %s\n", l.remark)
		}
		// There is nobody to tell if the terminal is gone.
		_ = aligned.Flush()
	}
}

// writeMarkdown prints the table as Markdown.
func (t *table) writeMarkdown(w io.Writer) {
	for _, line := range t.preamble() {
		fmt.Fprintf(w, "%s\n", line)
	}
	before := ""
	for _, r := range t.rows {
		// Rows that follow each other and have the same columns are one table.
		if head := r.markdownHead(); head != before {
			fmt.Fprint(w, head)
			before = head
		}
		heading := r.heading()
		for _, l := range t.lines(r) {
			fmt.Fprintf(w, "| %s | %s |", heading, l.label)
			heading = ""
			for i := range l.values {
				fmt.Fprintf(w, " %s |", strings.TrimSpace(l.values[i]+" "+l.ratios[i]))
			}
			fmt.Fprintf(w, " %s |\n", strings.ReplaceAll(l.remark, "|", `\|`))
		}
	}
}

// markdownHead returns the head of a table with a row's columns.
func (r *row) markdownHead() string {
	head, rule := "\n| | proxy |", "|---|---|"
	for _, c := range r.columns() {
		head += " " + c.title + " |"
		rule += "---:|"
	}
	return head + " errors |\n" + rule + "---|\n"
}

// preamble says what was measured, and where.
func (t *table) preamble() []string {
	s := t.session
	var versions []string
	for _, p := range s.proxies {
		versions = append(versions, p.version())
	}
	lines := []string{
		fmt.Sprintf("%s. Rounds: %d of %s each, medians; %s in all.",
			time.Now().UTC().Format(time.DateOnly), s.options.rounds, s.options.window, t.took.Round(time.Second)),
		fmt.Sprintf("×: the median of the rounds' ratios to %s, ± the distance of the farther quartile; none: the difference is smaller.", s.reference()),
		fmt.Sprintf("%s, Linux %s, %s. %s.", processor(), kernel(), runtime.Version(), s.cores),
		strings.Join(versions, "; ") + ".",
	}
	if t.disturbed() {
		lines = append(lines, "DISTURBED: other programs ran beside the measurement (\"others\", in shares of a core); do not trust these figures.")
	}
	if len(s.absent) > 0 {
		lines = append(lines, "Neither fetched nor on PATH, so not measured: "+strings.Join(s.absent, ", ")+".")
	}
	return lines
}

// processor returns the name of the model.
func processor() string {
	content, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(content)) {
		if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// kernel returns the release of the running kernel.
func kernel() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}
