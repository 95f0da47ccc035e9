// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// cpuOf adds up the processor time of the processes, user's and system's, threads that have ended included. It includes
// what the kernel does for them, such as moving their bytes over loopback. It asks each process's clock, because /proc
// counts in hundredths of a second. A proxy at half load uses thirty of those in a round.
func cpuOf(ids []int) (time.Duration, error) {
	var sum time.Duration
	for _, id := range ids {
		var used unix.Timespec
		if err := unix.ClockGettime(processClock(id), &used); err != nil {
			return 0, fmt.Errorf("reading what process %d uses: %w", id, err)
		}
		sum += time.Duration(used.Nano())
	}
	return sum, nil
}

// processClock returns what clock_getcpuclockid(3) does: the id's complement, and in the lowest bits the kind of clock,
// which is the scheduler's.
func processClock(id int) int32 {
	const scheduler = 2
	return int32(^id<<3 | scheduler)
}

// residentOf returns how much memory of the processes is present, in bytes. Pages that they share count once, as those
// of a worker and of the process that it was forked from. Anonymous pages count by their shares, which add up. Pages of
// files count as in the process that has most of them: their shares would depend on who else on the machine runs the
// same program.
func residentOf(ids []int) (int64, error) {
	var anonymous, files int64
	for _, id := range ids {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", id))
		if err != nil {
			return 0, fmt.Errorf("reading the memory of process %d: %w", id, err)
		}
		m, err := parseMemory(content)
		if err != nil {
			return 0, fmt.Errorf("reading the memory of process %d: %w", id, err)
		}
		anonymous += m.anonymousShare
		files = max(files, m.files)
	}
	return anonymous + files, nil
}

// memory is what this program reads of /proc/PID/smaps_rollup, in bytes.
type memory struct {
	// anonymousShare counts a page that n processes share as an n-th of it.
	anonymousShare int64
	// files are the pages of files and of shared memory.
	files int64
}

// parseMemory reads lines such as "Rss: 1234 kB", which proc_pid_smaps(5) describes.
func parseMemory(content []byte) (memory, error) {
	var kilobytes [3]int64
	for i, name := range []string{"Pss_Anon:", "Rss:", "Anonymous:"} {
		_, rest, found := bytes.Cut(content, []byte("\n"+name))
		if !found {
			return memory{}, fmt.Errorf("there is no line for %s", name)
		}
		value, _, _ := bytes.Cut(rest, []byte("kB"))
		n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		if err != nil {
			return memory{}, fmt.Errorf("the line for %s: %w", name, err)
		}
		kilobytes[i] = n
	}
	return memory{anonymousShare: kilobytes[0] << 10, files: (kilobytes[1] - kilobytes[2]) << 10}, nil
}

// descendants returns the process and all below it, in the order of their ids.
func descendants(root int) ([]int, error) {
	parents, err := parents()
	if err != nil {
		return nil, err
	}
	ids := []int{root}
	for i := 0; i < len(ids); i++ {
		for id, parent := range parents {
			if parent == ids[i] {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// parents returns every process's parent.
func parents() (map[int]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	of := make(map[int]int, len(files))
	for _, file := range files {
		id, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			continue
		}
		s, err := readStat(id)
		if err != nil {
			// It has ended since it was listed.
			continue
		}
		of[id] = s.parent
	}
	return of, nil
}

// stat is what this program reads of /proc/PID/stat.
type stat struct {
	name   string
	parent int
}

func readStat(id int) (stat, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	if err != nil {
		return stat{}, fmt.Errorf("reading what process %d is: %w", id, err)
	}
	s, err := parseStat(content)
	if err != nil {
		return stat{}, fmt.Errorf("reading what process %d is: %w", id, err)
	}
	return s, nil
}

// parseStat reads the line that proc_pid_stat(5) describes. The second field, the name, is in parentheses and may have
// any character. The state comes after it, and then the parent.
func parseStat(line []byte) (stat, error) {
	open, end := bytes.IndexByte(line, '('), bytes.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return stat{}, fmt.Errorf("%q holds no name in parentheses", line)
	}
	fields := bytes.Fields(line[end+1:])
	if len(fields) < 2 {
		return stat{}, fmt.Errorf("%q has too few fields", line)
	}
	parent, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return stat{}, fmt.Errorf("the parent in %q: %w", line, err)
	}
	return stat{name: string(line[open+1 : end]), parent: parent}, nil
}
