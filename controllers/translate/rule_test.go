// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Each wrong rule is between two right ones, and another Ingress is entirely right.
func TestAWrongRuleIsReportedAndHurtsNoOther(t *testing.T) {
	allow := func(addresses ...v1alpha1.AddressRange) v1alpha1.IngressPath {
		p := prefix("/wrong", "wrong")
		p.AccessControl = &v1alpha1.AccessControl{AllowedIPs: addresses}
		return p
	}
	waits := func(timeouts v1alpha1.Timeouts) v1alpha1.IngressPath {
		p := prefix("/wrong", "wrong")
		p.Timeouts = &timeouts
		return p
	}
	const kept = "x.io Prefix /wrong -> default/wrong:80/InvalidRule by default/a"
	tests := map[string]struct {
		rule v1alpha1.IngressRule
		// served is what the snapshot has of the wrong rule, if anything.
		served  string
		message string
	}{
		"a host in upper case": {
			rule:    newRule("API.x.io", prefix("/", "wrong")),
			message: `rules[1]: host "API.x.io" cannot be matched: write a lower-case DNS name such as api.example.com, *.example.com for exactly one label, or leave it empty for every host; its other paths are served`,
		},
		"a wildcard that is not the first label": {
			rule:    newRule("api.*.io", prefix("/", "wrong")),
			message: `rules[1]: host "api.*.io" cannot be matched: write a lower-case DNS name such as api.example.com, *.example.com for exactly one label, or leave it empty for every host; its other paths are served`,
		},
		"a path without a slash": {
			rule:    newRule("x.io", prefix("wrong", "wrong")),
			message: `rules[1].paths[0]: path "wrong" cannot be matched: the path does not begin with a slash; the path is left out; its other paths are served`,
		},
		"a path above the root": {
			rule:    newRule("x.io", prefix("/../wrong", "wrong")),
			message: `rules[1].paths[0]: path "/../wrong" cannot be matched: the path climbs above the root; the path is left out; its other paths are served`,
		},
		"a path with an escaped letter": {
			rule:    newRule("x.io", exact("/%77rong", "wrong")),
			message: `rules[1].paths[0]: path "/%77rong" is not canonical: write "/wrong"; the path is left out; its other paths are served`,
		},
		"a pathType that is none": {
			rule:    newRule("x.io", v1alpha1.IngressPath{Path: "/wrong", PathType: "Regex"}),
			message: `rules[1].paths[0]: pathType "Regex" is unknown: write Prefix, Exact or RegularExpression; the path is left out; its other paths are served`,
		},
		// A path whose access control is not understood must not fall to "/", which lets everybody in.
		"an allowed address that is none keeps its place and lets nobody in": {
			rule:    newRule("x.io", allow("10.0.0.0/8", "ten")),
			served:  kept,
			message: `rules[1].paths[0]: accessControl.allowedIPs has "ten", which is neither an address such as 10.0.50.7 nor a CIDR such as 10.0.0.0/8; the path answers 503; its other paths are served`,
		},
		"an address with a zone": {
			rule:    newRule("x.io", allow("fe80::1%eth0")),
			served:  kept,
			message: `rules[1].paths[0]: accessControl.allowedIPs has "fe80::1%eth0", which is neither an address such as 10.0.50.7 nor a CIDR such as 10.0.0.0/8; the path answers 503; its other paths are served`,
		},
		"a negative timeout": {
			rule:    newRule("x.io", waits(v1alpha1.Timeouts{Idle: &metav1.Duration{Duration: -time.Second}})),
			served:  kept,
			message: `rules[1].paths[0]: timeouts holds a negative duration: write 0s for none; the path answers 503; its other paths are served`,
		},
		"a port that is none": {
			rule: newRule("x.io", v1alpha1.IngressPath{Path: "/wrong", Backend: v1alpha1.IngressBackend{
				ServiceName: "wrong", Port: 70000}}),
			served:  "x.io Prefix /wrong -> default/wrong:70000/InvalidRule by default/a",
			message: `rules[1].paths[0]: backend.port is 70000: write 1 to 65535; the path answers 503; its other paths are served`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			snapshot, reports := build(translate.Input{
				Objects: asRules([]*v1alpha1.Ingress{
					newIngress("default", "a", 1,
						newRule("x.io", prefix("/", "right")), test.rule, newRule("y.io", prefix("/", "right"))),
					newIngress("default", "b", 2, newRule("x.io", prefix("/b", "right"))),
				}),
				Tasks: []*v1alpha1.Task{
					newTask("default", "right", "right", "10.0.0.1"),
					newTask("default", "wrong", "wrong", "10.0.0.2"),
				},
			})
			want := []string{
				"x.io Prefix / -> default/right:80 by default/a",
				"x.io Prefix /b -> default/right:80 by default/b",
				"y.io Prefix / -> default/right:80 by default/a",
			}
			if test.served != "" {
				want = append(want[:2:2], test.served, want[2])
			}
			if diff := cmp.Diff(want, served(snapshot)); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
			for _, pool := range snapshot.Pools {
				if strings.HasSuffix(pool.ID, "/InvalidRule") && len(pool.Endpoints) > 0 {
					t.Errorf("the pool of an invalid rule has endpoints: %+v", pool)
				}
			}
			c := conditionOf(t, reports, "Ingress", "default/a", v1alpha1.ConditionAccepted)
			if diff := cmp.Diff(accepted{metav1.ConditionFalse, "InvalidRule", test.message}, accepted{c.Status, c.Reason, c.Message}); diff != "" {
				t.Errorf("Accepted of the Ingress (-want +got):\n%s", diff)
			}
			c = conditionOf(t, reports, "Ingress", "default/b", v1alpha1.ConditionAccepted)
			if diff := cmp.Diff(fully, accepted{c.Status, c.Reason, c.Message}); diff != "" {
				t.Errorf("Accepted of the Ingress beside it (-want +got):\n%s", diff)
			}
			if got, want := reports[0].Routes, 2; got != want {
				t.Errorf("the report counts %d routes that are served as written, want %d", got, want)
			}
		})
	}
}

func TestWhatARouteTakesFromItsRule(t *testing.T) {
	defaults := snapshot.Timeouts{Connect: 5 * time.Second, Idle: 60 * time.Second}
	tests := map[string]struct {
		change func(*v1alpha1.IngressPath)
		want   snapshot.Route
	}{
		"the defaults, where it says nothing": {
			change: func(*v1alpha1.IngressPath) {},
			want:   snapshot.Route{Path: "/api", Timeouts: defaults, Retries: 1},
		},
		"a prefix without its trailing slash": {
			change: func(p *v1alpha1.IngressPath) { p.Path = "/api/" },
			want:   snapshot.Route{Path: "/api", Timeouts: defaults, Retries: 1},
		},
		"the root as it is": {
			change: func(p *v1alpha1.IngressPath) { p.Path, p.PathType = "/", "" },
			want:   snapshot.Route{Path: "/", Timeouts: defaults, Retries: 1},
		},
		"an exact path with its trailing slash": {
			change: func(p *v1alpha1.IngressPath) { p.Path, p.PathType = "/api/", v1alpha1.PathTypeExact },
			want:   snapshot.Route{Path: "/api/", Match: snapshot.MatchExact, Timeouts: defaults, Retries: 1},
		},
		"one timeout, and the defaults of the others": {
			change: func(p *v1alpha1.IngressPath) {
				p.Timeouts = &v1alpha1.Timeouts{Connect: &metav1.Duration{Duration: time.Second}}
			},
			want: snapshot.Route{Path: "/api", Timeouts: snapshot.Timeouts{Connect: time.Second, Idle: 60 * time.Second}, Retries: 1},
		},
		"timeouts that are none, and no retries": {
			change: func(p *v1alpha1.IngressPath) {
				p.Timeouts = &v1alpha1.Timeouts{Request: &metav1.Duration{Duration: time.Minute}, Connect: &metav1.Duration{}, Idle: &metav1.Duration{}}
				p.Retries = &v1alpha1.Retries{Attempts: new(int32(0))}
			},
			want: snapshot.Route{Path: "/api", Timeouts: snapshot.Timeouts{Request: time.Minute}},
		},
		"addresses and CIDRs, masked, sorted, each once, IPv4 in IPv6 as IPv4": {
			change: func(p *v1alpha1.IngressPath) {
				p.AccessControl = &v1alpha1.AccessControl{
					AllowedIPs: []v1alpha1.AddressRange{"2001:db8::7/32", "192.168.7.7", "10.1.2.3/8", "::ffff:10.0.0.0/104", "2001:db8::1"},
					DeniedIPs:  []v1alpha1.AddressRange{"::ffff:10.0.50.7"},
				}
			},
			want: snapshot.Route{Path: "/api", Timeouts: defaults, Retries: 1, Policies: []policy.Policy{&policy.Access{
				Allowed: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.7.7/32"),
					netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2001:db8::1/128")},
				Denied: []netip.Prefix{netip.MustParsePrefix("10.0.50.7/32")},
			}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := prefix("/api", "api")
			test.change(&p)
			built, _ := build(translate.Input{Objects: asRules([]*v1alpha1.Ingress{
				newIngress("default", "a", 1, newRule("", prefix("/first", "first"), p))})})
			test.want.Rule = snapshot.RuleID{Ingress: "default/a", Path: 1}
			test.want.Pool = "default/api:80"
			var got snapshot.Route
			for _, r := range built.Hosts[0].Routes {
				if r.Rule.Path == 1 {
					got = r
				}
			}
			if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMessagesAreBoundedHoweverMuchIsWrong(t *testing.T) {
	var rules []v1alpha1.IngressRule
	for range 64 {
		var paths []v1alpha1.IngressPath
		for range 64 {
			paths = append(paths, prefix(strings.Repeat("\x01", 1024), strings.Repeat("s", 63)))
		}
		rules = append(rules, newRule("x.io", paths...))
	}
	_, reports := build(translate.Input{Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "a", 1, rules...)})})
	message := conditionOf(t, reports, "Ingress", "default/a", v1alpha1.ConditionAccepted).Message
	if len(message) > 8192 {
		t.Errorf("the message has %d bytes", len(message))
	}
	if want := "; and 4086 more; no path of it is served"; !strings.HasSuffix(message, want) {
		t.Errorf("the message ends with %q, want %q", message[max(0, len(message)-80):], want)
	}
}
