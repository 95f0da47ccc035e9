// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
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
	// value returns the value of a cell as it is shown. It also returns it as a number, if ratios are shown.
	value func(*figures) (string, float64)
	ratio bool
	// idle says that the row of idle connections has this column.
	idle bool
}

func columns() []column {
	duration := func(of func(*figures) time.Duration) func(*figures) (string, float64) {
		return func(f *figures) (string, float64) { return microseconds(of(f)), float64(of(f)) }
	}
	return []column{
		{title: "CPU µs/request", ratio: true, value: duration(func(f *figures) time.Duration { return f.cpu })},
		{title: "requests/s", ratio: true, value: func(f *figures) (string, float64) { return fmt.Sprintf("%.0f", f.perSecond), f.perSecond }},
		{title: "p50 µs", ratio: true, value: duration(func(f *figures) time.Duration { return f.p50 })},
		{title: "p99 µs", ratio: true, value: duration(func(f *figures) time.Duration { return f.p99 })},
		{title: "p99.9 µs", ratio: true, value: duration(func(f *figures) time.Duration { return f.p999 })},
		{title: "memory MB", ratio: true, idle: true, value: func(f *figures) (string, float64) { return megabytes(f.memory), float64(f.memory) }},
		{title: "busy", value: func(f *figures) (string, float64) { return fmt.Sprintf("%.0f%%", 100*f.busy), f.busy }},
		{title: "others", value: func(f *figures) (string, float64) { return fmt.Sprintf("%.0f%%", 100*f.others), f.others }},
		{title: "spread", value: func(f *figures) (string, float64) { return fmt.Sprintf("%.0f%%", 100*f.spread), f.spread }},
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

// figuresOf returns the figures of a proxy, or nil if there are none.
func (r *measuredRow) figuresOf(proxy string) *figures {
	for i := range r.cells {
		if r.cells[i].proxy == proxy && len(r.cells[i].results) > 0 {
			f := r.cells[i].figures()
			return &f
		}
	}
	return nil
}

// shown returns what a cell has in a column: the value, and its ratio to the reference.
func (c *column) shown(r *measuredRow, f, reference *figures) (value, ratio string) {
	if r.mode == loadIdle && !c.idle {
		return "", ""
	}
	value, number := c.value(f)
	if !c.ratio || reference == nil {
		return value, ""
	}
	if _, base := c.value(reference); base > 0 {
		ratio = fmt.Sprintf("×%.2f", number/base)
	}
	return value, ratio
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
	switch {
	case r.mode == loadIdle:
		return fmt.Sprintf("0 (%s MB before the first)", megabytes(f.memoryBefore))
	case f.perSecond < keptUp*r.rate:
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
		for _, c := range columns() {
			fmt.Fprintf(aligned, "%s\t", c.title)
			if c.ratio {
				fmt.Fprint(aligned, "\t")
			}
		}
		fmt.Fprintln(aligned, "  errors")
		reference := r.figuresOf(t.session.reference())
		for i := range r.cells {
			cell := &r.cells[i]
			fmt.Fprintf(aligned, "%s\t", cell.proxy)
			f := cell.figures()
			for _, c := range columns() {
				value, ratio := "", ""
				if len(cell.results) > 0 {
					value, ratio = c.shown(r, &f, reference)
				}
				fmt.Fprintf(aligned, "%s\t", value)
				if c.ratio {
					fmt.Fprintf(aligned, "%s\t", ratio)
				}
			}
			fmt.Fprintf(aligned, "  %s\n", cell.remark(r))
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
	fmt.Fprint(w, "\n| | proxy |")
	rule := "|---|---|"
	for _, c := range columns() {
		fmt.Fprintf(w, " %s |", c.title)
		rule += "---:|"
	}
	fmt.Fprintf(w, " errors |\n%s---|\n", rule)
	for _, r := range t.rows {
		reference := r.figuresOf(t.session.reference())
		heading := r.heading()
		for i := range r.cells {
			cell := &r.cells[i]
			f := cell.figures()
			fmt.Fprintf(w, "| %s | %s |", heading, cell.proxy)
			heading = ""
			for _, c := range columns() {
				text := ""
				if len(cell.results) > 0 {
					value, ratio := c.shown(r, &f, reference)
					text = strings.TrimSpace(value + " " + ratio)
				}
				fmt.Fprintf(w, " %s |", text)
			}
			fmt.Fprintf(w, " %s |\n", strings.ReplaceAll(cell.remark(r), "|", `\|`))
		}
	}
}

// preamble says what was measured, and where.
func (t *table) preamble() []string {
	s := t.session
	var versions []string
	for _, p := range s.proxies {
		versions = append(versions, p.version())
	}
	lines := []string{
		fmt.Sprintf("%s. Rounds: %d of %s each, medians; ×: ratio to %s; %s in all.",
			time.Now().UTC().Format(time.DateOnly), s.options.rounds, s.options.window, s.reference(), t.took.Round(time.Second)),
		fmt.Sprintf("%s, Linux %s, %s. The proxy alone on core %d, load and backends on core %d.",
			processor(), kernel(), runtime.Version(), s.cores.proxy, s.cores.load),
		strings.Join(versions, "; ") + ".",
	}
	if t.disturbed() {
		lines = append(lines, "DISTURBED: other programs ran beside the measurement (\"others\", in shares of a core); do not trust these figures.")
	}
	if len(s.absent) > 0 {
		lines = append(lines, "Not on PATH, so not measured: "+strings.Join(s.absent, ", ")+".")
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
