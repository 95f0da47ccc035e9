// SPDX-License-Identifier: Apache-2.0

package health

// Class is what came of a probe, as it may be told to everybody who may read the task. More would make every task with
// a health check a scanner of ports, run from where the proxy is.
type Class uint8

const (
	// Unclassified is the class of a task that was not probed yet.
	Unclassified Class = iota
	// Succeeded is the class of every healthy task.
	Succeeded
	// NoConnection is for a task that takes no connection, whether it refuses or does not answer.
	NoConnection
	// NoTLS is for a task with which TLS fails.
	NoTLS
	// NoAnswer is for a task that takes a connection and does not answer in time, or closes it.
	NoAnswer
	// BadAnswer is for an answer that is not of the protocol.
	BadAnswer
	// OtherAnswer is for an answer that is not that of a healthy task.
	OtherAnswer
	// Broken is for a probe that failed by a fault of ours.
	Broken
)

// String returns a text for people. It is empty while no probe was made.
func (c Class) String() string {
	switch c {
	case Succeeded:
		return "the health check succeeds"
	case NoConnection:
		return "the health check fails: no connection"
	case NoTLS:
		return "the health check fails: no TLS connection"
	case NoAnswer:
		return "the health check fails: no answer"
	case BadAnswer:
		return "the health check fails: the answer is malformed"
	case OtherAnswer:
		return "the health check fails: the answer is not that of a healthy instance"
	case Broken:
		return "the health check could not be made; the controller's log says why"
	}
	return ""
}
