// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"
)

func TestKindsOfClientsAreChosenByName(t *testing.T) {
	t.Parallel()
	all := len(kinds())
	for _, test := range []struct {
		name  string
		names []string
		want  int
		ok    bool
	}{
		{"none named", nil, all, true},
		{"two named", []string{"uploads", "keep-alive"}, 2, true},
		{"one that there is not", []string{"uploads", "nonsense"}, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := chooseKinds(test.names)
			if len(got) != test.want || (err == nil) != test.ok {
				t.Errorf("got %d kinds, %v, want %d, ok %t", len(got), err, test.want, test.ok)
			}
		})
	}
}

// Each client has the last byte of an address of its own.
func TestClientsAreNoMoreThanAddresses(t *testing.T) {
	t.Parallel()
	clients := 0
	for _, k := range kinds() {
		clients += k.clients
		if k.clients < 1 || k.rest < time.Millisecond {
			t.Errorf("%s: %d clients that rest for %s", k.name, k.clients, k.rest)
		}
	}
	if clients > 254 {
		t.Errorf("there are %d clients", clients)
	}
}
