// SPDX-License-Identifier: Apache-2.0

package heads

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

// testLimits are small enough for a table to exceed them.
var testLimits = Limits{HeadBytes: 2048, LineBytes: 512, Fields: 16}

// arrivals are ways in which n bytes may arrive: how many are there after each read. They come in steps, and in two
// parts that are cut everywhere.
func arrivals(n int) (all [][]int) {
	for _, step := range []int{1, 2, 3, 10, 40} {
		var arrival []int
		for there := step; there < n; there += step {
			arrival = append(arrival, there)
		}
		all = append(all, append(arrival, n))
	}
	for at := range n {
		all = append(all, []int{at, n})
	}
	return all
}

// field is a message.Field that reads well in a table and a diff.
type field struct{ Name, Value string }

// passed are the fields that an engine would write out.
func passed(fields []message.Field) (out []field) {
	for _, f := range fields {
		if f.Kind.EndToEnd() {
			out = append(out, field{string(f.Name), string(f.Value)})
		}
	}
	return out
}

// longFields are field lines of n bytes together, none of them too long.
func longFields(n int) string {
	var b strings.Builder
	for line := testLimits.LineBytes / 2; n > 0; n -= line {
		if n < 2*line {
			line = n
		}
		b.WriteString("X: " + strings.Repeat("y", line-len("X: \r\n")) + "\r\n")
	}
	return b.String()
}

func TestTrailersAreFields(t *testing.T) {
	for lines, want := range map[string][]field{
		"\r\n":                          nil,
		"X-Sum: \t5 \r\nEmpty:\r\n\r\n": {{"X-Sum", "5"}, {"Empty", ""}},
		"A: b\r\nConnection: A\r\n\r\n": {{"A", "b"}},
	} {
		for _, named := range []bool{false, true} {
			got, err := ParseTrailers(nil, []byte(lines), named, testLimits)
			if diff := cmp.Diff(want, passed(got)); diff != "" || err != nil {
				t.Errorf("%q: %v, (-want +got):\n%s", lines, err, diff)
			}
		}
	}
}

func TestMalformedTrailersAreRefused(t *testing.T) {
	tests := map[string]struct {
		lines string
		want  *message.Error
		// in is the name that the refusal has where it is to name the field.
		in string
	}{
		"LF alone after a trailer": {"A: b\n\r\n", ErrBareLF, `"A"`},
		"CR within a trailer":      {"A: b\rc\r\n\r\n", ErrBareLF, `"A"`},
		"a folded trailer":         {"A: b\r\n c\r\n\r\n", errFold, `" c\r"`},
		"a trailer folded at once": {" A: b\r\n\r\n", errFold, `" A"`},
		"space before a colon":     {"A : b\r\n\r\n", errFieldSpace, `"A "`},
		"a trailer without colon":  {"A\r\n\r\n", errFieldName, `"A\r"`},
		"NUL in a trailer":         {"A: \x00\r\n\r\n", errFieldValue, `"A"`},
		"a request":                {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", errFieldSpace, `"GET / HTTP/1.1\r"`},
		"too many trailers":        {strings.Repeat("A: b\r\n", testLimits.Fields+1) + "\r\n", errFieldsMany, ""},
		"too long a trailer":       {"A: " + strings.Repeat("b", testLimits.LineBytes) + "\r\n\r\n", errLineLong, `"A"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := ParseTrailers(nil, []byte(test.lines), false, testLimits); err != error(test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			_, err := ParseTrailers(nil, []byte(test.lines), true, testLimits)
			switch {
			case test.in == "" && err != error(test.want):
				t.Errorf("got %v, want %v", err, test.want)
			case test.in != "" && (!isInField(err, test.want) || !strings.Contains(err.Error(), test.in)):
				t.Errorf("got %v, want %v, in %s", err, test.want, test.in)
			}
		})
	}
}
