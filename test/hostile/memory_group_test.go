// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// memoryGroup is a cgroup with a bound on memory. It is nil if the machine allows none.
type memoryGroup struct{ folder string }

// newMemoryGroup makes a cgroup of either version. It goes with the test.
func newMemoryGroup(t *testing.T, limit int64) *memoryGroup {
	t.Helper()
	for _, version := range []struct{ root, limit string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
		{"/sys/fs/cgroup", "memory.max"},
	} {
		folder, err := os.MkdirTemp(version.root, "warren-hostile-")
		if err != nil {
			continue
		}
		g := &memoryGroup{folder: folder}
		// A group can be removed when its last process is gone for the kernel, too.
		t.Cleanup(func() {
			for range 100 {
				if err := os.Remove(folder); err == nil || errors.Is(err, os.ErrNotExist) {
					return
				}
				time.Sleep(pause)
			}
		})
		file := filepath.Join(folder, version.limit)
		if err := os.WriteFile(file, []byte(strconv.FormatInt(limit, 10)), 0o600); err == nil {
			return g
		}
	}
	t.Log("no memory cgroup can be made here: the process has all of the machine's memory")
	return nil
}

// add puts a process into the group.
func (g *memoryGroup) add(t *testing.T, pid int) {
	t.Helper()
	if g == nil {
		return
	}
	if err := os.WriteFile(filepath.Join(g.folder, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o600); err != nil {
		t.Fatalf("putting the controller into its memory cgroup: %v", err)
	}
}
