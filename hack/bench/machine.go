// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of times in /proc. The kernel shows times to programs in hundredths of a second on every
// architecture that Go runs on, whatever its own clock is.
const tick = 10 * time.Millisecond

// busyTime returns how long the cores of the machine were not idle since it started, added up.
func busyTime() (time.Duration, error) {
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, fmt.Errorf("reading what the machine does: %w", err)
	}
	busy, err := parseBusy(content)
	if err != nil {
		return 0, fmt.Errorf("reading what the machine does: %w", err)
	}
	return busy, nil
}

// parseBusy adds up the first line of /proc/stat, which proc_stat(5) describes: user, nice, system, idle, iowait, irq,
// softirq and steal. It leaves out idle and iowait, which are not busy.
func parseBusy(content []byte) (time.Duration, error) {
	line, _, _ := bytes.Cut(content, []byte("\n"))
	fields := bytes.Fields(line)
	const columns = 8
	if len(fields) <= columns || string(fields[0]) != "cpu" {
		return 0, errors.New("the first line is not that of all cores")
	}
	var sum int64
	for i, field := range fields[1 : columns+1] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, err
		}
		const idle, ioWait = 3, 4
		if i != idle && i != ioWait {
			sum += n
		}
	}
	return time.Duration(sum) * tick, nil
}
