// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"testing"

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
