// SPDX-License-Identifier: Apache-2.0

package park

import (
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const patience = 10 * time.Second

// woken is a waiter that says that it was woken.
type woken chan struct{}

func (w woken) Wake() { w <- struct{}{} }

// await waits for a wake.
func (w woken) await(t *testing.T) {
	t.Helper()
	select {
	case <-w:
	case <-time.After(patience):
		t.Fatal("nobody was woken")
	}
}

// started returns a poller that runs, and what its Run will return.
func started(t *testing.T) (*Poller, <-chan error) {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Run() }()
	t.Cleanup(func() { _ = p.Close() })
	return p, ended
}

// pair returns two ends of a stream.
func pair(t *testing.T) (ours, theirs int) {
	t.Helper()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Close(fds[0])
		if fds[1] >= 0 {
			_ = syscall.Close(fds[1])
		}
	})
	return fds[0], fds[1]
}

func write(t *testing.T, fd int) {
	t.Helper()
	if _, err := syscall.Write(fd, []byte("x")); err != nil {
		t.Fatal(err)
	}
}

func TestWaiterIsWoken(t *testing.T) {
	t.Parallel()
	end := func(t *testing.T, fd int) {
		if err := syscall.Shutdown(fd, syscall.SHUT_WR); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		what Event
		do   func(t *testing.T, fd int)
	}{
		{"by bytes", Readable, write},
		{"by the end", Readable, end},
		{"by the end alone", Ended, end},
	} {
		for _, when := range []string{"before", "after"} {
			t.Run(c.name+" "+when+" it waits", func(t *testing.T) {
				t.Parallel()
				p, _ := started(t)
				ours, theirs := pair(t)
				if when == "before" {
					c.do(t, theirs)
				}
				w := make(woken, 1)
				if err := p.Add(ours, w, c.what); err != nil {
					t.Fatal(err)
				}
				if when == "after" {
					c.do(t, theirs)
				}
				w.await(t)
				if p.Waiting() != 0 || p.Remove(ours) {
					t.Error("who was woken still waits")
				}
			})
		}
	}
}

func TestBytesDoNotWakeWhoWaitsForTheEnd(t *testing.T) {
	t.Parallel()
	p, _ := started(t)
	ours, theirs := pair(t)
	quiet, sentinel := make(woken, 1), make(woken, 1)
	if err := p.Add(ours, quiet, Ended); err != nil {
		t.Fatal(err)
	}
	write(t, theirs)
	other, peer := pair(t)
	if err := p.Add(other, sentinel, Readable); err != nil {
		t.Fatal(err)
	}
	write(t, peer)
	sentinel.await(t) // The poller has been told of all that came before.
	if !p.Remove(ours) {
		t.Error("the waiter for the end was woken by bytes")
	}
}

func TestWhoWasRemovedIsNotWoken(t *testing.T) {
	t.Parallel()
	p, _ := started(t)
	ours, theirs := pair(t)
	former, next := make(woken, 1), make(woken, 1)
	if err := p.Add(ours, former, Readable); err != nil {
		t.Fatal(err)
	}
	if !p.Remove(ours) {
		t.Fatal("the waiter was woken by nothing")
	}
	if err := p.Add(ours, next, Readable); err != nil {
		t.Fatal(err)
	}
	write(t, theirs)
	next.await(t)
	if len(former) > 0 {
		t.Error("who was removed was woken")
	}
}

// Each waiter is either woken once or removed, whatever happens at the same time.
func TestWakesAndRemovalsMeet(t *testing.T) {
	t.Parallel()
	p, _ := started(t)
	var all sync.WaitGroup
	for range 8 {
		ours, theirs := pair(t)
		all.Go(func() {
			var b [8]byte
			for range 500 {
				var wakes counter
				if err := p.Add(ours, &wakes, Readable); err != nil {
					t.Error(err)
					return
				}
				sent := rand.IntN(2) == 0
				if sent {
					_, _ = syscall.Write(theirs, []byte("x"))
				}
				if sent && rand.IntN(2) == 0 {
					for wakes.Load() == 0 {
						time.Sleep(time.Microsecond)
					}
				}
				if p.Remove(ours) && wakes.Load() > 0 {
					t.Error("a waiter was woken and removed")
				}
				if sent {
					_, _ = syscall.Read(ours, b[:])
				}
			}
		})
	}
	all.Wait()
	if n := p.Waiting(); n != 0 {
		t.Errorf("%d still wait", n)
	}
}

type counter struct{ atomic.Int32 }

func (c *counter) Wake() { c.Add(1) }

func TestCloseWakesAllAndTakesNoMore(t *testing.T) {
	t.Parallel()
	p, ended := started(t)
	ours, _ := pair(t)
	w := make(woken, 1)
	if err := p.Add(ours, w, Readable); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	w.await(t)
	if err := <-ended; err != nil {
		t.Errorf("the poller ended with %v", err)
	}
	if err := p.Add(ours, w, Readable); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed poller said %v", err)
	}
}

// A poller whose descriptor somebody else has closed says so at the next socket. It wakes all who wait, and does not
// close the number, which may be another file's. The test runs alone, because it closes a number itself.
func TestPollerThatLostItsDescriptorWakesAll(t *testing.T) {
	p, ended := started(t)
	ours, _ := pair(t)
	other, _ := pair(t)
	w := make(woken, 1)
	if err := p.Add(ours, w, Readable); err != nil {
		t.Fatal(err)
	}
	stranger, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Close() }()
	if err := syscall.Dup3(int(stranger.Fd()), p.fd, syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if err := p.Add(other, w, Readable); err == nil {
		t.Fatal("a poller without its descriptor took a socket")
	}
	w.await(t)
	if err := <-ended; !errors.Is(err, syscall.EINVAL) {
		t.Errorf("the poller ended with %v", err)
	}
	_ = p.Close()
	var stat syscall.Stat_t
	if err := syscall.Fstat(p.fd, &stat); err != nil {
		t.Errorf("the stranger's descriptor was closed: %v", err)
	}
}

func TestNoPollerWithoutDescriptors(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	none := limit
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	p, err := New()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if p != nil || !errors.Is(err, syscall.EMFILE) {
		t.Errorf("got %v, %v, want EMFILE", p, err)
	}
}
