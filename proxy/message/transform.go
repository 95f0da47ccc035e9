// SPDX-License-Identifier: Apache-2.0

package message

// ForbidsTransforming returns whether a message's Cache-Control says that its content, or that of its response, is to
// stay as it is (RFC 9110, section 7.7).
func ForbidsTransforming(fields []Field) bool {
	for i := range fields {
		if fields[i].IsNoTransform() {
			return true
		}
	}
	return false
}

// IsNoTransform says whether the field is a Cache-Control that says so.
func (f *Field) IsNoTransform() (is bool) {
	if f.Kind == Other && EqualFold(f.Name, "cache-control") {
		Elements(f.Value, func(directive []byte) bool {
			is = is || EqualFold(directive, "no-transform")
			return !is
		})
	}
	return is
}

// Varies returns whether a response says already that it differs by a field of requests, or by everything. The name is
// in lower case.
func Varies(fields []Field, by string) (does bool) {
	for i := range fields {
		if f := &fields[i]; f.Kind == Other && EqualFold(f.Name, "vary") {
			Elements(f.Value, func(name []byte) bool {
				does = does || string(name) == "*" || EqualFold(name, by)
				return !does
			})
		}
	}
	return does
}

// Weaken makes the entity tag of a 304 a weak one, as that of the response which the client has got. A cache may not
// update that by a strong one (RFC 9111, section 4.3.4).
func Weaken(resp *Response) {
	for i := range resp.Fields {
		if f := &resp.Fields[i]; f.Kind == Other && EqualFold(f.Name, "etag") && len(f.Value) > 0 && f.Value[0] == '"' {
			f.Value = append([]byte("W/"), f.Value...)
		}
	}
}

// IsEncoded returns whether a response says that its content is encoded (RFC 9110, section 8.4).
func IsEncoded(fields []Field) bool {
	for i := range fields {
		if f := &fields[i]; f.Kind == Other && EqualFold(f.Name, "content-encoding") && !EqualFold(f.Value, "identity") {
			return true
		}
	}
	return false
}
