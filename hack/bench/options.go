// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"
)

// options is what the flags say.
type options struct {
	rounds         int
	window, warmUp time.Duration
	rows, proxies  []string
	markdown       bool
	controller     string
}

func parseOptions(set *flag.FlagSet, args []string) (*options, error) {
	o := &options{}
	rowNames := make([]string, 0, len(rows()))
	for _, r := range rows() {
		rowNames = append(rowNames, r.name)
	}
	var seconds float64
	set.IntVar(&o.rounds, "rounds", 3, "`number` of times that each proxy is measured in each row; the medians are shown")
	set.Float64Var(&seconds, "seconds", 4, "`time` in seconds that one measurement takes")
	set.BoolVar(&o.markdown, "markdown", false, "print the table as Markdown")
	set.StringVar(&o.controller, "controller", "", "`path` of the controller's binary (default bin/warren-ingress of the checkout)")
	set.Func("rows", "comma-separated `names` of the rows to measure (default all): "+strings.Join(rowNames, ", "),
		choice(&o.rows, rowNames))
	set.Func("proxies", "comma-separated `names` of the proxies to measure (default all that are there): "+strings.Join(proxyNames(), ", "),
		choice(&o.proxies, proxyNames()))
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	if set.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: there are only flags, see -help", set.Arg(0))
	}
	if o.rounds < 1 {
		return nil, fmt.Errorf("-rounds is %d: write 1 or more", o.rounds)
	}
	if seconds < 0.5 || seconds > 600 {
		return nil, fmt.Errorf("-seconds is %g: write 0.5 to 600", seconds)
	}
	o.window = time.Duration(seconds * float64(time.Second))
	// Long before that, connections are open, and what grows on demand has grown.
	o.warmUp = min(o.window/4, 500*time.Millisecond)
	return o, nil
}

// choice reads a comma-separated list of known names.
func choice(chosen *[]string, known []string) func(string) error {
	return func(text string) error {
		for name := range strings.SplitSeq(text, ",") {
			name = strings.TrimSpace(name)
			if !slices.Contains(known, name) {
				return fmt.Errorf("%q is unknown: write one of %s", name, strings.Join(known, ", "))
			}
			*chosen = append(*chosen, name)
		}
		return nil
	}
}

// chosen says whether a name is among the chosen ones. If none is chosen, all are.
func chosen(names []string, name string) bool {
	return len(names) == 0 || slices.Contains(names, name)
}

// chosenRows returns the rows to measure.
func (o *options) chosenRows() ([]row, error) {
	all := slices.DeleteFunc(rows(), func(r row) bool { return !chosen(o.rows, r.name) })
	if len(all) == 0 {
		return nil, errors.New("no row is chosen")
	}
	return all, nil
}
