// SPDX-License-Identifier: Apache-2.0

package cluster

// Mendable is an error of something in the cluster that somebody has to put in order; its words say what.
type Mendable struct{ Text string }

func (e *Mendable) Error() string { return e.Text }
