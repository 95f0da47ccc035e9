// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package park

import "errors"

// Poller does not exist on this system. A connection keeps its goroutine while it waits.
type Poller struct{}

// New returns [errors.ErrUnsupported].
func New() (*Poller, error) { return nil, errors.ErrUnsupported }

// Run returns at once.
func (*Poller) Run() error { return errors.ErrUnsupported }

// Add takes nobody.
func (*Poller) Add(int, Waiter, Event) error { return errors.ErrUnsupported }

// Remove finds nobody.
func (*Poller) Remove(int) (waited bool) { return false }

// Waiting returns 0.
func (*Poller) Waiting() int { return 0 }

// Close does nothing.
func (*Poller) Close() error { return nil }
