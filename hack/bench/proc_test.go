// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestStatIsReadWhateverTheProcessIsCalled(t *testing.T) {
	const behind = " S 17 42 42 0 -1 4194560 1 2 3 4 250 50 5 6 20 0 1 0 100 12345 678 18446744073709551615"
	for _, name := range []string{"nginx", "a b", "a) S 1 (b", ""} {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat([]byte("42 (" + name + ")" + behind))
			if err != nil {
				t.Fatal(err)
			}
			want := stat{name: name, parent: 17}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(stat{})); diff != "" {
				t.Errorf("stat (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoStatIsRefused(t *testing.T) {
	for _, line := range []string{"", "42 nginx S 17", "42 (nginx) S", "42 (nginx) S x 4 5 6"} {
		t.Run(line, func(t *testing.T) {
			if got, err := parseStat([]byte(line)); err == nil {
				t.Errorf("it is read as %+v, want an error", got)
			}
		})
	}
}

func TestProcessorTimeIsThatOfAllItsThreads(t *testing.T) {
	var self unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &self); err != nil {
		t.Fatal(err)
	}
	used := func(r *unix.Rusage) time.Duration { return time.Duration(r.Utime.Nano() + r.Stime.Nano()) }
	least := used(&self)
	got, err := cpuOf([]int{os.Getpid()})
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Getrusage(unix.RUSAGE_SELF, &self); err != nil {
		t.Fatal(err)
	}
	// Usage is in whole microseconds, rounded for each of the two kinds.
	if most := used(&self) + 2*time.Microsecond; got < least-2*time.Microsecond || got > most {
		t.Errorf("this process used %s, want %s to %s", got, least, most)
	}
	const nobody = 1 << 25 // no kernel has as many
	if got, err := cpuOf([]int{nobody}); err == nil {
		t.Errorf("a process that is not there used %s, want an error", got)
	}
}

func TestMemoryIsTheShareOfAnonymousPagesAndAllOfFiles(t *testing.T) {
	const rollup = "55d0-7ffc ---p 00000000 00:00 0 [rollup]\nRss:   900 kB\nPss:    432 kB\nPss_Anon: 200 kB\nAnonymous: 350 kB\n"
	got, err := parseMemory([]byte(rollup))
	if err != nil {
		t.Fatal(err)
	}
	want := memory{anonymousShare: 200 << 10, files: 550 << 10}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(memory{})); diff != "" {
		t.Errorf("memory (-want +got):\n%s", diff)
	}
	for _, missing := range []string{"Rss:", "Pss_Anon:", "Anonymous:"} {
		if got, err := parseMemory([]byte(strings.Replace(rollup, "\n"+missing, "\nOther:", 1))); err == nil {
			t.Errorf("without %s, memory is %+v, want an error", missing, got)
		}
	}
}

func TestIdleAndWaitingTimeOfTheMachineIsNotBusy(t *testing.T) {
	got, err := parseBusy([]byte("cpu  100 20 30 5000 600 7 8 9 1 1\ncpu0 1 1 1 1 1 1 1 1 1 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := 1740 * time.Millisecond; got != want {
		t.Errorf("busy for %s, want %s", got, want)
	}
	for _, content := range []string{"", "cpu 1 2 3", "cpu0 1 2 3 4 5 6 7 8 9 10", "cpu a b c d e f g h i j"} {
		if got, err := parseBusy([]byte(content)); err == nil {
			t.Errorf("%q is read as %s, want an error", content, got)
		}
	}
}

func TestDescendantsIncludeWhatIsStarted(t *testing.T) {
	f := start(t)
	ids, err := descendants(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []int{os.Getpid(), f.floorProcess.id(), f.backendsProcess.id()} {
		if !slices.Contains(ids, id) {
			t.Errorf("%d is not among %d", id, ids)
		}
	}
}
