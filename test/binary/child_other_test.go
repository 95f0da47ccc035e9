// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package binary

import "syscall"

// childAttributes are none: only Linux ends a child with its parent.
func childAttributes() *syscall.SysProcAttr { return nil }
