// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"regexp"
	"strings"
	"testing"
)

func TestTheReadmeSaysEveryFormerName(t *testing.T) {
	readme := string(ofChart(t, "README.md"))
	_, table, found := strings.Cut(readme, "## Former names")
	if !found {
		t.Fatal("there is no section of former names")
	}
	for former, today := range schemaNames(group(t, "values.schema.json"), "") {
		if former == today || strings.HasPrefix(today, "global.") {
			continue
		}
		parent, last := former[:strings.LastIndex(former, ".")+1], former[strings.LastIndex(former, ".")+1:]
		row := regexp.MustCompile("(?m)^\\| `(" + regexp.QuoteMeta(former) + "`|" + regexp.QuoteMeta(parent) + "\\w+`.*`\\." + last + "`)")
		if !row.MatchString(table) {
			t.Errorf("the README does not say that %s is %s now", former, today)
		}
	}
}

func TestEveryValueHasADescriptionInTheReadme(t *testing.T) {
	readme := string(ofChart(t, "README.md"))
	names := schemaNames(group(t, "values.schema.json"), "")
	// A group without properties in the schema is described as a whole.
	open := func(path string) bool {
		for name := range names {
			if strings.HasPrefix(name, path+".") {
				return false
			}
		}
		return path != "global" && !strings.HasPrefix(path, "global.")
	}
	for path := range leaves(group(t, "values.yaml"), "", open) {
		if strings.HasPrefix(path, "metrics.dashboard.labels.") {
			path = "metrics.dashboard.labels.grafana_dashboard"
		}
		if !regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(path) + "` \\| [^|]+ \\| \\S.* \\|$").MatchString(readme) {
			t.Errorf("the README says nothing of %s", path)
		}
		if _, named := names[path]; !named && !strings.HasPrefix(path, "global.") {
			t.Errorf("the schema does not name %s", path)
		}
	}
}
