// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"bytes"
)

// copyForMirrors makes the copies of the request that the route's mirrors are to get, by chance. They have what the
// route's policies made of the request, and nothing of what those of the chosen backend make of it.
func (x *Exchange) copyForMirrors() {
	if x.copied || x.view.Notes != nil {
		return // a request that somebody only asks about goes nowhere
	}
	x.copied = true
	if len(x.request.Upgrade) > 0 {
		return // nobody would speak the other protocol
	}
	for i := range x.route.Mirrors {
		to := &x.route.Mirrors[i]
		if !to.Wants() {
			continue
		}
		if c := x.engine.Mirrors.Copy(to, &x.request, x.Host, x.Shard); c != nil {
			c.LogsIn = x.logsIn
			x.copies = append(x.copies, c)
		}
	}
}

// mirror sends the copies, those of a request with content once that is whole. It waits for nothing.
func (x *Exchange) mirror() {
	early := x.copied
	x.copyForMirrors()
	for _, c := range x.copies {
		if early { // before these phases
			if x.respelled {
				c.Request.Path = bytes.Clone(x.request.Path)
			}
			c.Request.Fields = append(c.Request.Fields, x.markField())
		}
		if x.request.HasContent() {
			x.upload.Tees = append(x.upload.Tees, c.SendWith())
		} else {
			c.Send()
		}
	}
	x.copies = nil
}

// dropCopies drops the copies of a request that was answered before they were sent.
func (x *Exchange) dropCopies() {
	for _, c := range x.copies {
		c.Drop()
	}
}
