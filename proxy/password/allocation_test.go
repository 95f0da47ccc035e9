//go:build !race

// SPDX-License-Identifier: Apache-2.0

package password

import (
	"testing"
	"time"
)

func TestAKnownPasswordAllocatesNothing(t *testing.T) {
	c := NewChecker()
	gate := gateOf(t, c, "shop", aliceLine+"\n"+bobLine)
	now := time.Now()
	for _, login := range [][2]string{{"alice", "secret"}, {"alice", "wrong"}, {"bob", "secret"}, {"bob", "wrong"}, {"nobody", "secret"}} {
		name, password := []byte(login[0]), []byte(login[1])
		if _, _, err := gate.Check(t.Context(), nobody, name, password, now); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { gate.Known(name, password, now) }); n != 0 {
			t.Errorf("%s: asking allocates %v times", name, n)
		}
	}
}
