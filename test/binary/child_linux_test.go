// SPDX-License-Identifier: Apache-2.0

package binary

import "syscall"

// childAttributes have the child killed when this process is, and so can kill nothing any more.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
