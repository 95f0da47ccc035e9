// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// options is what the flags say.
type options struct {
	rounds         int
	window, warmUp time.Duration
	rows, proxies  []string
	// cores is how many the proxy has: one alone, or two with the load on the same.
	cores       int
	markdown    bool
	controllers []controller
	// peers is the folder with those that "make bench-peers" fetched.
	peers string
	// profile is the file for the CPU profile of the controller, or empty.
	profile string
	// bars is the file for the picture, or empty.
	bars string
}

// controller is a binary of the controller, and how the table calls it.
type controller struct{ name, program string }

func parseOptions(set *flag.FlagSet, args []string) (*options, error) {
	o := &options{}
	rowNames := make([]string, 0, len(rows()))
	for _, r := range rows() {
		rowNames = append(rowNames, r.name)
	}
	var seconds float64
	set.IntVar(&o.rounds, "rounds", 15, "`number` of rounds in each row. Each proxy is measured once in a round; the medians are shown")
	set.Float64Var(&seconds, "seconds", 1, "`time` in seconds that one measurement takes")
	set.IntVar(&o.cores, "cores", 1, "`number` of cores for the proxy: 1 for itself alone, or 2 that it shares with the load")
	set.BoolVar(&o.markdown, "markdown", false, "print the table as Markdown")
	set.Func("controller", "`[name=]path` of the controller's binary (default bin/warren-ingress of the checkout). Given again, it adds one more. "+
		"All take turns, and without nginx the ratios are to the first", o.addController)
	set.StringVar(&o.bars, "svg", "", "`file` for a picture of what a request costs, as bars beside the first proxy (nginx if it takes part)")
	set.StringVar(&o.profile, "profile", "", "`file` for the CPU profile of the controller in all rows. The figures are dearer with it")
	set.StringVar(&o.peers, "peers", "bin/peers", "`folder` of peers that \"make bench-peers\" fetched. They go before those on PATH; empty: only the latter")
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
	if o.cores != 1 && o.cores != 2 {
		return nil, fmt.Errorf("-cores is %d: write 1 or 2", o.cores)
	}
	if seconds < 0.5 || seconds > 600 {
		return nil, fmt.Errorf("-seconds is %g: write 0.5 to 600", seconds)
	}
	o.window = time.Duration(seconds * float64(time.Second))
	// Long before that, connections are open, and what grows on demand has grown.
	o.warmUp = min(o.window/4, 500*time.Millisecond)
	return o, nil
}

// addController reads a binary of the controller. Without a name, the first is called as the proxy is.
func (o *options) addController(text string) error {
	name, program, named := strings.Cut(text, "=")
	if !named {
		name, program = warrenName, text
		if len(o.controllers) > 0 {
			name = filepath.Base(program)
		}
	}
	if name == "" || program == "" || strings.Contains(name, "/") {
		return fmt.Errorf("%q is no binary: write [name=]path", text)
	}
	called := func(c controller) bool { return c.name == name }
	if slices.Contains(proxyNames(), name) && name != warrenName || slices.ContainsFunc(o.controllers, called) {
		return fmt.Errorf("the name %q is taken: write another-name=%s", name, program)
	}
	o.controllers = append(o.controllers, controller{name, program})
	return nil
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
