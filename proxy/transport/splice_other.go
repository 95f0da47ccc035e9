// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package transport

import "errors"

// Pipes are none.
type Pipes struct{}

// CanSplice says whether there is splice(2).
const CanSplice = false

// Splice is never called where there is no splice(2).
func Splice(*TCP, *TCP, int64, *Pipes) (int64, error) { return 0, errors.ErrUnsupported }
