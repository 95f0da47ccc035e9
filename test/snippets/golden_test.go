// SPDX-License-Identifier: Apache-2.0

package snippets

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	// goldenSamples and goldenRequests are how much of what nginx did is kept.
	goldenSamples, goldenRequests = 150, 5
	goldenFile                    = "testdata/nginx.json"
)

var update = flag.Bool("update", false, "with make snippets: keep what nginx did")

// record is what nginx did with a request.
type record struct {
	Seed    uint64
	Request int
	Lines   []string
}

func writeGolden(tb testing.TB, list []record) {
	tb.Helper()
	text, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(goldenFile, append(text, '\n'), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// An ordinary run compares with what nginx did in the last run of make snippets.
func TestSnippetsDoWhatNginxDid(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	var golden []record
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden) < goldenSamples*goldenRequests/2 {
		t.Fatalf("only %d requests are kept", len(golden))
	}
	var list []*sample
	for seed := range uint64(goldenSamples) {
		list = append(list, newSample(seed))
	}
	ours, closed := startOurs(t, list, startBackend(t))
	c := newClient(t)
	for _, r := range golden {
		s := list[r.Seed]
		if closed[s.Seed] != nil {
			t.Errorf("seed %d is closed: %v", s.Seed, closed[s.Seed])
			continue
		}
		q := s.questions(goldenRequests)[r.Request]
		got, err := c.ask(ours, s.Host, &q)
		if err != nil {
			t.Errorf("seed %d, %s: %v", s.Seed, q.text(), err)
			continue
		}
		if diff := cmp.Diff(r.Lines, got.lines()); diff != "" {
			t.Errorf("seed %d, server:\n%s\nlocation:\n%s\n%s (-nginx +ours):\n%s", s.Seed, s.Server, s.Configuration, q.text(), diff)
		}
	}
}
