// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/policy"
)

// longestCopy bounds what is copied of a head so that its memory can be given back.
const longestCopy = 2 << 10

// recorded are the fields that are still needed when no endpoint gets the head any more. Records have them, and they
// tell what kind of client it is.
var recorded = [...]string{"content-type", "referer", "user-agent"}

// releaseHead gives back the memory of a request's long head once no endpoint will get it any more. The client may take
// its time for the content, or the endpoint for its response. It keeps a copy of what is still needed.
func (x *Exchange) releaseHead() {
	if !x.down.LongHead() || len(x.request.Upgrade) > 0 {
		return
	}
	r := &x.request
	fields := make([]message.Field, 0, len(recorded))
	for _, name := range recorded {
		if value, ok := message.First(r.Fields, name); ok {
			fields = append(fields, message.Field{Name: []byte(name), Value: value, Kind: message.Other})
		}
	}
	views := [...]*[]byte{&r.Method, &r.Authority, &r.Path, &r.Query, &x.Host, &x.path, &x.RequestID}
	size := 0
	for _, v := range views {
		size += len(*v)
	}
	for i := range fields {
		size += len(fields[i].Value)
	}
	if size > longestCopy {
		return
	}
	copied := make([]byte, 0, size)
	keep := func(v *[]byte) {
		if *v != nil {
			begin := len(copied)
			copied = append(copied, *v...)
			*v = copied[begin:len(copied):len(copied)]
		}
	}
	for _, v := range views {
		keep(v)
	}
	for i := range fields {
		keep(&fields[i].Value)
	}
	r.Fields = fields
	x.view = policy.View{}
	x.hostBuf, x.pathBuf, x.queryBuf, x.rewriteBuf, x.forwardedBuf = nil, nil, nil, nil, nil
	x.released = true
	x.down.ReleaseHead()
}
