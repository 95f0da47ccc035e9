// SPDX-License-Identifier: Apache-2.0

package pipeline

// longestCopy bounds what is copied of a head so that its memory can be given back.
const longestCopy = 2 << 10

// recorded are the fields that are still needed when no endpoint gets the head any more. Records have them, and they
// tell what kind of client it is.
var recorded = [...]string{"content-type", "referer", "user-agent"}

// releaseHead gives back the memory of a request's long head once no endpoint will get it any more. The client may
// take its time for the content, or the endpoint for its response. It keeps a copy of what is still needed.
func (x *Exchange) releaseHead() {
	if !x.down.LongHead() || len(x.Head.Upgrade) > 0 {
		return
	}
	if !x.Detach(longestCopy, recorded[:]) {
		return
	}
	x.released = true
	x.down.ReleaseHead()
}
