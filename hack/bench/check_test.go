// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"strings"
	"testing"
)

// pretender is the floor under another name. The check wants a proxy's work from it.
type pretender struct{ floorProxy }

func (pretender) name() string { return "pretender" }

func TestCheckWantsAProxyToDoItsWork(t *testing.T) {
	f := start(t)
	made, err := makeCertificate(t.TempDir(), mainHost)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		proxy    proxy
		scenario *scenario
		// want is a part of the error. It is empty for none.
		want string
	}{
		"the floor need not look at requests": {proxy: &floorProxy{}, scenario: plainScenario()},
		"a proxy sets forwarding fields":      {proxy: &pretender{}, scenario: plainScenario(), want: "the backend gets X-"},
		"policies act":                        {proxy: &pretender{}, scenario: policiesScenario(), want: "bytes, want "},
		"conditions act":                      {proxy: &pretender{}, scenario: routesScenario(), want: "without the fields that the rule wants"},
		"other hosts are not served":          {proxy: &pretender{}, scenario: hostsScenario(), want: "not configured is answered with 200"},
		"documents are compressed":            {proxy: &pretender{}, scenario: compressionScenario(), want: `encoded by ""`},
		"who proves nothing is refused":       {proxy: &pretender{}, scenario: authenticationScenario("auth", askAlways), want: "without proof of who the client is"},
		"HTTPS is served":                     {proxy: &pretender{}, scenario: httpsScenario(), want: "https://" + mainHost},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := &checker{
				scenario: test.scenario, certificate: made.parsed, backends: backendCount,
				proxy: &running{proxy: test.proxy, child: f.floorProcess, http: f.floor, https: f.floor},
			}
			err := c.check(t.Context())
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestAChildThatEndsIsNotWaitedFor(t *testing.T) {
	f := start(t)
	c, err := f.launcher.start(f.core, "broken", nil, f.launcher.self, roleFloor, "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	never := func() error { return context.DeadlineExceeded }
	err = c.until(t.Context(), never)
	if err == nil || !strings.Contains(err.Error(), "broken ended: exit status 1") || !strings.Contains(err.Error(), "such as 127.0.0.1:8080") {
		t.Errorf("error is %v, want one with how it ended and what it printed", err)
	}
}
