// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestAccessLogIsReadAcrossWrites(t *testing.T) {
	t.Parallel()
	good := strings.Repeat(`{"status":200}`+"\n", 2*checkedLines)
	for _, test := range []struct {
		name, text string
		// faults is how many lines are faults.
		faults int
	}{
		{"good lines", good, 0},
		{"a fault of the proxy's", good + `{"status":500,"reason":"InternalError"}` + "\n", 1},
		{"lines that are no JSON", strings.Repeat("hello\n", 2*checkedLines), 2},
	} {
		for _, size := range []int{1, 7, len(test.text)} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				var out strings.Builder
				books := &ledger{out: &out}
				l := &accessLog{tally: books.open("log")}
				for text := test.text; text != ""; {
					n := min(size, len(text))
					if m, err := l.Write([]byte(text[:n])); m != n || err != nil {
						t.Fatalf("wrote %d of %d bytes, error %v", m, n, err)
					}
					text = text[n:]
				}
				if want := strings.Count(test.text, "\n"); l.lines != want {
					t.Errorf("%d lines were counted, want %d", l.lines, want)
				}
				if _, faults, _ := l.tally.read(); faults != test.faults {
					t.Errorf("%d faults were counted, want %d: %s", faults, test.faults, out.String())
				}
			})
		}
	}
}
