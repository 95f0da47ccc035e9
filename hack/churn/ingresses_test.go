// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"io"
	"strings"
	"testing"
	"time"
)

func TestIngressesAreComparedWithFewerAndWithTheFirstBuild(t *testing.T) {
	of := func(build string, ingresses int, cpu, effect time.Duration, memory int) *subject {
		return &subject{
			build: build, ingresses: ingresses, cpu: []time.Duration{cpu, 3 * cpu}, effects: []time.Duration{effect, effect},
			before: usage{resident: 10 << 10}, after: usage{resident: memory << 10, peak: 300 << 10},
		}
	}
	var out strings.Builder
	writeIngresses(&out, []*subject{
		of("base", 100, time.Millisecond, 10*time.Millisecond, 50), of("base", 10_000, 100*time.Millisecond, 200*time.Millisecond, 200),
		of("new", 100, time.Millisecond, 10*time.Millisecond, 50), of("new", 10_000, 1500*time.Microsecond, 20*time.Millisecond, 150),
	})
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"base 100 2.00 3.00 10.00 10.00 10.0 50.0 300.0", "new 10000 3.00 4.50 20.00 20.00 10.0 150.0 300.0",
		"base, among 10000 ÷ among 100: CPU ×100.000, to effect p50 ×20.00, p99 ×20.00",
		"new ÷ base, among 100: CPU ×1.000", "new ÷ base, among 10000: CPU ×0.015, to effect p50 ×0.10, p99 ×0.10, memory after ×0.75",
		"new, among 10000 ÷ among 100: CPU ×1.500",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %q:\n%s", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "÷"); n != 4 {
		t.Errorf("there are %d comparisons, want 4:\n%s", n, out.String())
	}
}

func TestOptionsOfIngressesAreRefusedWithWhatToWrite(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"too few":                  {[]string{"-ingresses", "100"}, "more than 100 Ingresses"},
		"no path":                  {[]string{"-ingresses", "1000", "-paths", "0"}, "there must be a path, and two changes"},
		"a build without a name":   {[]string{"-ingresses", "1000", "-controller", "bin/x"}, "write name=path"},
		"builds without Ingresses": {[]string{"-controller", "new=bin/x"}, "-controller is for -ingresses alone"},
	} {
		t.Run(name, func(t *testing.T) {
			flags := flag.NewFlagSet("churn", flag.ContinueOnError)
			var said strings.Builder
			flags.SetOutput(&said)
			_, err := parseOptions(flags, test.args)
			text := said.String()
			if err != nil {
				text += err.Error()
			}
			if !strings.Contains(text, test.want) {
				t.Errorf("it says %q, want %q", text, test.want)
			}
		})
	}
	flags := flag.NewFlagSet("churn", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	o, err := parseOptions(flags, []string{"-ingresses", "1000", "-controller", "base=/a", "-controller", "new=/b"})
	if err != nil || len(o.builds) != 2 || o.builds[1] != (build{"new", "/b"}) {
		t.Errorf("the builds are %v (%v), want base and new", o.builds, err)
	}
}
