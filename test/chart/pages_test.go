// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// valuesMark begins the values on a page.
const valuesMark = "\n```yaml\n# values.yaml\n"

// The chart refuses what is no value of its own, so that an example with a misspelt one would fail for who copies it.
func TestTheChartTakesTheValuesOnThePages(t *testing.T) {
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, pattern := range []string{"docs/*.md", "docs/recipes/*.md"} {
		pages, err := filepath.Glob(filepath.Join(checkout, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range pages {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			for i, part := range strings.Split(string(text), valuesMark)[1:] {
				values, _, _ := strings.Cut(part, "\n```")
				found++
				t.Run(filepath.Base(page)+" "+strconv.Itoa(i), func(t *testing.T) {
					file := filepath.Join(t.TempDir(), "values.yaml")
					if err := os.WriteFile(file, []byte(values+"\n"), 0o600); err != nil {
						t.Fatal(err)
					}
					if _, err := render(t, "--values="+file); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
	if found == 0 {
		t.Error("there are no values on the pages")
	}
}
