// SPDX-License-Identifier: Apache-2.0

// Command prometheus checks the files for Prometheus and Grafana in config by Prometheus's own code: the rules of a
// PrometheusRule as promtool does, and the expressions of a dashboard by their syntax.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

func main() {
	groups := flag.Bool("groups", false, "print the rules of the files as promtool wants them, rather than check anything")
	flag.Parse()
	do := check
	if *groups {
		do = printGroups
	}
	var faults []error
	for _, file := range flag.Args() {
		if err := do(file); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", file, err))
		}
	}
	if err := errors.Join(faults...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if strings.HasSuffix(file, ".json") {
		return checkDashboard(content)
	}
	return checkRules(content)
}

func printGroups(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	groups, err := groupsOf(content)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(groups)
	return err
}

// groupsOf returns the groups of a PrometheusRule as a rule file has them.
func groupsOf(content []byte) ([]byte, error) {
	var rule struct{ Spec yaml.Node }
	if err := yaml.Unmarshal(content, &rule); err != nil {
		return nil, err
	}
	return yaml.Marshal(&rule.Spec)
}

func checkRules(content []byte) error {
	groups, err := groupsOf(content)
	if err != nil {
		return err
	}
	parsed, faults := rulefmt.Parse(groups, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.Default())
	if len(faults) == 0 && len(parsed.Groups) == 0 {
		return errors.New("there are no rules")
	}
	return errors.Join(faults...)
}

// checkDashboard checks the expressions of a dashboard's panels. It replaces Grafana's variable for a time by a time.
func checkDashboard(content []byte) error {
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(content, &dashboard); err != nil {
		return err
	}
	expressions := parser.NewParser(parser.Options{})
	var faults []error
	checked := 0
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			checked++
			if _, err := expressions.ParseExpr(strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")); err != nil {
				faults = append(faults, fmt.Errorf("panel %q: %w", panel.Title, err))
			}
		}
	}
	if checked == 0 {
		return errors.New("there are no expressions")
	}
	return errors.Join(faults...)
}
