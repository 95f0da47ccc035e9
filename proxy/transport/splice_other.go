// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package transport

import "errors"

// Pipes is empty: there are none.
type Pipes struct{}

// CanSplice is whether splice(2) exists.
const CanSplice = false

// Splice is never called, because there is no splice(2).
func Splice(*TCP, *TCP, int64, *Pipes) (taken, moved int64, err error) {
	return 0, 0, errors.ErrUnsupported
}
