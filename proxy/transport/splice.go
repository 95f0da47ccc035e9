// SPDX-License-Identifier: Apache-2.0

package transport

// SpliceFault is a failure of the side that takes the content. Other errors are of the side that it comes from.
type SpliceFault struct{ Cause error }

func (f *SpliceFault) Error() string { return f.Cause.Error() }

// Unwrap returns the cause.
func (f *SpliceFault) Unwrap() error { return f.Cause }
