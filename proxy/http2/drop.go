// SPDX-License-Identifier: Apache-2.0

package http2

import "time"

// These bound what is read and dropped of a request's content after its response, as in package http1.
const (
	dropBytes = 1 << 30
	dropTime  = 30 * time.Second
	dropPause = 5 * time.Second
)

// dropContent reads and drops the rest of the request's content after a whole response. A reset with NO_ERROR asks the
// client to send no more (RFC 9113, section 8.1). But many clients see a reset before they read the response that came
// with it, and lose the response. Others read nothing before they have sent everything.
func (s *Stream) dropContent() {
	in := &s.in
	if in.ended || !s.out.ended || s.tunnel {
		return
	}
	s.ReleaseHead()
	c := s.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush(false)
	in.patience, in.late = dropPause, false
	began := c.config.Now()
	c.dropping++
	defer func() { c.dropping-- }()
	if c.running <= c.tunnels+c.dropping {
		c.quietSince = began
	}
	for dropped := 0; s.err == nil && in.malformed == nil && c.departure < departed; {
		n := in.w - in.r
		in.drop(n)
		dropped += n
		if in.closed || in.late || dropped >= dropBytes || c.config.Now()-began >= dropTime {
			return
		}
		in.wait()
	}
}
