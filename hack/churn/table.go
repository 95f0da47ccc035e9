// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// printIngresses prints what each build used for a change among few and among many.
func printIngresses(subjects []*subject) { writeIngresses(os.Stdout, subjects) }

func writeIngresses(w io.Writer, subjects []*subject) {
	aligned := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(aligned, "\tIngresses\tCPU ms a change\tmedian\tto effect p50 ms\tp99\tmemory MiB before\tafter\tat most\t")
	for _, s := range subjects {
		effects := slices.Sorted(slices.Values(s.effects))
		fmt.Fprintf(aligned, "%s\t%d\t%s\t%s\t%s\t%s\t%.1f\t%.1f\t%.1f\t\n", s.build, s.ingresses,
			milliseconds(mean(s.cpu)), milliseconds(quantile(slices.Sorted(slices.Values(s.cpu)), 0.5)),
			milliseconds(quantile(effects, 0.5)), milliseconds(quantile(effects, 0.99)),
			mebibytes(s.before.resident), mebibytes(s.after.resident), mebibytes(s.after.peak))
	}
	// There is nobody to tell if the terminal is gone.
	_ = aligned.Flush()
	for i, s := range subjects {
		for _, of := range subjects[:i] {
			switch {
			case of.build == s.build:
				fmt.Fprintf(w, "%s, among %d ÷ among %d: %s\n", s.build, s.ingresses, of.ingresses, compared(s, of))
			case of.ingresses == s.ingresses && of.build == subjects[0].build:
				fmt.Fprintf(w, "%s ÷ %s, among %d: %s, memory after ×%.2f\n", s.build, of.build, s.ingresses, compared(s, of),
					float64(s.after.resident)/float64(of.after.resident))
			}
		}
	}
}

// compared says how a change's cost and its time to effect differ between two that had the same changes in turn.
func compared(s, to *subject) string {
	a, b := slices.Sorted(slices.Values(s.effects)), slices.Sorted(slices.Values(to.effects))
	return fmt.Sprintf("CPU ×%.3f, to effect p50 ×%.2f, p99 ×%.2f", ratio(mean(s.cpu), mean(to.cpu)),
		ratio(quantile(a, 0.5), quantile(b, 0.5)), ratio(quantile(a, 0.99), quantile(b, 0.99)))
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(1, b)) }

// mean has in it what a garbage collection costs, which most changes see nothing of.
func mean(all []time.Duration) time.Duration {
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	return sum / time.Duration(max(1, len(all)))
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}

func mebibytes(kibibytes int) float64 { return float64(kibibytes) / 1024 }
