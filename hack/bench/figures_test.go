// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPercentileIsTheValueThatTheShareIsNotAbove(t *testing.T) {
	hundred := func() latencies {
		var l latencies
		for i := 100; i > 0; i-- {
			l = append(l, time.Duration(i))
		}
		return l
	}
	tests := map[string]struct {
		of    latencies
		share float64
		want  time.Duration
	}{
		"none":               {of: nil, share: 0.5, want: 0},
		"one":                {of: latencies{7}, share: 0.99, want: 7},
		"half of hundred":    {of: hundred(), share: 0.5, want: 50},
		"99 of hundred":      {of: hundred(), share: 0.99, want: 99},
		"99.9 of hundred":    {of: hundred(), share: 0.999, want: 100},
		"the very lowest":    {of: hundred(), share: 0, want: 1},
		"the very highest":   {of: hundred(), share: 1, want: 100},
		"99.9 % of thousand": {of: append(make(latencies, 999), 5), share: 0.999, want: 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := test.of.percentile(test.share); got != test.want {
				t.Errorf("percentile is %d, want %d", got, test.want)
			}
		})
	}
}

func TestMedianIsTheMiddle(t *testing.T) {
	for name, test := range map[string]struct {
		of   []float64
		want float64
	}{
		"none": {nil, 0}, "one": {[]float64{3}, 3}, "odd": {[]float64{9, 1, 5}, 5}, "even": {[]float64{4, 1, 9, 2}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			if got := median(test.of); got != test.want {
				t.Errorf("median is %v, want %v", got, test.want)
			}
		})
	}
}

func TestFiguresAreMediansAndCountEveryFailure(t *testing.T) {
	second := func(answered int, cpu time.Duration, failed int) loadResult {
		return loadResult{Answered: answered, Elapsed: time.Second, CPU: cpu, Failed: failed, Others: 10 * time.Millisecond}
	}
	c := cell{results: []loadResult{
		second(1000, 12*time.Millisecond, 0),
		second(2000, 20*time.Millisecond, 1),
		second(1500, 16500*time.Microsecond, 2),
	}}
	got := c.figures()
	want := figures{cpu: 11 * time.Microsecond, perSecond: 1500, busy: 0.0165, spread: 2. / 11, others: 0.01, failed: 3}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(figures{})); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}

// example is a table with one of everything that a cell can be.
func example() *table {
	result := func(cpu time.Duration) []loadResult {
		return []loadResult{{
			Answered: 1000, Elapsed: time.Second, CPU: cpu * 1000, P50: 100 * time.Microsecond, P99: time.Millisecond,
			P999: 5 * time.Millisecond, Memory: 20_000_000, MemoryBefore: 10_000_000,
		}}
	}
	failing := result(9 * time.Microsecond)
	failing[0].Failed, failing[0].FirstFailure = 1200, "torn"
	s := &session{options: &options{rounds: 1, window: time.Second}, absent: []string{"envoy"}}
	return &table{session: s, rows: []*measuredRow{
		{row: &row{title: "plain", mode: loadClosed}, cells: []cell{
			{proxy: "nginx", results: result(10 * time.Microsecond)},
			{proxy: "warren", results: result(9 * time.Microsecond)},
			{proxy: "caddy", absent: "has no limit"},
			{proxy: "haproxy", failure: errors.New("it ended\nand so on")},
			{proxy: "floor", results: failing},
		}},
		{row: &row{title: "open", mode: loadOpen}, rate: 2000, cells: []cell{{proxy: "nginx", results: result(time.Microsecond)}}},
		{row: &row{title: "idle", mode: loadIdle}, cells: []cell{{proxy: "warren", results: result(time.Microsecond)}}},
	}}
}

func TestTableShowsRatiosAndWhatWentWrong(t *testing.T) {
	var text, markdown strings.Builder
	table := example()
	table.write(&text)
	table.writeMarkdown(&markdown)
	for kind, test := range map[string]struct {
		got  string
		want []string
	}{
		"text": {text.String(), []string{
			"warren 9.00 ×0.90 1000 ×1.00", "caddy not measured: has no limit", "haproxy NOT MEASURED: it ended",
			"1,200 ERRORS: torn", "20.0 0 (10.0 MB before the first)",
			"open: 2,000 requests/s", "0, but it cannot keep up with the rate", "Not on PATH, so not measured: envoy.",
		}},
		"markdown": {markdown.String(), []string{
			"| | proxy | CPU µs/request |", "| plain | nginx | 10.0 ×1.00 | 1000 ×1.00 |", "| | warren | 9.00 ×0.90 | 1000 ×1.00 |",
			"not measured: has no limit |", "| 1,200 ERRORS: torn |",
		}},
	} {
		t.Run(kind, func(t *testing.T) {
			got := strings.Join(strings.Fields(test.got), " ")
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("the table lacks %q:\n%s", want, test.got)
				}
			}
		})
	}
	if err := table.verdict(); !errors.Is(err, errSpoiled) {
		t.Errorf("verdict is %v, want %v", err, errSpoiled)
	}
}
