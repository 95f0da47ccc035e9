// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"flag"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func configurationOf(t *testing.T, s *scenario) *configuration {
	t.Helper()
	c := &configuration{
		scenario: s, cores: coreSet{0}, Folder: t.TempDir(),
		HTTP: netip.MustParseAddrPort("127.0.0.1:20001"), HTTPS: netip.MustParseAddrPort("127.0.0.1:20002"),
		Backends:  []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:20003"), netip.MustParseAddrPort("127.0.0.1:20004")},
		OpenFiles: 20_000, Connections: 12_000,
	}
	made, err := makeCertificate(c.Folder, mainHost)
	if err != nil {
		t.Fatal(err)
	}
	c.Certificate, c.Key, c.Both = made.certFile, made.keyFile, made.both
	return c
}

func TestEveryPeerIsConfiguredForEveryScenarioThatItCanDo(t *testing.T) {
	for _, s := range []*scenario{
		plainScenario(), httpsScenario(), policiesScenario(), routesScenario(), compressionScenario(), webSocketScenario(), hostsScenario(), expressionsScenario(),
		fieldsScenario(), snippetFieldsScenario(), snippetScenario(), authenticationScenario("auth-external", askAlways),
		authenticationScenario("auth-kept", askOnce), authenticationScenario("auth-jwt", verifyTokens),
		authenticationScenario("auth-jwt-rs256", verifyRSA),
	} {
		for _, p := range knownPeers() {
			if p.cannot(s) != "" {
				continue
			}
			t.Run(s.name+" for "+p.called, func(t *testing.T) {
				c := configurationOf(t, s)
				var all strings.Builder
				for file, from := range p.files {
					if err := c.render(file, from); err != nil {
						t.Fatal(err)
					}
					content, err := os.ReadFile(filepath.Join(c.Folder, file))
					if err != nil {
						t.Fatal(err)
					}
					if strings.HasSuffix(file, ".yaml") {
						var document any
						if err := yaml.UnmarshalStrict(content, &document); err != nil {
							t.Errorf("%s is no YAML: %v", file, err)
						}
					}
					all.Write(content)
				}
				wanted := append([]string{"20001", "20003", "20004"}, s.hosts...)
				if s.https {
					wanted = append(wanted, "20002", c.Certificate[:len(c.Certificate)-len("crt")])
				}
				if s.policies {
					wanted = append(wanted, requestAddField, requestSetField, requestRemoveField, responseAddField, responseSetField, poweredByField, "1000000")
				}
				if s.conditions {
					wanted = append(wanted, "always", "80")
				}
				if s.fields {
					wanted = append(wanted, fieldsSnippet)
				}
				if s.snippet != "" {
					wanted = append(wanted, s.snippet)
				}
				if s.expressions {
					wanted = append(wanted, `"^/section-9(/|$)(.*)"`, "/$2 break")
				}
				if s.authentication != "" {
					wanted = append(wanted, "http://auth"+verdictPath, userField+" $user")
				}
				if s.authentication == askOnce {
					wanted = append(wanted, "proxy_cache_key $cookie_"+sessionCookie)
				}
				for _, want := range wanted {
					if !strings.Contains(all.String(), want) {
						t.Errorf("the configuration lacks %q", want)
					}
				}
			})
		}
	}
}

func TestObjectsHoldTheScenario(t *testing.T) {
	type counts struct {
		Tasks, Ingresses, Rules, Paths, WithPolicies, WithConditions, WithTLS int
		Secrets, Asking, Keeping, WithTokens, WithPasswords                   int
	}
	for name, test := range map[string]struct {
		scenario *scenario
		want     counts
	}{
		"plain":    {plainScenario(), counts{Tasks: 2, Ingresses: 1, Rules: 1, Paths: 1}},
		"https":    {httpsScenario(), counts{Tasks: 2, Ingresses: 1, Rules: 1, Paths: 1, WithTLS: 1, Secrets: 1}},
		"policies": {policiesScenario(), counts{Tasks: 2, Ingresses: 1, Rules: 1, Paths: 2, WithPolicies: 2}},
		"routes":   {routesScenario(), counts{Tasks: 2, Ingresses: 1, Rules: 1, Paths: 1, WithConditions: 1}},
		"hosts":    {hostsScenario(), counts{Tasks: 2, Ingresses: 20, Rules: 1000, Paths: 10_000}},
		"snippet":  {snippetScenario(), counts{Tasks: 2, Ingresses: 1, Rules: 1, Paths: 1}},
		"always": {
			authenticationScenario("auth-external", askAlways), counts{Tasks: 4, Ingresses: 1, Rules: 1, Paths: 1, Asking: 1},
		},
		"once": {
			authenticationScenario("auth-kept", askOnce), counts{Tasks: 4, Ingresses: 1, Rules: 1, Paths: 1, Asking: 1, Keeping: 1},
		},
		"tokens": {
			authenticationScenario("auth-jwt", verifyTokens), counts{Tasks: 2, Ingresses: 1, Rules: 1, Paths: 1, Secrets: 1, WithTokens: 1},
		},
		"tokens by RS256": {
			authenticationScenario("auth-jwt-rs256", verifyRSA), counts{Tasks: 2, Ingresses: 1, Rules: 1, Paths: 1, Secrets: 1, WithTokens: 1},
		},
		"passwords":   {passwordsScenario(), counts{Tasks: 2, Ingresses: 1, Rules: 1, Paths: 2, Secrets: 1, WithPasswords: 1}},
		"expressions": {expressionsScenario(), counts{Tasks: 2, Ingresses: 1000, Rules: 1000, Paths: 10_000}},
	} {
		t.Run(name, func(t *testing.T) {
			made, err := objects(configurationOf(t, test.scenario), "bench")
			if err != nil {
				t.Fatal(err)
			}
			var got counts
			for _, object := range made {
				switch o := object.(type) {
				case *v1alpha1.Task:
					got.Tasks++
				case *corev1.Secret:
					got.Secrets++
				case *networkingv1.Ingress:
					got.Ingresses++
					for _, rule := range o.Spec.Rules {
						got.Rules++
						got.Paths += len(rule.HTTP.Paths)
					}
				case *v1alpha1.Ingress:
					got.Ingresses++
					if o.Spec.TLS != nil {
						got.WithTLS++
					}
					for _, rule := range o.Spec.Rules {
						got.Rules++
						for _, p := range rule.Paths {
							got.Paths++
							if p.RateLimit != nil && p.AccessControl != nil && p.Headers != nil && p.Rewrite != nil {
								got.WithPolicies++
							}
							if p.Auth != nil && p.Auth.External != nil {
								got.Asking++
								if p.Auth.External.CacheKey != "" {
									got.Keeping++
								}
							}
							if p.Auth != nil && p.Auth.Basic != nil && p.Path == privatePath {
								got.WithPasswords++
							}
							if p.Auth != nil && p.Auth.JWT != nil {
								got.WithTokens++
							}
							if p.Match != nil && len(p.Match.Headers) == 2 && len(p.Backends) == 2 {
								got.WithConditions++
							}
						}
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequestsOfTheHostsRowReachEveryPathOfEveryHostOnce(t *testing.T) {
	for _, r := range rows() {
		if len(r.scenario.hosts) == 1 {
			continue
		}
		seen := map[string]bool{}
		all := r.requests()
		for i := range all {
			seen[all[i].Host+all[i].Path] = true
		}
		if want := len(r.scenario.hosts) * len(r.scenario.paths); len(seen) != want || len(all) != want {
			t.Errorf("%s: %d requests, %d of them different, want %d", r.name, len(all), len(seen), want)
		}
	}
}

func TestWrongFlagsAreRefusedWithWhatToWrite(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"an unknown row":   {[]string{"-rows", "keepalive,fast"}, `"fast" is unknown: write one of keepalive, `},
		"an unknown proxy": {[]string{"-proxies", "apache"}, `"apache" is unknown: write one of nginx, haproxy, caddy, traefik, envoy, warren, floor`},
		"no rounds":        {[]string{"-rounds", "0"}, "-rounds is 0: write 1 or more"},
		"no time":          {[]string{"-seconds", "0"}, "-seconds is 0: write 0.5 to 600"},
		"two of a name":    {[]string{"-controller", "old=/a", "-controller", "old=/b"}, `the name "old" is taken: write another-name=/b`},
		"a peer's name":    {[]string{"-controller", "nginx=/a"}, `the name "nginx" is taken`},
		"no path":          {[]string{"-controller", "old="}, `"old=" is no binary: write [name=]path`},
		"three cores":      {[]string{"-cores", "3"}, "-cores is 3: write 1 or 2"},
		"an argument":      {[]string{"-rounds", "1", "keepalive"}, `unexpected argument "keepalive"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			set := flag.NewFlagSet("bench", flag.ContinueOnError)
			set.SetOutput(io.Discard)
			_, err := parseOptions(set, test.args)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one that says %q", err, test.want)
			}
		})
	}
}

func TestControllersAreCalledByNames(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want []controller
	}{
		"none":           {nil, nil},
		"one":            {[]string{"/a/warren-ingress"}, []controller{{"warren", "/a/warren-ingress"}}},
		"named":          {[]string{"base=/a/x", "new=/b/x"}, []controller{{"base", "/a/x"}, {"new", "/b/x"}}},
		"the second not": {[]string{"/a/x", "/b/other"}, []controller{{"warren", "/a/x"}, {"other", "/b/other"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var args []string
			for _, value := range test.args {
				args = append(args, "-controller", value)
			}
			o, err := parseOptions(flag.NewFlagSet("bench", flag.ContinueOnError), args)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, o.controllers, cmp.AllowUnexported(controller{})); diff != "" {
				t.Errorf("controllers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRatiosAreToNginxOrToTheFirstOfSeveralControllers(t *testing.T) {
	nginx, base, changed := &peer{called: "nginx"}, &warren{called: "base"}, &warren{called: "new"}
	for name, test := range map[string]struct {
		proxies []proxy
		want    string
	}{
		"nginx":              {[]proxy{nginx, base, changed}, "nginx"},
		"several":            {[]proxy{base, changed}, "base"},
		"one controller":     {[]proxy{base}, "nginx"},
		"another peer alone": {[]proxy{&peer{called: "haproxy"}}, "nginx"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (&session{proxies: test.proxies}).reference(); got != test.want {
				t.Errorf("ratios are to %q, want %q", got, test.want)
			}
		})
	}
}

func TestChosenRowsKeepTheOrderOfTheTable(t *testing.T) {
	o, err := parseOptions(flag.NewFlagSet("bench", flag.ContinueOnError), []string{"-rows", "idle,https"})
	if err != nil {
		t.Fatal(err)
	}
	chosen, err := o.chosenRows()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range chosen {
		names = append(names, chosen[i].name)
	}
	if diff := cmp.Diff([]string{"https", "idle"}, names); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}
