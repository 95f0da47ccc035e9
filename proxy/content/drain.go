// SPDX-License-Identifier: Apache-2.0

package content

import (
	"io"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

// Drain reads what is there of a content that nobody wants, at most about most bytes of it. A connection can go on
// behind a content that has ended.
func Drain(r message.Reader, most int, buffers *buffer.Pool) {
	buf := buffers.Get(buffer.Small)
	defer buffers.Put(buf)
	for most > 0 && !r.Ended() && r.Buffered() {
		n, err := r.Read(buf)
		if err != nil && err != io.EOF {
			return
		}
		most -= n
	}
}
