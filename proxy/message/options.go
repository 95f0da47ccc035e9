// SPDX-License-Identifier: Apache-2.0

package message

import "strconv"

// IsAsterisk says whether the request is for the server as a whole, and for none of its resources (RFC 9110, section
// 9.3.7).
func (r *Request) IsAsterisk() bool {
	return len(r.Path) == 1 && r.Path[0] == '*' && string(r.Method) == "OPTIONS"
}

// CountForwards counts one more server among those that an OPTIONS may pass through (RFC 9110, section 7.6.2). last
// says that the request may be passed on no further. What it writes is appended to buf, which it returns: the value may
// be somebody else's, and is not written over.
func (r *Request) CountForwards(buf []byte) (last bool, _ []byte) {
	if string(r.Method) != "OPTIONS" {
		return false, buf
	}
	for i := range r.Fields {
		f := &r.Fields[i]
		if f.Kind != Other || !EqualFold(f.Name, "max-forwards") {
			continue
		}
		left, ok := ParseLength(f.Value)
		switch {
		case !ok: // It bounds nothing.
		case left == 0:
			return true, buf
		default:
			begin := len(buf)
			buf = strconv.AppendInt(buf, left-1, 10)
			f.Value = buf[begin:]
		}
	}
	return false, buf
}
