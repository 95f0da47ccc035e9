// SPDX-License-Identifier: Apache-2.0

package binary

import "syscall"

// childAttributes make the kernel kill the child when this process is killed, and can kill nothing any more.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
