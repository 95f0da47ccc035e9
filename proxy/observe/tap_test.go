// SPDX-License-Identifier: Apache-2.0

package observe

import "testing"

func TestATapShowsRequestsToItsWatcherAlone(t *testing.T) {
	var tap Tap
	tap.Record(&Record{Status: 200})
	var first, second []int
	tap.Watch(func(r *Record) { first = append(first, r.Status) })
	tap.Record(&Record{Status: 201})
	tap.Watch(func(r *Record) { second = append(second, r.Status) })
	tap.Record(&Record{Status: 202})
	tap.Watch(nil)
	tap.Record(&Record{Status: 203})
	if len(first) != 1 || first[0] != 201 || len(second) != 1 || second[0] != 202 {
		t.Errorf("the first watcher saw %v, want [201]; the second saw %v, want [202]", first, second)
	}
}

func TestATapWithoutAWatcherAllocatesNothing(t *testing.T) {
	var tap Tap
	r := &Record{Status: 200}
	if n := testing.AllocsPerRun(100, func() { tap.Record(r) }); n != 0 {
		t.Errorf("a request that nobody looks at allocates %v times", n)
	}
}
