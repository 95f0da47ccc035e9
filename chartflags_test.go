// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// byExtraArgs are the flags that the chart has no value of its own for, and why.
var byExtraArgs = map[string]string{
	"admin-address":        "it has to stay on loopback",
	"allow-local-tasks":    "whoever may create Tasks would reach what listens beside the controller",
	"check":                "it is a command",
	"leader-elect":         "it is for a single process outside of a cluster",
	"namespace":            "POD_NAMESPACE says it",
	"version":              "it is a command",
	"zap-devel":            "it is for those who work on the program",
	"zap-encoder":          "it is for those who collect logs in a form of their own",
	"zap-stacktrace-level": "it is for those who work on the program",
	"zap-time-encoding":    "it is for those who collect logs in a form of their own",
}

func TestEveryFlagCanBeSetByTheChart(t *testing.T) {
	template := chartFile(t, filepath.Join("templates", "controller.yaml"))
	set := flag.NewFlagSet("warren-ingress", flag.ContinueOnError)
	bindFlags(set)
	set.VisitAll(func(f *flag.Flag) {
		// It stands as an argument, or as a key of those that are written in a loop.
		written := regexp.MustCompile(`--` + f.Name + `[=\s]|"` + f.Name + `" \(`).MatchString(template)
		if _, extra := byExtraArgs[f.Name]; written == extra {
			t.Errorf("the chart writes --%s: %t, and it is among the flags for extraArgs: %t; want one of both", f.Name, written, extra)
		}
	})
	for name := range byExtraArgs {
		if set.Lookup(name) == nil {
			t.Errorf("there is no flag --%s", name)
		}
	}
}

// Values that the chart writes in any case have the defaults that the flags have without it.
func TestTheChartsDefaultsAreThoseOfTheFlags(t *testing.T) {
	var values map[string]any
	if err := yaml.Unmarshal([]byte(chartFile(t, "values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	for path, name := range map[string]string{
		"limits.maxConnections":     "max-connections",
		"limits.maxHeaderBytes":     "max-header-bytes",
		"limits.maxHeaders":         "max-headers",
		"limits.maxHeaderMemory":    "max-header-memory",
		"limits.minRate":            "min-rate",
		"timeouts.read":             "read-timeout",
		"timeouts.write":            "write-timeout",
		"timeouts.idle":             "idle-timeout",
		"timeouts.tunnelIdle":       "tunnel-idle-timeout",
		"hosts.claimGrace":          "host-claim-grace",
		"hosts.allowShared":         "allow-shared-hosts",
		"hosts.requireAllowed":      "require-allowed-hosts",
		"proxyProtocol":             "proxy-protocol",
		"h2c":                       "h2c",
		"acme.enabled":              "acme",
		"acme.accountPerEmail":      "acme-account-per-email",
		"acme.httpPort":             "acme-http-port",
		"acme.ordersPerDay":         "acme-orders-per-day",
		"tracing.sampling":          "trace-sampling",
		"ingressClassResource.name": "ingress-class",
	} {
		var value any = values
		for part := range strings.SplitSeq(path, ".") {
			group, ok := value.(map[string]any)
			if !ok {
				t.Fatalf("there is no value %s", path)
			}
			value = group[part]
		}
		set := flag.NewFlagSet("warren-ingress", flag.ContinueOnError)
		// A number of six digits would otherwise be written with an exponent.
		if number, ok := value.(float64); ok && number == float64(int64(number)) {
			value = int64(number)
		}
		if _, err := parseFlags(set, []string{fmt.Sprintf("--%s=%v", name, value)}); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if f := set.Lookup(name); f.Value.String() != f.DefValue {
			t.Errorf("%s is %v, want %s as by default of --%s", path, value, f.DefValue, name)
		}
	}
}

func chartFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("config", "helm", "warren-ingress", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
