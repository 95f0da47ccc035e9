// SPDX-License-Identifier: Apache-2.0

package message

// Coding is a content coding (RFC 9110, section 8.4.1) that the proxy can give a response.
type Coding uint8

// The codings. Of those that a client likes as much, the last is preferred: it takes the least time.
const (
	Identity Coding = iota
	Brotli
	Gzip
	Zstd
	// Codings is the number of codings, including Identity.
	Codings
)

func (c Coding) String() string { return codingNames[c] }

var codingNames = [Codings]string{Identity: "identity", Brotli: "br", Gzip: "gzip", Zstd: "zstd"}

// PreferredCoding returns the coding that a client likes best, by the fields of its request (RFC 9110, section 12.5.3).
// It returns Identity if the client names none.
func PreferredCoding(fields []Field) Coding {
	const unnamed = -1
	weights := [Codings]int{unnamed, unnamed, unnamed, unnamed}
	others := 0 // the weight of codings that are not named
	for i := range fields {
		if f := &fields[i]; !f.Kind.EndToEnd() || !EqualFold(f.Name, "accept-encoding") {
			continue
		}
		Elements(fields[i].Value, func(element []byte) bool {
			name, weight := weighted(element)
			switch {
			case string(name) == "*":
				others = weight
			case EqualFold(name, "gzip"), EqualFold(name, "x-gzip"):
				weights[Gzip] = weight
			case EqualFold(name, "br"):
				weights[Brotli] = weight
			case EqualFold(name, "zstd"):
				weights[Zstd] = weight
			}
			return true
		})
	}
	best, most := Identity, 0
	for c := Brotli; c < Codings; c++ {
		if weights[c] == unnamed {
			weights[c] = others
		}
		if weights[c] > 0 && weights[c] >= most {
			best, most = c, weights[c]
		}
	}
	return best
}

// weighted splits an element into what it names and its weight, in thousandths (RFC 9110, section 12.4.2). A weight
// that is none is 0.
func weighted(element []byte) (name []byte, weight int) {
	for i, c := range element {
		if c != ';' {
			continue
		}
		q := TrimSpace(element[i+1:])
		if len(q) < 2 || q[0]|0x20 != 'q' || q[1] != '=' {
			return TrimSpace(element[:i]), 0
		}
		return TrimSpace(element[:i]), thousandths(q[2:])
	}
	return element, 1000
}

// thousandths parses a number from 0 to 1 with at most three digits behind the point.
func thousandths(q []byte) int {
	if len(q) == 0 || len(q) > len("0.000") || q[0] != '0' && q[0] != '1' || len(q) > 1 && q[1] != '.' {
		return 0
	}
	n, unit := 1000*int(q[0]-'0'), 100
	for _, digit := range q[min(2, len(q)):] {
		if digit < '0' || digit > '9' {
			return 0
		}
		n += unit * int(digit-'0')
		unit /= 10
	}
	return min(n, 1000)
}
