// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The parts that the binary plays as a child of itself, by its first argument.
const (
	rolePinned  = "pinned"  // CORES PROGRAM ARGUMENT...: becomes the program, on these cores alone
	roleBackend = "backend" // ADDRESS...: serves the responses that proxies fetch
	roleFloor   = "floor"   // ADDRESS BACKEND...: relays
	roleFlood   = "flood"   // ADDRESS: sends wrong passwords
	roleLoad    = "load"    // reads a loadSpec, writes a loadResult
)

// roleOf returns the role that the arguments ask for, if any, and what follows it.
func roleOf(args []string) (role string, rest []string) {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return "", args
	}
	return args[0], args[1:]
}

func runRole(role string, args []string) error {
	switch role {
	case rolePinned:
		return runPinned(args)
	case roleLoad:
		return runLoad(os.Stdin, os.Stdout)
	}
	addresses, err := parseAddresses(args)
	if err != nil {
		return err
	}
	switch {
	case role == roleBackend && len(addresses) > 0:
		return runBackend(addresses)
	case role == roleFlood && len(addresses) == 1:
		return runFlood(addresses[0], os.Stdout)
	case role == roleFloor && len(addresses) > 1:
		return runFloor(addresses[0], addresses[1:])
	}
	return fmt.Errorf("there are only flags for a person to write, and %q is none: see -help", role)
}

// runPinned becomes the program, bound to its cores, and ends with its parent. All threads that the program starts
// inherit the cores. From outside, it could only be set for one thread.
func runPinned(args []string) error {
	if len(args) < 2 {
		return fmt.Errorf("binding a program to cores: got %q, want the cores, the program and its arguments", args)
	}
	cores, err := parseCores(args[0])
	if err != nil {
		return fmt.Errorf("binding a program to cores: %w", err)
	}
	var set unix.CPUSet
	for _, core := range cores {
		set.Set(core)
	}
	// All of it concerns the thread that becomes the program.
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGTERM), 0, 0, 0); err != nil {
		return fmt.Errorf("binding %s to its parent: %w", args[1], err)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("binding %s to the cores %s: %w", args[1], cores, err)
	}
	if err := syscall.Exec(args[1], args[1:], os.Environ()); err != nil {
		return fmt.Errorf("becoming %s: %w", args[1], err)
	}
	return nil
}

func parseAddresses(texts []string) ([]netip.AddrPort, error) {
	var addresses []netip.AddrPort
	for _, text := range texts {
		address, err := netip.ParseAddrPort(text)
		if err != nil {
			return nil, fmt.Errorf("reading the address %q: %w: write one such as 127.0.0.1:8080", text, err)
		}
		addresses = append(addresses, address)
	}
	return addresses, nil
}
