// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "syscall"

// childAttributes put the child into a process group of its own. So Ctrl-C in the terminal reaches this process alone,
// and things end in order. A child whose parent is killed outlives it here.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
