//go:build !linux

package proxy

import "errors"

type pipes struct{}

const canSplice = false

// splice is never called where there is no splice(2).
func splice(*transport, *transport, int64, *pipes) (int64, error) { return 0, errors.ErrUnsupported }
