// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"slices"
	"strconv"

	"github.com/warren-dev/ingress/proxy/message"
)

// The representations of a field that are written (RFC 7541, section 6): one that is in the static table, or a name,
// from that table or not, with a value that no table keeps.
const (
	indexedField  = 0x80
	literalField  = 0x00
	literalPrefix = 4
	stringPrefix  = 7
	tableEmpty    = 0x20 // a dynamic table's new size, 0 (section 6.3)

	// The indexes in the static table of what begins a request, and of these names (RFC 7541, appendix A).

	indexOfAuthority = 1
	indexOfGet       = 2
	indexOfPost      = 3
	indexOfRoot      = 4
	indexOfStatus    = 8
	indexOfLength    = 28

	// Two whole fields: te: trailers, and expect: 100-continue.

	acceptsTrailers = "\x00\x02te\x08trailers"
	expectsContinue = "\x0f\x14\x0c100-continue"
)

// statusIndex returns the index of a status in the static table, 0 if it is not there.
func statusIndex(status int) byte {
	switch status {
	case 200:
		return 8
	case 204:
		return 9
	case 206:
		return 10
	case 304:
		return 11
	case 400:
		return 12
	case 404:
		return 13
	case 500:
		return 14
	}
	return 0
}

// staticName is the name of a field in the static table, and its index (RFC 7541, appendix A).
type staticName struct {
	name  string
	index byte
}

// staticNames lists them by their length.
var staticNames = func() (table [32][]staticName) {
	for _, n := range []staticName{
		{"accept-ranges", 18}, {"access-control-allow-origin", 20}, {"age", 21}, {"allow", 22}, {"cache-control", 24},
		{"content-disposition", 25}, {"content-encoding", 26}, {"content-language", 27}, {"content-location", 29},
		{"content-range", 30}, {"content-type", 31}, {"date", 33}, {"etag", 34}, {"expires", 36}, {"last-modified", 44},
		{"link", 45}, {"location", 46}, {"proxy-authenticate", 48}, {"refresh", 52}, {"retry-after", 53}, {"server", 54},
		{"set-cookie", 55}, {"strict-transport-security", 56}, {"vary", 59}, {"via", 60}, {"www-authenticate", 61},
		{"accept", 19}, {"accept-charset", 15}, {"accept-encoding", 16}, {"accept-language", 17}, {"authorization", 23}, {"cookie", 32},
		{"from", 37}, {"if-match", 39}, {"if-modified-since", 40}, {"if-none-match", 41}, {"if-range", 42}, {"if-unmodified-since", 43},
		{"max-forwards", 47}, {"proxy-authorization", 49}, {"range", 50}, {"referer", 51}, {"user-agent", 58},
	} {
		table[len(n.name)] = append(table[len(n.name)], n)
	}
	return table
}()

func indexOf(name []byte) byte {
	if len(name) >= len(staticNames) {
		return 0
	}
	for _, n := range staticNames[len(name)] {
		if message.EqualFold(name, n.name) {
			return n.index
		}
	}
	return 0
}

// appendInteger appends n with a prefix of that many bits. The other bits of the first byte are those of first (RFC
// 7541, section 5.1).
func appendInteger(b []byte, first byte, prefix, n int) []byte {
	most := 1<<prefix - 1
	if n < most {
		return append(b, first|byte(n))
	}
	b = append(b, first|byte(most))
	for n -= most; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

// appendText appends a string without Huffman coding. Coding would save the client a fifth of the bytes, and cost more
// here than sending them.
func appendText(b, text []byte) []byte {
	return append(appendInteger(b, 0, stringPrefix, len(text)), text...)
}

// appendResponse appends a response's header block. It does not use the dynamic table. So a head can be made before it
// is known that it will be sent, any number of streams can do so at once, and the client's table costs us no memory.
func appendResponse(b []byte, resp *message.Response) []byte {
	b = withRoom(b, resp.Fields)
	status := resp.Status
	if status == 101 {
		status = 200 // A change of protocol is a success like others (RFC 8441, section 5).
	}
	if i := statusIndex(status); i > 0 {
		b = append(b, indexedField|i)
	} else {
		b = appendInteger(b, literalField, literalPrefix, indexOfStatus)
		b = append(b, 3)
		b = strconv.AppendInt(b, int64(status), 10)
	}
	b = appendFields(b, resp.Fields)
	// HEAD and 304 may announce what a GET would get; 1xx and 204 must not (RFC 9110, section 8.6).
	if resp.ContentLength >= 0 && (!resp.NoContent || resp.Status >= 200 && resp.Status != 204) {
		b = appendLength(b, resp.ContentLength)
	}
	return b
}

// withRoom returns b with room for fields, so that a long head allocates once.
func withRoom(b []byte, fields []message.Field) []byte {
	size := 0
	for i := range fields {
		size += len(fields[i].Name) + len(fields[i].Value) + fieldOverhead
	}
	if size > cap(b) {
		return slices.Grow(b, size)
	}
	return b
}

// fieldOverhead is what a field takes besides its name and its value: a byte, and two lengths of at most three bytes.
const fieldOverhead = 7

func appendLength(b []byte, n int64) []byte {
	var digits [20]byte
	b = appendInteger(b, literalField, literalPrefix, indexOfLength)
	return appendText(b, strconv.AppendInt(digits[:0], n, 10))
}

// appendRequest appends a request's header block. It does not use the dynamic table either.
func appendRequest(b []byte, req *message.Request, s scheme) []byte {
	b = withRoom(b, req.Fields)
	method := req.ToSend()
	switch string(method) {
	case "GET":
		b = append(b, indexedField|indexOfGet)
	case "POST":
		b = append(b, indexedField|indexOfPost)
	default:
		b = appendText(appendInteger(b, literalField, literalPrefix, indexOfGet), method)
	}
	b = append(b, indexedField|byte(s))
	if len(req.Query) == 0 && string(req.Path) == "/" {
		b = append(b, indexedField|indexOfRoot)
	} else {
		b = appendInteger(b, literalField, literalPrefix, indexOfRoot)
		b = appendInteger(b, 0, stringPrefix, len(req.Path)+len(req.Query))
		b = append(append(b, req.Path...), req.Query...)
	}
	if len(req.Authority) > 0 {
		b = appendText(appendInteger(b, literalField, literalPrefix, indexOfAuthority), req.Authority)
	}
	b = appendFields(b, req.Fields)
	if req.ContentLength > 0 || req.ContentLength == 0 && (req.SaysEmpty || contentIsUsual(method)) {
		b = appendLength(b, req.ContentLength)
	}
	if req.ExpectContinue {
		b = append(b, expectsContinue...)
	}
	if req.AcceptsTrailers {
		b = append(b, acceptsTrailers...)
	}
	return b
}

// contentIsUsual returns whether a server may expect to be told that there is no content (RFC 9110, section 8.6).
func contentIsUsual(method []byte) bool {
	switch string(method) {
	case "POST", "PUT", "PATCH":
		return true
	}
	return false
}

// appendTrailers appends the header block after the content.
func appendTrailers(b []byte, trailers []message.Field) []byte { return appendFields(b, trailers) }

// appendFields appends the fields that are passed on, with names in lower case (RFC 9113, section 8.2).
func appendFields(b []byte, fields []message.Field) []byte {
	for i := range fields {
		f := &fields[i]
		if !f.Kind.EndToEnd() {
			continue
		}
		if index := indexOf(f.Name); index > 0 {
			b = appendInteger(b, literalField, literalPrefix, int(index))
		} else {
			b = append(b, literalField)
			b = appendInteger(b, 0, stringPrefix, len(f.Name))
			for _, c := range f.Name {
				if 'A' <= c && c <= 'Z' {
					c |= 0x20
				}
				b = append(b, c)
			}
		}
		b = appendText(b, f.Value)
	}
	return b
}

// hasFields returns whether any of the fields is passed on.
func hasFields(fields []message.Field) bool {
	for i := range fields {
		if fields[i].Kind.EndToEnd() {
			return true
		}
	}
	return false
}
