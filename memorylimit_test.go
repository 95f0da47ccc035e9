// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"os"
	"testing"
)

func TestMemoryLimitIsTheLeastThatAnybodySets(t *testing.T) {
	for _, test := range []struct {
		name      string
		collected int64
		files     map[string]string
		want      int64
	}{
		{"nothing", math.MaxInt64, nil, math.MaxInt64},
		{"GOMEMLIMIT", 900 << 20, nil, 900 << 20},
		{"a container's cgroup of version 2", math.MaxInt64, map[string]string{"/sys/fs/cgroup/memory.max": "1073741824\n"}, 1 << 30},
		{"a container's cgroup of version 1", math.MaxInt64, map[string]string{"/sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n"}, 1 << 30},
		{"a service's cgroup of version 2", math.MaxInt64, map[string]string{
			"/proc/self/cgroup": "0::/system.slice/warren\n", "/sys/fs/cgroup/system.slice/warren/memory.max": "536870912\n"}, 512 << 20},
		{"a service's cgroup of version 1", math.MaxInt64, map[string]string{
			"/proc/self/cgroup": "5:cpu,cpuacct:/a\n4:memory:/b\n", "/sys/fs/cgroup/memory/b/memory.limit_in_bytes": "536870912\n",
			"/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1\n"}, 512 << 20},
		{"the lower of two", 900 << 20, map[string]string{"/sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20},
		{"no limit of version 2", math.MaxInt64, map[string]string{"/sys/fs/cgroup/memory.max": "max\n"}, math.MaxInt64},
		{"no limit of version 1", math.MaxInt64, map[string]string{"/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, math.MaxInt64},
	} {
		t.Run(test.name, func(t *testing.T) {
			read := func(file string) ([]byte, error) {
				content, ok := test.files[file]
				if !ok {
					return nil, os.ErrNotExist
				}
				return []byte(content), nil
			}
			if got := memoryLimit(test.collected, read); got != test.want {
				t.Errorf("the limit is %d, want %d", got, test.want)
			}
		})
	}
}
