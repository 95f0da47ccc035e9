// SPDX-License-Identifier: Apache-2.0

package main

import "syscall"

// childAttributes put the child into a process group of its own, so that Ctrl-C in the terminal reaches this process
// alone and things end in order, and have it killed when this process is killed and can order nothing any more.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
