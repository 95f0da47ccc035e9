// SPDX-License-Identifier: Apache-2.0

package transport

import "syscall"

// On Windows there are only the commands, which use no sockets of this package. So these need not work.

func rawRead(uintptr, []byte) (int, syscall.Errno)      { return 0, syscall.EWINDOWS }
func rawWrite(uintptr, []byte) (int, syscall.Errno)     { return 0, syscall.EWINDOWS }
func rawWriteMore(uintptr, []byte) (int, syscall.Errno) { return 0, syscall.EWINDOWS }
func rawPeek(uintptr, []byte) (int, syscall.Errno)      { return 0, syscall.EWINDOWS }
func rawUnacknowledged(uintptr) (int, syscall.Errno)    { return 0, syscall.EWINDOWS }

// Peer knows nothing of the peer.
func (t *TCP) Peer() Peer { return Peer{} }

// Unread knows nothing of what came.
func (t *TCP) Unread() int { return 0 }
