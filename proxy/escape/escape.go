// SPDX-License-Identifier: Apache-2.0

// Package escape has nginx's ways to escape paths and arguments of queries, and to take escapes out. It knows no
// requests, and keeps nothing.
package escape

const upperHex = "0123456789ABCDEF"

// byteOf returns the byte that an escape at the beginning of b stands for.
func byteOf(b []byte) (c byte, ok bool) {
	if len(b) < 3 || b[0] != '%' {
		return 0, false
	}
	high, ok1 := unhex(b[1])
	low, ok2 := unhex(b[2])
	return high<<4 | low, ok1 && ok2
}

func unhex(c byte) (n byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

// AppendPlain appends a path without its escapes.
func AppendPlain(b, path []byte) []byte {
	for i := 0; i < len(path); i++ {
		if c, ok := byteOf(path[i:]); ok {
			b = append(b, c)
			i += 2
		} else {
			b = append(b, path[i])
		}
	}
	return b
}

// escapes has the bytes that a path and an argument may not have, as nginx escapes them.
var escapesPath, escapesArgument = escapeTable(" \"#%<>?\\^`{|}"), escapeTable(" \"#%&+;<>?\\^`{|}")

func escapeTable(signs string) (table [256]bool) {
	for c := range table {
		table[c] = c < ' ' || c >= 0x7f
	}
	for _, c := range []byte(signs) {
		table[c] = true
	}
	return table
}

// AppendPath appends a decoded path with its escapes.
func AppendPath(b, path []byte) []byte { return appendEscaped(b, path, &escapesPath) }

// AppendArgument appends a value as one of a query.
func AppendArgument(b, value []byte) []byte { return appendEscaped(b, value, &escapesArgument) }

func appendEscaped(b, text []byte, table *[256]bool) []byte {
	for _, c := range text {
		if table[c] {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}

// AppendRedirect appends a URL without the escapes that it does not need, up to its query, as nginx writes it where a
// rewrite redirects.
func AppendRedirect(b, url []byte) []byte {
	for i := 0; i < len(url); i++ {
		if url[i] == '?' {
			return append(b, url[i:]...)
		}
		c, ok := byteOf(url[i:])
		switch {
		case !ok:
			b = append(b, url[i])
		case c > '%' && c < 0x7f:
			b = append(b, c)
			i += 2
		default:
			b = append(b, url[i:i+3]...)
			i += 2
		}
	}
	return b
}

// AppendQuery appends a query with its bytes escaped that no query may have.
func AppendQuery(b, query []byte) []byte {
	for _, c := range query {
		if c <= ' ' || c >= 0x7f || c == '#' {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return b
}
