// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A route keeps its mark as long as the process runs. No other route has that mark.
func TestMarksTellRoutesApart(t *testing.T) {
	t.Parallel()
	s, other := newTestState(), newTestState()
	seen := map[string]string{}
	for _, host := range []string{"", "a", "a/"} {
		for _, r := range []snapshot.Route{{Path: "/"}, {Path: "/a"}, {Path: "/", Match: snapshot.MatchExact}} {
			name := fmt.Sprintf("%q %q %v", host, r.Path, r.Match)
			mark := string(s.markOf(host, &r))
			if before := seen[mark]; before != "" {
				t.Errorf("%s has the mark of %s", name, before)
			}
			seen[mark] = name
			if again := string(s.markOf(host, &r)); again != mark {
				t.Errorf("%s has the marks %s and %s", name, mark, again)
			}
			if string(other.markOf(host, &r)) == mark {
				t.Errorf("%s has the same mark in another process", name)
			}
		}
	}
}

// A request is in a loop if it has the route's mark, or marks of too many routes.
func TestWhichRequestsLoop(t *testing.T) {
	t.Parallel()
	r := Route{Mark: []byte("warren-0123456789abcdef")}
	others := func(n int) string { return strings.Repeat("warren-0000000000000000, ", n) }
	for _, test := range []struct {
		name  string
		kind  message.Kind
		value string
		want  bool
	}{
		{"none", message.CDNLoop, "", false},
		{"others", message.CDNLoop, "cdn.example.com; a=b, warren, " + others(maxPasses-1), false},
		{"its mark", message.CDNLoop, "cdn.example.com,\twarren-0123456789abcdef ;a=b", true},
		{"a longer one", message.CDNLoop, "warren-0123456789abcdef0", false},
		{"its mark in another field", message.Other, "warren-0123456789abcdef", false},
		{"too many", message.CDNLoop, others(maxPasses), true},
	} {
		fields := []message.Field{{Name: []byte("x"), Value: []byte(test.value), Kind: test.kind}}
		if got := r.Loops(fields); got != test.want {
			t.Errorf("%s: a loop: %v, want %v", test.name, got, test.want)
		}
	}
}
