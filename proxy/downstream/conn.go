// SPDX-License-Identifier: Apache-2.0

package downstream

import "time"

// Conn is what the watch and the drain need of a client's connection, in any protocol. No request calls it.
type Conn interface {
	// Announce asks the client to send further requests elsewhere.
	Announce()
	// CloseIdle closes the connection if no request runs on it. Otherwise it closes it as soon as none does, if the
	// protocol can tell the client.
	CloseIdle()
	// Abort ends the connection with all that runs on it.
	Abort()
	// Watch notices a client that went away. It is called at intervals. It returns true if it has the connection rest: its
	// goroutine then leaves it to the poller, or to a new goroutine with a small stack if it cannot rest.
	Watch(now time.Duration) (rested bool)
	// IdleSince returns when the last request on the connection ended, or when it came. idle is false if one runs.
	IdleSince() (since time.Duration, idle bool)
	// Yield closes the connection if it has been idle since then. It returns false if it has not. Nobody else then closes
	// it.
	Yield(since time.Duration) bool
	// SilentSince returns when something moved last on a connection that carries tunnels alone. silent is false on
	// others.
	SilentSince() (since time.Duration, silent bool)
	// YieldSilent closes such a connection if nothing has moved since then. It returns false if something has.
	YieldSilent(since time.Duration) bool
	// Place returns the connection's place, which it may have left, and when it came.
	Place() (of *place, came time.Duration)
	// cameTo says whether the connection came to a listener.
	cameTo(l *listener) bool
	// Running returns how many requests and upgraded connections run on it.
	Running() int
}
