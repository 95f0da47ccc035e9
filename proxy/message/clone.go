// SPDX-License-Identifier: Apache-2.0

package message

// Clone returns a copy of the request that views no buffer, and how many bytes it takes. It leaves out what concerns
// the client's connection or one endpoint alone, and trailers that are announced.
func (r *Request) Clone() (clone Request, size int) {
	clone = *r
	clone.Upgrade, clone.ExpectContinue, clone.SentMethod = nil, false, nil
	clone.Fields = make([]Field, 0, len(r.Fields)+1) // one may be added
	size = len(r.Method) + len(r.Authority) + len(r.Path) + len(r.Query)
	for i := range r.Fields {
		if f := &r.Fields[i]; f.Kind.EndToEnd() && f.Kind != Trailer {
			size += len(f.Name) + len(f.Value)
			clone.Fields = append(clone.Fields, *f)
		}
	}
	copied := make([]byte, 0, size)
	detach := func(v *[]byte) {
		begin := len(copied)
		copied = append(copied, *v...)
		*v = copied[begin:len(copied):len(copied)]
	}
	for _, v := range [...]*[]byte{&clone.Method, &clone.Authority, &clone.Path, &clone.Query} {
		detach(v)
	}
	for i := range clone.Fields {
		detach(&clone.Fields[i].Name)
		detach(&clone.Fields[i].Value)
	}
	return clone, size
}
