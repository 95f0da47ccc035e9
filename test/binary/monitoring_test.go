// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// metricName finds the names of metrics in expressions.
var metricName = regexp.MustCompile(`\b(warren_ingress|process)_[a-z_]+\b`)

// Neither the dashboard nor an alert waits for a metric that there never is, and every metric of ours is documented.
func TestMonitoringNamesMetricsThatThereAre(t *testing.T) {
	t.Parallel()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	_, c, load := busyScene(t)
	load.sends(100)
	named := map[string][]string{}
	for _, file := range []string{"config/grafana/dashboard.json", "config/prometheus/rules.yaml"} {
		content, err := os.ReadFile(filepath.Join(checkout, file))
		if err != nil {
			t.Fatal(err)
		}
		names := metricName.FindAllString(string(content), -1)
		if len(names) < 5 {
			t.Errorf("%s names %q, want more", file, names)
		}
		for _, name := range names {
			named[name] = append(named[name], file)
		}
	}
	eventually(t, patience, "every metric that is named", func() error {
		got, err := c.scrape()
		if err != nil {
			return err
		}
		there := got.names()
		for name, files := range named {
			if !there[name] {
				return fmt.Errorf("there is no %s, which is in %s", name, files[0])
			}
		}
		return nil
	})
	load.finish()

	documented, err := os.ReadFile(filepath.Join(checkout, "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	last, err := c.scrape()
	if err != nil {
		t.Fatal(err)
	}
	for name := range last.names() {
		base := name
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			base = strings.TrimSuffix(base, suffix)
		}
		short := "…_" + strings.TrimPrefix(base, "warren_ingress_certificate_")
		if strings.HasPrefix(name, "warren_ingress_") && !strings.Contains(string(documented), "`"+base+"`") && !strings.Contains(string(documented), "`"+short+"`") {
			t.Errorf("docs/metrics.md does not have %s", base)
		}
	}
}
