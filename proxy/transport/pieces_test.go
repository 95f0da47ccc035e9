// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"net"
	"sync/atomic"
	"time"
)

// pieces is a connection that sends what is written in pieces of a size, with pauses.
type pieces struct {
	net.Conn
	size  int
	pause atomic.Int64
}

func (p *pieces) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		if n > 0 {
			time.Sleep(time.Duration(p.pause.Load()))
		}
		var wrote int
		wrote, err = p.Conn.Write(b[n : n+min(p.size, len(b)-n)])
		n += wrote
	}
	return n, err
}
