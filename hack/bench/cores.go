// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// coreSet has the numbers of the cores that a process may run on.
type coreSet []int

// String writes them as [parseCores] reads them.
func (s coreSet) String() string {
	numbers := make([]string, 0, len(s))
	for _, core := range s {
		numbers = append(numbers, strconv.Itoa(core))
	}
	return strings.Join(numbers, ",")
}

func parseCores(text string) (s coreSet, err error) {
	for number := range strings.SplitSeq(text, ",") {
		core, err := strconv.Atoi(number)
		if err != nil {
			return nil, fmt.Errorf("reading the cores %q: %w", text, err)
		}
		s = append(s, core)
	}
	return s, nil
}

// environment makes a Go program equal to as many workers of others as there are cores.
func (s coreSet) environment() string { return fmt.Sprintf("GOMAXPROCS=%d", len(s)) }

// cores are the two cores that everything runs on.
type cores struct {
	// proxy is for the proxy under test. load is for the backends and the load. Either has a core alone, or both have the
	// same two.
	proxy, load coreSet
}

// String says who runs where.
func (c cores) String() string {
	if len(c.proxy) > 1 {
		return fmt.Sprintf("The proxy, load and backends together on the cores %s", c.proxy)
	}
	return fmt.Sprintf("The proxy alone on core %s, load and backends on core %s", c.proxy, c.load)
}

// findCores takes the first two cores that this process may use. The proxy gets one of them, or both and shares them.
func findCores(forProxy int) (cores, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return cores{}, fmt.Errorf("listing the cores: %w", err)
	}
	var found coreSet
	for core := 0; core < len(set)*64 && len(found) < 2; core++ {
		if set.IsSet(core) {
			found = append(found, core)
		}
	}
	if len(found) < 2 {
		return cores{}, fmt.Errorf("this process may use %d core: the proxy and its load need one each", len(found))
	}
	if forProxy == 2 {
		return cores{proxy: found, load: found}, nil
	}
	return cores{proxy: found[:1], load: found[1:]}, nil
}
