// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"slices"
	"testing"
)

func TestProxyHasACoreAloneOrSharesTwo(t *testing.T) {
	alone, err := findCores(1)
	if err != nil {
		t.Fatal(err)
	}
	if len(alone.proxy) != 1 || len(alone.load) != 1 || alone.proxy[0] == alone.load[0] {
		t.Errorf("the proxy is on %s and the load on %s, want one core each", alone.proxy, alone.load)
	}
	shared, err := findCores(2)
	if err != nil {
		t.Fatal(err)
	}
	if len(shared.proxy) != 2 || !slices.Equal(shared.proxy, shared.load) {
		t.Errorf("the proxy is on %s and the load on %s, want the same two", shared.proxy, shared.load)
	}
	read, err := parseCores(shared.proxy.String())
	if err != nil || !slices.Equal(read, shared.proxy) {
		t.Errorf("%q is read as %v (%v)", shared.proxy, read, err)
	}
	if _, err := parseCores("0,"); err == nil {
		t.Error("what names no core is read")
	}
}
