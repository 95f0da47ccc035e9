// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"errors"
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// CanSplice is whether splice(2) exists.
const CanSplice = true

// pipeSize is what a pipe holds by default, and so the most that is in the kernel at a time.
const pipeSize = 64 << 10

// Pipes are pipes that nobody uses. The garbage collector may take and close them.
type Pipes struct {
	free sync.Pool
	lent atomic.Uint64
}

// Lent returns how often a pipe was used. Each time, the kernel moved content.
func (p *Pipes) Lent() uint64 { return p.lent.Load() }

// pipe is the descriptors of a pipe's two ends.
type pipe struct{ read, write int }

func (p *pipe) close() {
	runtime.SetFinalizer(p, nil)
	_ = syscall.Close(p.read)
	_ = syscall.Close(p.write)
}

func (p *Pipes) get() (*pipe, error) {
	p.lent.Add(1)
	if free, ok := p.free.Get().(*pipe); ok {
		return free, nil
	}
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return nil, err
	}
	made := &pipe{fds[0], fds[1]}
	runtime.SetFinalizer(made, (*pipe).close)
	return made, nil
}

// The flags of splice(2).
const (
	spliceMove     = 1
	spliceNonblock = 2
)

// Splice moves n bytes from one connection to the other through a pipe, with the stall times of both. It returns how
// many it took from the one, and how many of these it moved to the other. The rest is lost.
func Splice(to, from *TCP, n int64, free *Pipes) (taken, moved int64, err error) {
	p, err := free.get()
	if err != nil {
		return 0, 0, err
	}
	s := splicing{to: to, pipe: p}
	for moved < n {
		s.wanted = int(min(n-moved, pipeSize))
		if err = s.fill(from); err == nil {
			err = s.drain()
		}
		moved += int64(s.drained)
		if err != nil {
			break
		}
	}
	if s.held > 0 {
		p.close()
	} else {
		free.free.Put(p)
	}
	return moved + int64(s.held), moved, err
}

// splicing is one load of a pipe.
type splicing struct {
	to     *TCP
	pipe   *pipe
	wanted int
	// held is how many bytes are in the pipe. drained is how many of the present load have left it.
	held, drained int
	errno         error
}

// fill moves up to wanted bytes into the empty pipe.
func (s *splicing) fill(from *TCP) error {
	s.drained = 0
	from.armRead()
	err := from.raw.Read(func(fd uintptr) bool {
		n, err := spliceOnce(int(fd), s.pipe.write, s.wanted)
		if err == syscall.EAGAIN {
			return false
		}
		s.held, s.errno = n, err
		return true
	})
	switch {
	case err != nil:
		return err
	case s.errno != nil:
		return s.errno
	case s.held == 0:
		return io.ErrUnexpectedEOF
	}
	return nil
}

// drain sends what is in the pipe. As with a write, the stall time begins anew whenever a part was taken.
func (s *splicing) drain() error {
	for s.held > 0 {
		before, waited := s.held, false
		err := s.to.raw.Write(func(fd uintptr) bool {
			for s.held > 0 {
				n, err := spliceOnce(s.pipe.read, int(fd), s.held)
				switch {
				case err == syscall.EAGAIN:
					if d := s.to.writeStall; d > 0 {
						waited = true
						_ = s.to.tcp.SetWriteDeadline(time.Now().Add(d))
					}
					return false
				case err != nil:
					s.errno = err
					return true
				}
				s.held -= n
				s.drained += n
			}
			return true
		})
		if waited {
			_ = s.to.tcp.SetWriteDeadline(time.Time{})
		}
		if err == nil {
			err = s.errno
		}
		if err != nil && (s.held == before || !errors.Is(err, os.ErrDeadlineExceeded)) {
			return &SpliceFault{err}
		}
	}
	return nil
}

func spliceOnce(from, to, n int) (int, error) {
	for {
		moved, err := syscall.Splice(from, nil, to, nil, n, spliceMove|spliceNonblock)
		if err != syscall.EINTR {
			return int(max(moved, 0)), err
		}
	}
}
