// SPDX-License-Identifier: Apache-2.0

package step

import (
	"io"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// Asker finds out what a step cannot, because a step must not wait. It is made when a route is compiled, and asked for
// many requests at once.
type Asker interface {
	// Ask returns how the request is answered. Its zero value lets the request go on. Ask may wait, in between Arm and
	// Disarm of w. What it returns does not matter once the request was ended.
	Ask(v *View, w Waiting) Answer
	// Foretell notes what Ask would do, for somebody who only asks what would become of the request. It does not wait.
	Foretell(v *View)
}

// Waiting is a request that waits for an [Asker].
type Waiting interface {
	// Arm names what to close to end the wait: once the client has gone away, the time of the request is up, or the proxy
	// waits for it no longer. It returns false if that is so already. Then nothing is closed, and there is nobody to wait
	// for.
	Arm(io.Closer) bool
	// Disarm ends the wait. Nothing is closed any more once it returns. It says why the request was ended, or None.
	Disarm() reason.Reason
	// Gather waits for the content of the request, at most most bytes, which taken counts among those of a namespace. It
	// returns how the request is answered if it has more, or if it was ended. The content can be read until Ask returns.
	Gather(most int64, taken *atomic.Int64) (content []byte, refused Answer)
}

// Giver has something for the client besides the response.
type Giver interface{ Give(*message.Response) }
