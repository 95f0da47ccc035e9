// SPDX-License-Identifier: Apache-2.0

package snippet_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/controllers/nginx/snippet"
)

var update = flag.Bool("update", false, "write the tables of docs/nginx-snippets.md anew")

const (
	publicFile = "testdata/public.txt"
	page       = "../../../docs/nginx-snippets.md"
	// leastKept is how many of a hundred public snippets are kept.
	leastKept = 85
)

// public is a snippet of a public repository.
type public struct {
	line         int
	server, kept bool
	// seen is in how many places it was seen.
	seen    int
	purpose string
	text    string
}

func readPublic(tb testing.TB) (list []public) {
	tb.Helper()
	text, err := os.ReadFile(publicFile)
	if err != nil {
		tb.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		head, ok := strings.CutPrefix(line, "=== ")
		if !ok {
			if len(list) > 0 {
				list[len(list)-1].text += line + "\n"
			}
			continue
		}
		words := strings.SplitN(head, " ", 3)
		if len(words) != 3 || words[0] != "configuration" && words[0] != "server" || words[1] != "kept" && words[1] != "closed" {
			tb.Fatalf("%s:%d: %q names no snippet", publicFile, i+1, line)
		}
		p := public{line: i + 1, server: words[0] == "server", kept: words[1] == "kept", seen: 1, purpose: words[2]}
		if number, rest, ok := strings.Cut(p.purpose, " "); ok {
			if seen, err := strconv.Atoi(number); err == nil {
				p.seen, p.purpose = seen, rest
			}
		}
		list = append(list, p)
	}
	return list
}

// What people write is kept or closes, as the page says.
func TestPublicSnippets(t *testing.T) {
	type count struct {
		kept, closed int
		by           []string
	}
	counts := map[string]*count{}
	keptAll, all := 0, 0
	for _, p := range readPublic(t) {
		s := snippet.Snippets{Configuration: p.text}
		if p.server {
			s = snippet.Snippets{Server: p.text}
		}
		_, faults := snippet.Compile(s, shop)
		if (len(faults) == 0) != p.kept {
			t.Errorf("%s:%d: kept: %t, want %t: %v", publicFile, p.line, len(faults) == 0, p.kept, faults)
		}
		c := counts[p.purpose]
		if c == nil {
			c = &count{}
			counts[p.purpose] = c
		}
		if all += p.seen; len(faults) == 0 {
			c.kept += p.seen
			keptAll += p.seen
			continue
		}
		c.closed += p.seen
		if by := "`" + faults[0].Directive + "`"; !slices.Contains(c.by, by) {
			c.by = append(c.by, by)
		}
	}
	if keptAll*100 < all*leastKept {
		t.Errorf("%d of %d are kept", keptAll, all)
	}
	var rows strings.Builder
	fmt.Fprintf(&rows, "| what for | kept | closed | by |\n|---|---|---|---|\n")
	for _, purpose := range slices.Sorted(maps.Keys(counts)) {
		c := counts[purpose]
		fmt.Fprintf(&rows, "| %s | %d | %d | %s |\n", purpose, c.kept, c.closed, strings.Join(c.by, ", "))
	}
	fmt.Fprintf(&rows, "| **all** | **%d** | **%d** | |\n", keptAll, all-keptAll)
	compareTable(t, "public", rows.String())
}

// The page lists what the code knows.
func TestDirectivesAreDocumented(t *testing.T) {
	var kept []string
	nothing := map[string][]string{}
	for _, k := range snippet.KnownDirectives() {
		if name := "`" + k.Name + "`"; k.Why == "" {
			kept = append(kept, name)
		} else {
			nothing[k.Why] = append(nothing[k.Why], name)
		}
	}
	var rows strings.Builder
	fmt.Fprintf(&rows, "| directives | here |\n|---|---|\n| %s | kept |\n", strings.Join(kept, ", "))
	for _, why := range slices.Sorted(maps.Keys(nothing)) {
		fmt.Fprintf(&rows, "| %s | nothing: %s |\n", strings.Join(nothing[why], ", "), why)
	}
	rows.WriteString("| all others | the paths are closed |\n")
	compareTable(t, "directives", rows.String())
}

// compareTable compares a table with that of the page.
func compareTable(tb testing.TB, name, want string) {
	tb.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		tb.Fatal(err)
	}
	begin, end := fmt.Appendf(nil, "<!-- %s: made by go test ./controllers/nginx/snippet -update -->\n", name), fmt.Appendf(nil, "<!-- end of %s -->", name)
	from := bytes.Index(text, begin) + len(begin)
	to := bytes.Index(text, end)
	if from < len(begin) || to < from {
		tb.Fatalf("%s has no place for the table %s", page, name)
	}
	if *update {
		if err := os.WriteFile(page, slices.Concat(text[:from], []byte(want), text[to:]), 0o644); err != nil {
			tb.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text[from:to]), want); diff != "" {
		tb.Errorf("the table %s: go test ./controllers/nginx/snippet -update (-page +code):\n%s", name, diff)
	}
}
