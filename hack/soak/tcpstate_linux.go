// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// tcpClosed is the state of a connection that the other side reset (linux/tcp_states.h).
const tcpClosed = 7

const resetInterval = 50 * time.Millisecond

// awaitReset waits for the proxy to reset the connection, and reads nothing meanwhile.
func (w *wire) awaitReset() error {
	raw, err := w.tcp.SyscallConn()
	if err != nil {
		return fmt.Errorf("getting at the socket: %w", err)
	}
	for deadline := time.Now().Add(roundLimit); time.Now().Before(deadline); time.Sleep(resetInterval) {
		state := 0
		var infoErr error
		if err := raw.Control(func(fd uintptr) {
			// The first byte of struct tcp_info is the state.
			state, infoErr = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO)
		}); err != nil {
			return fmt.Errorf("getting at the socket: %w", err)
		}
		if infoErr != nil {
			return fmt.Errorf("asking for the connection's state: %w", infoErr)
		}
		if state&0xff == tcpClosed {
			return nil
		}
	}
	return errors.New("the connection was not reset although nothing was read")
}
