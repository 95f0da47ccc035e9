// SPDX-License-Identifier: Apache-2.0

package canonical

import "bytes"

// Host returns the host of an authority as hosts are compared: in lower case, without the port and without the dot that
// ends an absolute name. If the result cannot alias authority, it is written to buf, which is also returned as grown.
func Host(buf, authority []byte) (host, grown []byte) {
	host = authority
	if len(host) > 0 && host[0] == '[' {
		if end := bytes.IndexByte(host, ']'); end > 0 {
			host = host[:end+1]
		}
	} else if colon := bytes.IndexByte(host, ':'); colon >= 0 {
		host = host[:colon]
	}
	if n := len(host); n > 1 && host[n-1] == '.' {
		host = host[:n-1]
	}
	for i, c := range host {
		if 'A' <= c && c <= 'Z' {
			buf = append(buf[:0], host...)
			for ; i < len(buf); i++ {
				if c := buf[i]; 'A' <= c && c <= 'Z' {
					buf[i] = c | 0x20
				}
			}
			return buf, buf
		}
	}
	return host, buf
}
