// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// documented returns the table of the page about annotations of other controllers, made from foreignControllers.
func documented() string {
	var b strings.Builder
	b.WriteString("| controller | annotations that begin with | closes | until |\n|---|---|---|---|\n")
	for _, c := range foreignControllers {
		var prefixes []string
		for _, prefix := range c.prefixes {
			prefixes = append(prefixes, "`"+prefix+"`")
		}
		closing := map[string][]string{}
		for _, n := range c.names {
			if n.opens {
				continue
			}
			name := "`" + n.pattern + "`"
			if n.hosts {
				name += " (whole hosts)"
			}
			closing[n.instead] = append(closing[n.instead], name)
		}
		if c.all {
			closing[""] = []string{"each"}
		}
		if len(closing) == 0 {
			closing[""] = []string{"what sounds so"}
		}
		first := true
		for _, instead := range insteads {
			if len(closing[instead]) == 0 {
				continue
			}
			until := "`" + instead + "` is there too"
			if instead == "" {
				until = ""
			}
			name := c.name
			if !first {
				name, prefixes = "", nil
			}
			first = false
			b.WriteString("| " + name + " | " + strings.Join(prefixes, ", ") + " | " + strings.Join(closing[instead], ", ") + " | " + until + " |\n")
		}
	}
	return b.String()
}

func TestTheDocumentedTableIsThatOfTheCode(t *testing.T) {
	page, err := os.ReadFile("../../docs/foreign-annotations.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "|") {
			table.WriteString(line)
		} else if table.Len() > 0 {
			break
		}
	}
	if diff := cmp.Diff(documented(), table.String()); diff != "" {
		t.Errorf("docs/foreign-annotations.md has another table, which is to be\n%s\n(-want +got):\n%s", documented(), diff)
	}
}

// A name that is listed after another one that matches it would never be used.
func TestNoNameOfTheTableIsHidden(t *testing.T) {
	for _, c := range foreignControllers {
		for i, n := range c.names {
			for _, before := range c.names[:i] {
				if before.matches(strings.ReplaceAll(n.pattern, "*", "x")) {
					t.Errorf("%s: %s comes after %s, which has it", c.name, n.pattern, before.pattern)
				}
			}
		}
	}
	for i, c := range foreignControllers {
		for _, prefix := range c.prefixes {
			if found, _ := foreignOf(strings.Trim(strings.Replace(prefix, "*", "x", 1), "*") + "/x"); !strings.HasSuffix(prefix, "*") && found != &foreignControllers[i] {
				t.Errorf("%s is taken for that of %v", prefix, found)
			}
		}
	}
}
