// SPDX-License-Identifier: Apache-2.0

package message

// First returns the value of the first field of a name, even if that was taken out of the message.
func First(fields []Field, lower string) (value []byte, ok bool) {
	for i := range fields {
		if EqualFold(fields[i].Name, lower) {
			return fields[i].Value, true
		}
	}
	return nil, false
}

// Drop takes the fields of a kind out of a message.
func Drop(fields []Field, kind Kind) {
	for i := range fields {
		if fields[i].Kind == kind {
			fields[i].Kind = Dropped
		}
	}
}

// DropNamed takes the fields of a name out of a message.
func DropNamed(fields []Field, lower string) {
	for i := range fields {
		if EqualFold(fields[i].Name, lower) {
			fields[i].Kind = Dropped
		}
	}
}

// IsStream returns whether a message's content is a stream of messages that may be far apart: server-sent events, or
// those of gRPC, gRPC-Web and Connect.
func IsStream(fields []Field) bool {
	value, _ := First(fields, "content-type")
	for _, begin := range [...]string{"text/event-stream", "application/grpc", "application/connect+"} {
		rest := value[min(len(begin), len(value)):]
		if !EqualFold(value[:len(value)-len(rest)], begin) {
			continue
		}
		switch {
		case len(rest) == 0, begin[len(begin)-1] == '+':
			return true
		case rest[0] == '+', rest[0] == '-', rest[0] == ';', rest[0] == ' ', rest[0] == '\t':
			return true
		}
	}
	return false
}

// IsGRPC returns whether a message's content is gRPC, whatever its messages are encoded in.
func IsGRPC(fields []Field) bool {
	const of = "application/grpc"
	value, _ := First(fields, "content-type")
	if len(value) < len(of) || !EqualFold(value[:len(of)], of) {
		return false
	}
	return len(value) == len(of) || value[len(of)] == '+' || value[len(of)] == ';'
}

// DropFromTrailers takes a trailer out of the message if a field of its name must not be one: what it says is needed
// before the content, to frame the message, to route it, or to know whose it is (RFC 9110, section 6.5.1). The head has
// said that already. A recipient that merges the two must not believe the trailer.
func DropFromTrailers(f *Field) {
	if traits[f.Kind]&(hopByHop|headOnly) != 0 || EqualFold(f.Name, "cookie") {
		f.Kind = Dropped
	}
}
