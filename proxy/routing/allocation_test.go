// SPDX-License-Identifier: Apache-2.0

//go:build !race

// The race detector makes sync.Pool forget at random, so that only builds without it can count allocations.

package routing

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/canonical"
)

func TestExpressionsAllocateNothing(t *testing.T) {
	g := compileForTest(t, hundredExpressions(), Nothing(), newTestState())
	host, path := []byte("a.io"), []byte("/api/v99/users/17")
	if n := testing.AllocsPerRun(1000, func() { g.Find(bare, host, path, canonical.AsItIs) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func TestOpenExpressionsAllocateNothing(t *testing.T) {
	texts := []string{"/team-1/service[0-9]+/x", "/team-1(/|$)(.*)", "/team-1", "/"}
	g := compileForTest(t, openOf(texts...), Nothing(), newTestState())
	host := []byte("a.io")
	for _, path := range []string{"/TEAM-1/service17/x/" + strings.Repeat("long/", 100), "/team-1/", "/team-10", "/other"} {
		path := []byte(path)
		if n := testing.AllocsPerRun(1000, func() { g.Find(bare, host, path, canonical.AsItIs) }); n != 0 {
			t.Errorf("%s: %v allocations, want none", path, n)
		}
	}
}
