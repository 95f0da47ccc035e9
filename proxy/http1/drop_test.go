// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
)

// drip is a wire whose client sends on after its pieces. next returns the pause before each further piece, which fills
// what a Read has room for or is a single byte.
type drip struct {
	*wire
	next    func(sent int) (pause time.Duration, whole bool)
	dripped int
	stall   time.Duration
	until   time.Time
}

func (d *drip) StallAfter(t time.Duration)  { d.stall, d.until = t, time.Time{} }
func (d *drip) ExpireAfter(t time.Duration) { d.until = time.Now().Add(t) }

func (d *drip) Read(p []byte) (int, error) {
	if len(d.pieces) > 0 && len(d.pieces[0]) > 0 {
		return d.wire.Read(p)
	}
	pause, whole := d.next(d.dripped)
	wait := d.stall
	if !d.until.IsZero() {
		wait = time.Until(d.until)
	}
	if pause > wait {
		time.Sleep(wait)
		return 0, os.ErrDeadlineExceeded
	}
	time.Sleep(pause)
	n := 1
	if whole {
		n = len(p)
	}
	d.dripped += n
	return n, nil
}

// A client that pauses, is told that no more follows, and sends on, has no more time and no more bytes than others.
func TestDroppedContentIsBoundedInAll(t *testing.T) {
	for name, next := range map[string]func() func(sent int) (time.Duration, bool){
		"in time": func() func(int) (time.Duration, bool) {
			return func(sent int) (time.Duration, bool) {
				if sent < 18 {
					return 3 * dropSilence / 4, false
				}
				return dropSilence + time.Millisecond, false
			}
		},
		"in bytes": func() func(int) (time.Duration, bool) {
			paused := false
			return func(sent int) (time.Duration, bool) {
				if !paused && sent >= dropBytes*3/4 {
					paused = true
					return dropSilence + time.Millisecond, true
				}
				return 0, true
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &drip{wire: newWire([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000\r\n\r\n")), next: next()}
				c := newTestServer(w)
				begin(t, c)
				c.EndExchange()
				began := time.Now()
				if c.DropContent(func() bool { return false }) {
					t.Error("the connection goes on")
				}
				if took := time.Since(began); took > dropTime {
					t.Errorf("it took %v, want %v at most", took, dropTime)
				}
				if !c.saidAll || w.dripped > dropBytes+buffer.Small {
					t.Errorf("%d bytes were dropped, want %d at most, in two parts (%v)", w.dripped, dropBytes, c.saidAll)
				}
			})
		})
	}
}
