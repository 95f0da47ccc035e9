// SPDX-License-Identifier: Apache-2.0

package message

import "strconv"

// AppendPort appends a port, unless it is the usual one of the scheme, or 0.
func AppendPort(to []byte, scheme string, port int) []byte {
	usual := 80
	if scheme == "https" {
		usual = 443
	}
	if port == 0 || port == usual {
		return to
	}
	return strconv.AppendInt(append(to, ':'), int64(port), 10)
}

// ForwardedPort returns the port that the client used, as X-Forwarded-Port says. What an untrusted client says of it
// was taken out of the message before. It returns 0 if that is no port.
func ForwardedPort(fields []Field) int {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() && EqualFold(f.Name, "x-forwarded-port") {
			port, ok := ParseLength(f.Value)
			if !ok || port > 65535 {
				return 0
			}
			return int(port)
		}
	}
	return 0
}
