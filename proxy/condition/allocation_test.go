// SPDX-License-Identifier: Apache-2.0

//go:build !race

// The race detector makes sync.Pool forget at random, so that only builds without it can count allocations.

package condition

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/condition/conditiontest"
	"github.com/warren-dev/ingress/proxy/plain"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestConditionsAllocateNothing(t *testing.T) {
	long := strings.Repeat("x", 200)
	c, err := Compile(&snapshot.Conditions{
		Methods: []string{"GET", "PUT"},
		Headers: []snapshot.Condition{conditiontest.Of("a~x+, x+"), conditiontest.Of("b=" + long + ", " + long), conditiontest.Of("c~[a-z]*")},
		Cookies: []snapshot.Condition{conditiontest.Of("d=always"), conditiontest.Of("e~x*")},
		Query:   []snapshot.Condition{conditiontest.Of("v~(x| )+"), conditiontest.Of("w=" + long)},
	}, Whole)
	if err != nil {
		t.Fatal(err)
	}
	req := conditiontest.RequestOf("PUT", "?v=x+"+long+"&w="+long[1:]+"%78", "A: "+long, "A: x", "B: "+long, "B: "+long, "C: "+long, "Cookie: d=always", "Cookie: f=1; E="+long)
	if n := testing.AllocsPerRun(100, func() {
		if !c.Hold(req, new(plain.Effort)) {
			t.Error("the request does not meet the conditions")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
