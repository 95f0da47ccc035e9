// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"

	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/message"
)

// Copies are those of one request that mirrors are to get and that are not yet under way. The zero value has none, and
// none was made.
type Copies struct {
	list []*Copy
	// made is set once the copies were made.
	made bool
}

// Make makes the copies of a request, by chance, unless they were made before. logsIn is set if the request logs in
// the connection that it takes.
func (c *Copies) Make(s *Sender, mirrors []To, head *message.Request, host []byte, shard uint32, logsIn bool) {
	if c.made {
		return
	}
	c.made = true
	if len(head.Upgrade) > 0 {
		return // nobody would speak the other protocol
	}
	for i := range mirrors {
		if !mirrors[i].Wants() {
			continue
		}
		if made := s.Copy(&mirrors[i], head, host, shard); made != nil {
			made.LogsIn = logsIn
			c.list = append(c.list, made)
		}
	}
}

// Made says whether the copies were made.
func (c *Copies) Made() bool { return c.made }

// Complete gives copies what the request got after they were made: a field, and another path unless that is nil.
func (c *Copies) Complete(path []byte, field message.Field) {
	for _, made := range c.list {
		if path != nil {
			made.Request.Path = bytes.Clone(path)
		}
		made.Request.Fields = append(made.Request.Fields, field)
	}
}

// Send sends the copies, those with the content of a request once the upload of that is whole. It waits for nothing.
func (c *Copies) Send(hasContent bool, upload *content.Upload) {
	for _, made := range c.list {
		if hasContent && !made.to.Bare {
			upload.Tee(made.SendWith())
		} else {
			made.Send()
		}
	}
	c.list = nil
}

// Drop drops the copies of a request that was answered before they were sent.
func (c *Copies) Drop() {
	for _, made := range c.list {
		made.Drop()
	}
}
