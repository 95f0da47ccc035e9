// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"io"
	"time"
)

// gone is a Transport that has ended.
type gone struct{}

func (gone) Read([]byte) (int, error)      { return 0, io.EOF }
func (gone) Write([]byte) (int, error)     { return 0, io.ErrClosedPipe }
func (gone) Park(int) ([]byte, int, error) { return nil, 0, io.EOF }
func (gone) Close() error                  { return nil }
func (gone) CloseWrite() error             { return io.ErrClosedPipe }
func (gone) StallAfter(time.Duration)      {}
func (gone) ExpireAfter(time.Duration)     {}
func (gone) StopReading()                  {}
func (gone) ResumeReading()                {}
