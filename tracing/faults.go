// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/go-logr/logr"
)

// faults keeps what OpenTelemetry's library finds wrong with the environment. The library would log it with the value,
// which may be a password, and go on without.
type faults struct{ found error }

// Init implements logr.LogSink.
func (*faults) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink.
func (*faults) Enabled(int) bool { return false }

// Info implements logr.LogSink.
func (*faults) Info(int, string, ...any) {}

// Error implements logr.LogSink. It drops the values that come with the message, and the error of an escape, which
// quotes the value.
func (f *faults) Error(err error, what string, _ ...any) {
	if _, escape := errors.AsType[url.EscapeError](err); escape {
		err = errors.New("% begins no escape: write %25 for one")
	}
	f.found = errors.Join(f.found, fmt.Errorf("%s: %w", what, err))
}

// WithValues implements logr.LogSink.
func (f *faults) WithValues(...any) logr.LogSink { return f }

// WithName implements logr.LogSink.
func (f *faults) WithName(string) logr.LogSink { return f }
