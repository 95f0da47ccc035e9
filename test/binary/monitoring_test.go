// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// metricName finds the names of metrics in expressions.
var metricName = regexp.MustCompile(`\b(warren_ingress|process)_[a-z_]+\b`)

// The dashboard and the alerts use only metrics that there are, and every metric of ours is documented.
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

// This is the linter of "promtool check metrics".
func TestMetricsAreNamedAndDescribedAsPrometheusWants(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	web := startBackend(t, "web-1")
	s.create(ingress("shop", s.host("shop"), "web"), task("web", web))
	c := s.start("--access-log=json", "--otlp-endpoint="+startCollector(t).URL).ready()
	if err := answers(c.http, s.host("shop"), "/", from("web-1")); err != nil {
		t.Fatal(err)
	}
	status, text, err := read("http://" + c.metrics + "/metrics")
	if err != nil || status != http.StatusOK || !strings.Contains(text, "warren_ingress_trace_spans_dropped_total") {
		t.Fatalf("/metrics is %d %.80q: %v", status, text, err)
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		if strings.HasPrefix(problem.Metric, "warren_ingress_") { // others are their libraries'
			t.Errorf("%s: %s", problem.Metric, problem.Text)
		}
	}
}
