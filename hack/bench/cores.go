// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// cores are the two cores that everything runs on.
type cores struct {
	// proxy is for the proxy under test alone. load is for the backends and the load.
	proxy, load int
}

// findCores takes the first two cores that this process may use.
func findCores() (cores, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return cores{}, fmt.Errorf("listing the cores: %w", err)
	}
	var found []int
	for core := 0; core < len(set)*64 && len(found) < 2; core++ {
		if set.IsSet(core) {
			found = append(found, core)
		}
	}
	if len(found) < 2 {
		return cores{}, fmt.Errorf("this process may use %d core: the proxy and its load need one each", len(found))
	}
	return cores{proxy: found[0], load: found[1]}, nil
}
