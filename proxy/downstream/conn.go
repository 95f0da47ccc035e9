// SPDX-License-Identifier: Apache-2.0

package downstream

import "time"

// Conn is what the watch and the drain do to a client's connection, whatever it speaks. No request calls it.
type Conn interface {
	// Announce asks the client to send further requests elsewhere.
	Announce()
	// CloseIdle closes the connection where no request runs on it, and otherwise as soon as none does, if the protocol
	// lets it tell the client.
	CloseIdle()
	// Abort ends the connection with all that runs on it.
	Abort()
	// Watch notices a client that went away. It is called at intervals, and says whether it had the connection rest: go
	// on with a goroutine whose stack is small.
	Watch(now time.Duration) (rested bool)
	// Running is how many requests and upgraded connections run on it.
	Running() int
}
