// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// longestWait bounds a wait, so that a loop notices what does not come through a socket.
const longestWait = 100 * time.Millisecond

// poller tells which sockets became ready. It is edge-triggered: the owner of a socket reads or writes until errAgain,
// or until nothing more can be there.
type poller struct {
	fd     int
	events [512]unix.EpollEvent
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("opening epoll: %w", err)
	}
	return &poller{fd: fd}, nil
}

// add watches fd for both directions until it is closed.
func (p *poller) add(fd int) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff, Fd: int32(fd)}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("watching a socket: %w", err)
	}
	return nil
}

// wait returns the ready sockets. It waits for at most timeout, to the microsecond, and never longer than longestWait.
// It does not tell Go's scheduler, because the core has nothing else to do for this process.
func (p *poller) wait(timeout time.Duration) ([]unix.EpollEvent, error) {
	limit := unix.NsecToTimespec(int64(max(0, min(timeout, longestWait))))
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), uintptr(unsafe.Pointer(&limit)), 0, 0)
	switch errno {
	case 0:
		return p.events[:n], nil
	case unix.EINTR:
		return nil, nil
	case unix.ENOSYS:
		return nil, fmt.Errorf("waiting for sockets: the kernel has no epoll_pwait2: use Linux 5.11 or newer")
	}
	return nil, fmt.Errorf("waiting for sockets: %w", errno)
}

// hungUp says whether the stream's end, or an error, follows what there is to read.
func hungUp(events uint32) bool {
	return events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
}
