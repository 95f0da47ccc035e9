// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"

	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/subrequest"
)

// Copy is a copy of a request, which its maker completes and then either sends or drops.
type Copy struct {
	// Request is the copy's head. Its length is that of the content, once that is known.
	Request message.Request
	// LogsIn is set if the request logs in the connection that it takes.
	LogsIn bool

	sender *Sender
	to     *To
	// host is the canonical host of the request. shard is where to look first for a connection.
	host  []byte
	shard uint32
	tee   *content.Tee
	// sent is what is sent, once the copy is complete.
	sent subrequest.Request
}

// held is what a copy under way takes of the memory besides its head and its content: its goroutine and the buffers
// of its connection.
const held = 32 << 10

// Copy begins a copy of a request for a canonical host. It returns nil, and has counted that, if the copy would be
// too long, or if too many are under way.
func (s *Sender) Copy(to *To, head *message.Request, host []byte, shard uint32) *Copy {
	if head.ContentLength > content.TeeMost && !to.Bare {
		to.Series.CountMirrored(observe.MirrorTooLong)
		return nil
	}
	request, size := head.Clone()
	tee := content.NewTee(s.Memory.Share(to.Pool.MirrorMemory), s.buffers, held+size)
	if tee == nil {
		to.Series.CountMirrored(observe.MirrorBusy)
		return nil
	}
	if to.Host != nil {
		request.Authority = to.Host
	}
	return &Copy{Request: request, sender: s, to: to, host: bytes.Clone(host), shard: shard, tee: tee}
}

// Send sends the copy of a request that has no content.
func (c *Copy) Send() { c.sender.begin(c) }

// SendWith returns what gathers the content. Once that is whole, the copy is sent. Otherwise it is dropped.
func (c *Copy) SendWith() *content.Tee {
	c.tee.Gather(func(how content.TeeEnd) {
		if how == content.TeeWhole {
			c.sender.begin(c)
			return
		}
		c.to.Series.CountMirrored(map[content.TeeEnd]observe.Mirroring{
			content.TeeLong: observe.MirrorTooLong, content.TeeCrowded: observe.MirrorBusy, content.TeeTorn: observe.MirrorCut,
		}[how])
		c.Drop()
	})
	return c.tee
}

// Drop drops a copy that is not to be sent.
func (c *Copy) Drop() { c.tee.Free() }
