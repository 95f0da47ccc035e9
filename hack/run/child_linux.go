// SPDX-License-Identifier: Apache-2.0

package main

import "syscall"

// childAttributes put the child into a process group of its own. So Ctrl-C in the terminal reaches this process alone,
// and things end in order. They also make the kernel kill the child when this process is killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
