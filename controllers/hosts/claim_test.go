// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestClaimsAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"", "a.io", "*.a.io"} {
		key := claimKey(host)
		if claimedHost(key) != host || strings.ContainsAny(key, "*") || key == "" {
			t.Errorf("the key of %q is %q, which is read as %q", host, key, claimedHost(key))
		}
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]hostClaim{
		`{"namespace":"a","since":"2026-01-02T03:04:05Z"}`:                                   {Namespace: "a", Since: at},
		`{"namespace":"a","since":"2026-01-02T03:04:05Z","released":"2026-01-02T03:04:05Z"}`: {Namespace: "a", Since: at, Released: at},
	} {
		got, err := readClaim(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || got.String() != text {
			t.Errorf("%s is written as %s and read as (-want +got):\n%s", text, got, diff)
		}
	}
	for _, text := range []string{"", "a", "{}", `{"namespace":"A b"}`, `{"namespace":"a","since":"yesterday"}`} {
		if got, err := readClaim(text); err == nil {
			t.Errorf("%s is read as %v", text, got)
		}
	}
}

func TestANamespaceFillsNoMoreThanItsShare(t *testing.T) {
	t.Parallel()
	shard := &claimShard{}
	var wanted []wantedClaim
	for i := range 10_000 {
		wanted = append(wanted, wantedClaim{fmt.Sprintf("host-%d.example.com", i), hostClaim{Namespace: "greedy"}})
	}
	next, changed, full := shard.with(wanted)
	if !changed || full == 0 || len(next.data)+full != len(wanted) {
		t.Fatalf("%d of %d claims are recorded, and %d are not", len(next.data), len(wanted), full)
	}
	if next, changed, full := next.with([]wantedClaim{{"shop.io", hostClaim{Namespace: "modest"}}}); !changed || full > 0 || next.data["shop.io"] == "" {
		t.Errorf("there is no room for another namespace's host: %v, %d", changed, full)
	}
}
