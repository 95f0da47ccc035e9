// SPDX-License-Identifier: Apache-2.0

package reason

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// docs/request.md lists every reason with its status, and no other.
func TestEveryReasonIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/request.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(page), "\n## Reasons\n")
	list, _, _ = strings.Cut(list, "\n## ")
	documented := map[string]string{}
	for line := range strings.Lines(list) {
		if cells := strings.Split(line, "|"); len(cells) > 3 && strings.HasPrefix(cells[1], " `") {
			documented[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[2])
		}
	}
	for r := None + 1; r < Count; r++ {
		if got, want := documented[r.String()], strconv.Itoa(r.Status()); got != want {
			t.Errorf("docs/request.md has the status %q for %v, want %s", got, r, want)
		}
		delete(documented, r.String())
	}
	for name := range documented {
		t.Errorf("docs/request.md lists %s, which is no reason", name)
	}
}

func TestProxyStatusNamesTheReason(t *testing.T) {
	t.Parallel()
	for why, want := range map[Reason]string{
		RouteNotFound:   `warren; error=destination_not_found; details="RouteNotFound"`,
		UpstreamTimeout: `warren; error=http_response_timeout; details="UpstreamTimeout"`,
		InternalError:   `warren; error=proxy_internal_error; details="InternalError"`,
	} {
		if got := string(why.ProxyStatus()); got != want {
			t.Errorf("%v: %s, want %s", why, got, want)
		}
	}
}
