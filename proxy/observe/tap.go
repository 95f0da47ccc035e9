// SPDX-License-Identifier: Apache-2.0

package observe

import "sync/atomic"

// Tap lets one watcher look at requests as they end. Without a watcher, a request pays for one atomic load. The zero
// value has none.
type Tap struct {
	watcher atomic.Pointer[func(*Record)]
}

// Watch has watcher called with each request that ends from now on, by the goroutine that served it. So the watcher
// must neither wait nor keep anything of the record. It takes the place of the one before. Nil is for none.
func (t *Tap) Watch(watcher func(*Record)) {
	if watcher == nil {
		t.watcher.Store(nil)
		return
	}
	t.watcher.Store(&watcher)
}

// Record shows a request that has ended to the watcher.
func (t *Tap) Record(r *Record) {
	if watcher := t.watcher.Load(); watcher != nil {
		(*watcher)(r)
	}
}
