// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"slices"
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
	want := figures{cpu: 11 * time.Microsecond, perSecond: 1500, busy: 0.0165, spread: 1. / 11, others: 0.01, failed: 3}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(figures{}, ratio{})); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
}

func TestRatiosAreTakenWithinRounds(t *testing.T) {
	costs := func(values ...time.Duration) (all []loadResult) {
		for _, v := range values {
			all = append(all, loadResult{Answered: 1, CPU: v})
		}
		return all
	}
	for name, test := range map[string]struct {
		of, to []loadResult
		want   string
	}{
		"nobody":                                 {nil, costs(10), ""},
		"a reference that has nothing":           {costs(10), costs(0), ""},
		"one round":                              {costs(8), costs(10), "×0.80"},
		"what slows both down in a round":        {costs(8, 80, 16, 4), costs(10, 100, 20, 5), "×0.80 ±0.00"},
		"a difference smaller than their spread": {costs(8, 12, 10, 13), costs(10, 10, 10, 10), "none ±0.30"},
		"a round that is nothing like the rest":  {costs(8, 8, 9, 8, 90), costs(10, 10, 10, 10, 10), "×0.80 ±0.10"},
		"the other failed early":                 {costs(8, 8, 100), costs(10, 10), "×0.80 ±0.00"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := compare(test.of, test.to, columns()[0].value).String(); got != test.want {
				t.Errorf("the ratio is %q, want %q", got, test.want)
			}
		})
	}
}

func TestNobodyGainsFromItsTurn(t *testing.T) {
	for n := range 6 {
		places, before := map[[2]int]int{}, map[[2]int]int{}
		for round := range 2 * n {
			order := turns(n, round)
			if sorted := slices.Sorted(slices.Values(order)); len(slices.Compact(sorted)) != n {
				t.Fatalf("round %d of %d is %d, want each once", round, n, order)
			}
			for place, i := range order {
				places[[2]int{i, place}]++
				if place > 0 {
					before[[2]int{order[place-1], i}]++
				}
			}
		}
		for at, times := range places {
			if times != 2 {
				t.Errorf("of %d, number %d is at place %d in %d rounds, want 2", n, at[0], at[1], times)
			}
		}
		for pair, times := range before {
			if back := before[[2]int{pair[1], pair[0]}]; times != back {
				t.Errorf("of %d, number %d is before number %d %d times, and after it %d times", n, pair[0], pair[1], times, back)
			}
		}
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
	s := &session{options: &options{rounds: 1, window: time.Second}, absent: []string{"envoy"}, proxies: []proxy{
		&peer{called: "nginx", command: []string{"none"}}, &peer{called: "haproxy", command: []string{"none"}}, &warren{called: "base"}, &warren{called: "warren"},
	}}
	return &table{session: s, rows: []*measuredRow{
		{row: &row{title: "plain", mode: loadClosed}, cells: []cell{
			{proxy: "nginx", results: result(10 * time.Microsecond)},
			{proxy: "warren", results: result(9 * time.Microsecond)},
			{proxy: "caddy", absent: "has no limit"},
			{proxy: "haproxy", failure: errors.New("it ended\nand so on")},
			{proxy: "floor", results: failing},
		}},
		{row: &row{title: "two builds", mode: loadClosed}, cells: []cell{
			{proxy: "haproxy", results: result(20 * time.Microsecond)},
			{proxy: "base", results: result(10 * time.Microsecond)},
			{proxy: "warren", results: result(5 * time.Microsecond)},
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
			"nginx 10.0 1000 100", "warren 9.00 ×0.90 1000 ×1.00",
			"base ÷ haproxy ×0.50 ×1.00", "warren ÷ haproxy ×0.25 ×1.00", "warren ÷ base ×0.50 ×1.00", "caddy not measured: has no limit", "haproxy NOT MEASURED: it ended",
			"1,200 ERRORS: torn", "idle memory MB MB before the first MB above that KB/connection errors warren 20.0 10.0 10.0 10.00 0",
			"open: 2,000 requests/s", "0, but it cannot keep up with the rate", "Neither fetched nor on PATH, so not measured: envoy.",
		}},
		"markdown": {markdown.String(), []string{
			"| | proxy | CPU µs/request |", "| plain | nginx | 10.0 | 1000 |", "| | warren ÷ base | ×0.50 | ×1.00 |", "| | warren | 9.00 ×0.90 | 1000 ×1.00 |",
			"not measured: has no limit |", "| 1,200 ERRORS: torn |", "| idle | warren | 20.0 | 10.0 | 10.0 | 10.00 | 0 |",
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
