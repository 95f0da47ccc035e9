package proxy

import "bytes"

// pathReading is a way in which a path is understood. The rules read a canonical path as it is. There are servers that read more
// out of it: a slash in %2F is data to RFC 3986 (section 2.2) and a separator to whoever decodes a path before splitting it.
// Where such a server would see the path of another rule, what was checked is not what is served, and the request is refused.
type pathReading uint8

const (
	asItIs pathReading = iota
	// decoded is with the characters that need no escape out of theirs, the slash among them, and dot segments resolved then.
	decoded
	// backslashed is decoded with a backslash for a slash.
	backslashed
	// unparametrized is backslashed with what follows a semicolon cut off from each segment.
	unparametrized
	readings
)

// readsOneWay says whether there is only one reading of a path.
func readsOneWay(path []byte) bool {
	return bytes.IndexByte(path, '%') < 0 && bytes.IndexByte(path, ';') < 0
}

// read appends what a canonical path is in this reading to buf[:0]. Characters that no path holds unescaped stay escaped.
func (as pathReading) read(buf, path []byte) ([]byte, error) {
	out := buf[:0]
	out = append(out, '/')
	segment, cut := 1, false
	for i := 1; i < len(path); i++ {
		c := path[i]
		if c == '%' {
			plain := unhex(path[i+1])<<4 | unhex(path[i+2])
			switch {
			case pathByte[plain] == byteOther:
				c = plain
			case plain == '\\' && as >= backslashed:
				c = '/'
			case !cut:
				out = append(out, path[i:i+3]...)
				fallthrough
			default:
				i += 2
				continue
			}
			i += 2
		}
		switch {
		case c == '/':
			var ok bool
			if out, ok = endSegment(out, segment); !ok {
				return out, errPathAboveRoot
			}
			if out[len(out)-1] != '/' {
				out = append(out, '/')
			}
			segment, cut = len(out), false
		case c == ';' && as == unparametrized:
			cut = true
		case !cut:
			out = append(out, c)
		}
	}
	out, ok := endSegment(out, segment)
	if !ok {
		return out, errPathAboveRoot
	}
	return out, nil
}

// ambiguous says whether a path that the rules read as found's is another rule's in any other reading, or none's at all. It
// returns buf, grown where that was needed.
func (r *router) ambiguous(buf, host, path []byte, found *route) (bool, []byte) {
	for as := decoded; as < readings; as++ {
		read, err := as.read(buf, path)
		buf = read
		if err != nil || r.find(host, read, as) != found {
			return true, buf
		}
	}
	return false, buf
}
