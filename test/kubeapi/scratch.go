// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// scratchPrefix begins the name of every temporary folder of this package. The process id of its owner follows.
const scratchPrefix = "warren-kubeapi-"

// makeScratch makes the temporary folder of one server. It also removes those of processes that were killed. Otherwise
// test runs that are often interrupted would fill the disk with etcd's preallocated logs.
func makeScratch() (string, error) {
	abandoned, err := filepath.Glob(filepath.Join(os.TempDir(), scratchPrefix+"*"))
	if err != nil {
		return "", fmt.Errorf("looking for abandoned data: %w", err)
	}
	for _, folder := range abandoned {
		if ownerIsGone(filepath.Base(folder)) {
			// A folder that another user left behind cannot be removed, and does no harm.
			_ = os.RemoveAll(folder)
		}
	}
	folder, err := os.MkdirTemp("", scratchPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return "", fmt.Errorf("making a temporary folder: %w", err)
	}
	return folder, nil
}

func ownerIsGone(folder string) bool {
	owner, _, _ := strings.Cut(strings.TrimPrefix(folder, scratchPrefix), "-")
	id, err := strconv.Atoi(owner)
	if err != nil {
		return false
	}
	return syscall.Kill(id, 0) == syscall.ESRCH
}
