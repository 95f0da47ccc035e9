// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"testing"
	"time"
)

// If a connection is not made in time, those who come later do not have to wait for it, although somebody still does.
func TestConnectionThatIsLateIsNotWaitedForByOthers(t *testing.T) {
	t.Parallel()
	e := testEndpoint(Key{Address: deafAddress(t), H2C: true})
	dialled := func() *joinedDial {
		e.sharing.mu.Lock()
		defer e.sharing.mu.Unlock()
		return e.sharing.dial
	}
	patient, stop := context.WithCancel(t.Context())
	gaveUp := make(chan error)
	go func() {
		_, err := e.Dial(patient, Demand{Stream: new(Stream)})
		gaveUp <- err
	}()
	await(t, "a dial", func() bool { return dialled() != nil })
	late := dialled()
	if _, err := e.Dial(t.Context(), Demand{Timeout: time.Millisecond, Stream: new(Stream)}); err != context.DeadlineExceeded {
		t.Errorf("got %v, want that it took too long", err)
	}
	if dialled() == late {
		t.Error("whoever comes next would wait for the same connection")
	}
	stop()
	if err := <-gaveUp; err != context.Canceled {
		t.Errorf("who went on waiting got %v, want that it was cancelled", err)
	}
}
