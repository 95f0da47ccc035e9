// SPDX-License-Identifier: Apache-2.0

package uses

import (
	"slices"
	"testing"
)

func TestWhatIsUsedStays(t *testing.T) {
	t.Parallel()
	var m Map[string, int]
	var gone []string
	kept := func(want ...string) {
		t.Helper()
		m.Sweep(func(key string, _ int) { gone = append(gone, key) })
		var got []string
		for key := range m.All() {
			got = append(got, key)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) || m.Len() != len(want) {
			t.Errorf("%q are kept, want %q", got, want)
		}
	}
	for i, key := range []string{"never", "once", "twice", "between"} {
		m.Add(key, i)
	}
	m.Use("once")
	m.Use("twice")
	m.Use("twice")
	m.Use("between")
	kept("between", "once", "twice")
	m.Drop("once")
	m.Drop("twice")
	m.Drop("between")
	m.Use("between") // by something else, before the sweep
	kept("between", "twice")
	m.Add("twice", 5)
	kept("between", "twice")
	if got, ok := m.Get("twice"); !ok || got != 5 {
		t.Errorf("got %d (%t), want the value that was added last", got, ok)
	}
	m.Drop("twice")
	m.Drop("between")
	kept()
	if want := []string{"never", "once", "twice", "between"}; !slices.Equal(gone, want) {
		t.Errorf("%q are gone, want %q", gone, want)
	}
	if _, ok := m.Get("twice"); ok {
		t.Error("a key is there that is not used")
	}
}
