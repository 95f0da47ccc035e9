// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"
)

// roleVariable makes the test binary act as bench does as a child of itself.
const roleVariable = "BENCH_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == "" {
		os.Exit(m.Run())
	}
	role, args := roleOf(os.Args[1:])
	if err := runRole(role, args); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fixture has the backends and the floor running, as processes of their own.
type fixture struct {
	launcher        *launcher
	core            coreSet
	backends        []netip.AddrPort
	floor           netip.AddrPort
	floorProcess    *child
	backendsProcess *child
}

// start starts a fixture that ends with the test. The children are bound to the calling thread.
func start(t *testing.T) *fixture {
	t.Helper()
	t.Setenv(roleVariable, "yes")
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cores, err := findCores(1)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{launcher: &launcher{self: self, folder: t.TempDir()}, core: cores.load, backends: make([]netip.AddrPort, backendCount)}
	var p ports
	if err := p.takeAll(&f.backends[0], &f.backends[1], &f.floor); err != nil {
		t.Fatal(err)
	}
	f.backendsProcess = f.run(t, "backends", f.backends, self, roleBackend, f.backends[0].String(), f.backends[1].String())
	f.floorProcess = f.run(t, "floor", []netip.AddrPort{f.floor}, self, roleFloor, f.floor.String(), f.backends[0].String(), f.backends[1].String())
	return f
}

func (f *fixture) run(t *testing.T, name string, addresses []netip.AddrPort, program ...string) *child {
	t.Helper()
	started, err := f.launcher.start(f.core, name, nil, program...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := started.stop(); err != nil {
			t.Error(err)
		}
	})
	limited, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, address := range addresses {
		if err := started.until(limited, func() error { return listens(address.String()) }); err != nil {
			t.Fatal(err)
		}
	}
	return started
}
