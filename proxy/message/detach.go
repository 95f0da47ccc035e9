// SPDX-License-Identifier: Apache-2.0

package message

// Detach makes the request, and further views of the same buffer, views of one copy, so that the buffer can be given
// back. Of the fields, the request keeps the first one of each of the names, which are in lower case. Detach does
// nothing and returns false if the copy would be longer than most bytes.
func (r *Request) Detach(most int, names []string, further ...*[]byte) bool {
	fields := make([]Field, 0, len(names))
	for _, name := range names {
		if value, ok := First(r.Fields, name); ok {
			fields = append(fields, Field{Name: []byte(name), Value: value, Kind: Other})
		}
	}
	own := [...]*[]byte{&r.Method, &r.Authority, &r.Path, &r.Query, &r.Upgrade}
	size := 0
	for _, views := range [...][]*[]byte{own[:], further} {
		for _, v := range views {
			size += len(*v)
		}
	}
	for i := range fields {
		size += len(fields[i].Value)
	}
	if size > most {
		return false
	}
	copied := make([]byte, 0, size)
	detach := func(v *[]byte) {
		if *v != nil {
			begin := len(copied)
			copied = append(copied, *v...)
			*v = copied[begin:len(copied):len(copied)]
		}
	}
	for _, views := range [...][]*[]byte{own[:], further} {
		for _, v := range views {
			detach(v)
		}
	}
	for i := range fields {
		detach(&fields[i].Value)
	}
	r.Fields = fields
	return true
}
