// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/go-logr/logr"
)

// faultLog takes the proxy's log. Nothing explains an error in there, least of all a panic.
type faultLog struct{ tally *tally }

// Init implements logr.LogSink.
func (faultLog) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink. Only errors are wanted, and those are always enabled.
func (faultLog) Enabled(int) bool { return false }

// Info implements logr.LogSink.
func (faultLog) Info(int, string, ...any) {}

// Error implements logr.LogSink.
func (l faultLog) Error(err error, msg string, keysAndValues ...any) {
	l.tally.fail(fmt.Errorf("%s: %w %v", msg, err, keysAndValues))
}

// WithValues implements logr.LogSink.
func (l faultLog) WithValues(...any) logr.LogSink { return l }

// WithName implements logr.LogSink.
func (l faultLog) WithName(string) logr.LogSink { return l }
