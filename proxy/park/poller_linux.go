// SPDX-License-Identifier: Apache-2.0

package park

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// Poller has an epoll descriptor of its own. That descriptor waits in the runtime's poller as a socket does. So one
// goroutine waits for all sockets, and no thread does.
type Poller struct {
	file *os.File
	raw  syscall.RawConn
	// fd is the descriptor. It is used only with mu held, and not once closed is set.
	fd int

	mu     sync.Mutex // guards what follows
	table  table
	closed bool
	// fault is why the poller failed, nil if it did not.
	fault error
}

// failed are the files of pollers whose descriptors are not theirs any more. They must never be closed: the numbers may
// be other files' by now.
var failed struct {
	sync.Mutex
	files []*os.File
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// New makes a poller. Somebody has to call its Run.
func New() (*Poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("making an epoll descriptor: %w", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // The runtime polls only descriptors that never block.
		_ = syscall.Close(fd)
		return nil, fmt.Errorf("preparing an epoll descriptor: %w", err)
	}
	file := os.NewFile(uintptr(fd), "epoll")
	raw, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("polling an epoll descriptor: %w", err)
	}
	return &Poller{file: file, raw: raw, fd: fd}, nil
}

// mostAtOnce is how many sockets one system call tells of.
const mostAtOnce = 128

// Run tells waiters until Close. It then returns nil. If the poller fails, it returns why: all waiters were woken then,
// and Add takes no more.
func (p *Poller) Run() error {
	var events [mostAtOnce]syscall.EpollEvent
	var woken []Waiter
	for {
		n := 0
		var fault error
		err := p.raw.Read(func(fd uintptr) bool {
			n, fault = syscall.EpollWait(int(fd), events[:], 0)
			return n > 0 || fault != nil && !errors.Is(fault, syscall.EINTR)
		})
		if err == nil {
			err = fault
		}
		if err != nil {
			return p.end(err)
		}
		p.mu.Lock()
		for i := range events[:n] {
			if w := p.table.take(int(events[i].Fd), uint32(events[i].Pad)); w != nil {
				woken = append(woken, w)
			}
		}
		p.mu.Unlock()
		for i, w := range woken {
			w.Wake()
			woken[i] = nil
		}
		woken = woken[:0]
	}
}

// end wakes all who still wait. It returns why the poller ended, nil if somebody closed it.
func (p *Poller) end(why error) error {
	p.mu.Lock()
	if !p.closed {
		p.fail(why)
	}
	why = p.fault
	left := p.table.drain()
	p.mu.Unlock()
	for _, w := range left {
		w.Wake()
	}
	return why
}

// fail ends a poller that cannot go on.
func (p *Poller) fail(why error) {
	p.closed, p.fault = true, fmt.Errorf("waiting for sockets: %w", why)
	failed.Lock()
	defer failed.Unlock()
	failed.files = append(failed.files, p.file)
	_ = p.file.SetReadDeadline(longAgo) // This ends Run.
}

// Add has w woken once what it waits for has come to a socket, or had come before. The socket must stay open until
// then, or until Remove.
func (p *Poller) Add(fd int, w Waiter, what Event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	turn := p.table.put(fd, w)
	event := syscall.EpollEvent{Events: syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: int32(fd), Pad: int32(turn)}
	if what == Readable {
		event.Events |= syscall.EPOLLIN
	}
	if err := syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
		p.table.remove(fd)
		if errors.Is(err, syscall.EBADF) || errors.Is(err, syscall.EINVAL) { // Somebody else has closed our descriptor.
			p.fail(err)
		}
		return fmt.Errorf("adding to an epoll descriptor: %w", err)
	}
	return nil
}

// Remove takes a socket out, before it is closed or used in another way. It says whether the waiter was not woken, and
// will not be.
func (p *Poller) Remove(fd int) (waited bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		// Whoever was woken is still known to the kernel, which tells of nobody twice.
		_ = syscall.EpollCtl(p.fd, syscall.EPOLL_CTL_DEL, fd, new(syscall.EpollEvent))
	}
	return p.table.remove(fd) != nil
}

// Waiting returns how many wait.
func (p *Poller) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.table.waiting
}

// Close ends Run. All who still wait are woken.
func (p *Poller) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	return p.file.Close()
}
