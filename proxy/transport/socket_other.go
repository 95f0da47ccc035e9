// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package transport

import (
	"errors"
	"time"
)

// Socket is a connected socket that no TCP knows of. There is none on this system.
type Socket int32

// Duplicate returns [errors.ErrUnsupported].
func (t *TCP) Duplicate() (Socket, error) { return -1, errors.ErrUnsupported }

// Attach returns [errors.ErrUnsupported].
func (s Socket) Attach(Clock, time.Duration) (*TCP, error) { return nil, errors.ErrUnsupported }

// shutdown is never called, because no socket rests.
func (t *TCP) shutdown() error { return errors.ErrUnsupported }

// dropUnsent is never called either.
func (t *TCP) dropUnsent() {}

// Close does nothing.
func (s Socket) Close() {}

// Reset does nothing.
func (s Socket) Reset() {}
