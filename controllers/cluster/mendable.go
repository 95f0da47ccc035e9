// SPDX-License-Identifier: Apache-2.0

package cluster

// Mendable is an error that somebody has to put right in the cluster. Its text says how.
type Mendable struct{ Text string }

func (e *Mendable) Error() string { return e.Text }
