// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"
	"time"

	"golang.org/x/net/http2"
)

// fill sends on a stream until its window is closed and stays closed. The kernels on the way may take some more for a
// while.
func (f *frames) fill(stream uint32) {
	f.tb.Helper()
	w := f.windowsOf(stream)
	for still := 0; still < 5; still++ {
		if w.fill() {
			still = 0
		}
		<-time.After(20 * time.Millisecond)
		f.check(f.WritePing(false, [8]byte{}))
		for pinged := true; pinged; {
			frame := f.next()
			w.open(frame)
			_, answered := frame.(*http2.PingFrame)
			pinged = !answered
		}
	}
}

// windows counts what a client may send on a stream, and has sent.
type windows struct {
	f                 *frames
	id                uint32
	stream, all, sent int
}

// block is sent again and again if much has to be sent.
var block = strings.Repeat("0123456789abcdef", 1024)

// windowsOf returns the windows of a stream on which nothing was sent. Nothing may have been sent on others for long
// either: the proxy opens the connection's window to 1 MiB at once.
func (f *frames) windowsOf(stream uint32) *windows {
	return &windows{f: f, id: stream, stream: int(f.settings[http2.SettingInitialWindowSize]), all: mebi - 256<<10}
}

// fill sends as many blocks as the windows allow. It says whether it sent any.
func (w *windows) fill() (some bool) {
	for w.send(false) {
		some = true
	}
	return some
}

// send sends a block if the windows allow it.
func (w *windows) send(last bool) bool {
	if w.stream < len(block) || w.all < len(block) {
		return false
	}
	w.f.check(w.f.WriteData(w.id, last, []byte(block)))
	w.stream, w.all, w.sent = w.stream-len(block), w.all-len(block), w.sent+len(block)
	return true
}

// open notes what a frame allows.
func (w *windows) open(frame http2.Frame) {
	update, ok := frame.(*http2.WindowUpdateFrame)
	switch {
	case ok && update.StreamID == w.id:
		w.stream += int(update.Increment)
	case ok && update.StreamID == 0:
		w.all += int(update.Increment)
	}
}
