// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import "errors"

var errNotLinux = errors.New("this needs Linux: it looks at sockets and descriptors in ways of its own")

func newRefusal() (*refusal, error) { return nil, errNotLinux }

func (*refusal) release() {}

func (*wire) awaitReset() error { return errNotLinux }
