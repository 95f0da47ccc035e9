#!/usr/bin/env bash
# A registry of client_golang takes metrics whose names differ in a dot or a slash alone, or that have two such labels, and
# promhttp answers 200 with them. To a scraper that does not ask for UTF-8 names it writes them with underscores: two
# families have the same name, and one sample has the same label twice. Names of labels with a colon stay as they are,
# which was never a label's name. The text parser of prometheus/common, of the same project, refuses such a page as a whole,
# so that one pair of names costs all metrics of the process.
#
# One would guess that a registry which refuses duplicates (Register's documentation) refuses what becomes one on the way
# out, or that the handler reports it, as it does other inconsistencies (HandlerOpts.ErrorHandling). The data model of
# Prometheus has label names unique in a sample, and the text format a TYPE line once for each metric.
#
# Who is hurt: who takes names from elsewhere, such as labels of Kubernetes objects (app.kubernetes.io/name beside
# app_kubernetes_io_name), and tests with a Prometheus of today, which asks for UTF-8. All is well there, and what reads
# with that parser and sends no "escaping" in Accept has no metrics any more.
#
# Versions: client_golang v1.25.0 (prometheus/client_golang#1638, and for colons prometheus/prometheus#18380), read with the
# parser of prometheus/common v0.74.0. Seen on linux/amd64:
#
#   metrics a.b_total and b_total: asked for UTF-8 200, readable; not asked 200, readable
#   metrics a.b_total and a_b_total: asked for UTF-8 200, readable; not asked 200, refused
#   labels a.b and a_b: asked for UTF-8 200, readable; not asked 200, refused
#   label a:b/c: asked for UTF-8 200, readable; not asked 200, refused
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.26.8 GOFLAGS=-mod=mod
cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	github.com/prometheus/client_golang v1.25.0
	github.com/prometheus/common v0.74.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func main() {
	for _, c := range []struct {
		what   string
		names  []string
		labels []string
	}{
		{"metrics a.b_total and b_total", []string{"a.b_total", "b_total"}, nil},
		{"metrics a.b_total and a_b_total", []string{"a.b_total", "a_b_total"}, nil},
		{"labels a.b and a_b", []string{"c_total"}, []string{"a.b", "a_b"}},
		{"label a:b/c", []string{"c_total"}, []string{"a:b/c"}},
	} {
		registry := prometheus.NewRegistry()
		for _, name := range c.names {
			counter := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: "Counts."}, c.labels)
			if err := registry.Register(counter); err != nil {
				panic(err)
			}
			counter.WithLabelValues(make([]string, len(c.labels))...).Inc()
		}
		handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError})
		ask := func(accept string, names model.ValidationScheme) string {
			request, answer := httptest.NewRequest("GET", "/metrics", nil), httptest.NewRecorder()
			request.Header.Set("Accept", accept)
			handler.ServeHTTP(answer, request)
			parser := expfmt.NewTextParser(names)
			readable := "readable"
			if _, err := parser.TextToMetricFamilies(answer.Body); err != nil {
				fmt.Fprintln(os.Stderr, err)
				readable = "refused"
			}
			return fmt.Sprintf("%d, %s", answer.Code, readable)
		}
		fmt.Printf("%s: asked for UTF-8 %s; not asked %s\n", c.what,
			ask("text/plain;version=1.0.0;escaping=allow-utf-8", model.UTF8Validation),
			ask("text/plain;version=0.0.4", model.LegacyValidation))
	}
}
EOF
cat >want <<'EOF'
metrics a.b_total and b_total: asked for UTF-8 200, readable; not asked 200, readable
metrics a.b_total and a_b_total: asked for UTF-8 200, readable; not asked 200, refused
labels a.b and a_b: asked for UTF-8 200, readable; not asked 200, refused
label a:b/c: asked for UTF-8 200, readable; not asked 200, refused
EOF
go run . >got
diff want got
cat got
