// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"reflect"
	"testing"

	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/proxy/snapshot/snapshottest"
)

// countsInNoEqual has the fields in which equal snapshots may differ, with the reason.
var countsInNoEqual = map[string]string{
	"Check.Before": "a check goes on with what it found itself, and begins with this once",
}

// Apply drops a snapshot that equals the one before. If Equal forgot a field, a change of that field would never be
// served.
func TestEveryFieldCountsInEqual(t *testing.T) {
	t.Parallel()
	var before, after snapshot.Snapshot
	snapshottest.Fill(t, reflect.ValueOf(&before).Elem())
	snapshottest.Fill(t, reflect.ValueOf(&after).Elem())
	for _, s := range []*snapshot.Snapshot{&before, &after} { // the rest makes sense
		s.Listeners[0].Hosts[0].Clients = nil
	}
	if !before.Equal(&after) {
		t.Fatal("two snapshots with the same values are not equal")
	}
	visited := make(map[string]bool)
	var mistaken []string // what Compare refuses
	snapshottest.EachLeaf(reflect.ValueOf(&after).Elem(), "Snapshot", func(name string, leaf reflect.Value) {
		visited[name] = true
		was := reflect.ValueOf(leaf.Interface())
		leaf.Set(snapshottest.OtherThan(t, leaf))
		_, excepted := countsInNoEqual[name]
		if got := before.Equal(&after); got != excepted {
			t.Errorf("snapshots that differ in %s alone: equal %v, want %v", name, got, excepted)
		}
		if c, err := snapshot.Compare(&before, &after); err == nil && c.None() != excepted {
			t.Errorf("snapshots that differ in %s alone: no difference %v, want %v", name, c.None(), excepted)
		} else if err != nil {
			mistaken = append(mistaken, name)
		}
		leaf.Set(was)
	})
	if len(mistaken) > 20 {
		t.Errorf("Compare refuses too many to say whether it looks at all fields: %q", mistaken)
	}
	for name := range countsInNoEqual {
		if !visited[name] {
			t.Errorf("there is no %s that could be an exception", name)
		}
	}
}
