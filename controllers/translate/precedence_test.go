// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
)

// accepted is what a test wants of an Accepted condition.
type accepted struct {
	Status  metav1.ConditionStatus
	Reason  string
	Message string
}

var fully = accepted{metav1.ConditionTrue, "Accepted", "everything in the object is acted on"}

// shadowed is the condition of an Ingress with a rule for every host, of which some belong to other namespaces.
var shadowed = accepted{metav1.ConditionTrue, "SomeHostsOwnedElsewhere", fully.Message + "; some of the hosts that its rules for every host " +
	"stand for belong to other namespaces, whose rules alone are asked for those"}

func TestWhoServesAPlaceThatSeveralRulesWant(t *testing.T) {
	tests := map[string]struct {
		ingresses   []*v1alpha1.Ingress
		allowShared bool
		served      []string
		accepted    map[string]accepted
	}{
		"the oldest Ingress wins and the other is told": {
			ingresses: []*v1alpha1.Ingress{
				newIngress("default", "a", 5, newRule("x.io", prefix("/", "young"), prefix("/own", "young"))),
				newIngress("default", "b", 1, newRule("x.io", prefix("/", "old"))),
			},
			served: []string{
				"x.io Prefix / -> default/old:80 by default/b",
				"x.io Prefix /own -> default/young:80 by default/a",
			},
			accepted: map[string]accepted{
				"default/a": {metav1.ConditionFalse, "PathConflict", "rules[0].paths[0]: Prefix / of host x.io is served by " +
					"rules[0].paths[0] of the older Ingress default/b; its other paths are served"},
				"default/b": fully,
			},
		},
		"of two of the same age the first name wins": {
			ingresses: []*v1alpha1.Ingress{
				newIngress("default", "b", 1, newRule("x.io", exact("/a", "b"))),
				newIngress("default", "a", 1, newRule("x.io", exact("/a", "a"))),
			},
			served: []string{"x.io Exact /a -> default/a:80 by default/a"},
			accepted: map[string]accepted{
				"default/a": fully,
				"default/b": {metav1.ConditionFalse, "PathConflict", "rules[0].paths[0]: Exact /a of host x.io is served by " +
					"rules[0].paths[0] of Ingress default/a, which is as old and goes first by its name; no path of it is served"},
			},
		},
		"of two of the same age and name the first namespace wins": {
			allowShared: true,
			ingresses: []*v1alpha1.Ingress{
				newIngress("green", "a", 1, newRule("x.io", exact("/a", "green"))),
				newIngress("blue", "a", 1, newRule("x.io", exact("/a", "blue"))),
			},
			served: []string{"x.io Exact /a -> blue/blue:80 by blue/a"},
			accepted: map[string]accepted{
				"blue/a": fully,
				"green/a": {metav1.ConditionFalse, "PathConflict", "rules[0].paths[0]: Exact /a of host x.io is served by " +
					"an older Ingress of another namespace; no path of it is served"},
			},
		},
		"within an Ingress the earlier rule wins": {
			ingresses: []*v1alpha1.Ingress{
				newIngress("default", "a", 1,
					newRule("", prefix("/api", "first")),
					newRule("", prefix("/b", "b"), prefix("/api/", "second"))),
			},
			served: []string{
				"(every) Prefix /api -> default/first:80 by default/a",
				"(every) Prefix /b -> default/b:80 by default/a",
			},
			accepted: map[string]accepted{
				"default/a": {metav1.ConditionFalse, "PathConflict", "rules[1].paths[1]: Prefix /api of every host is served by " +
					"rules[0].paths[0] of this Ingress, which comes before it; its other paths are served"},
			},
		},
		"an Exact and a Prefix of one path are two places": {
			ingresses: []*v1alpha1.Ingress{
				newIngress("default", "a", 1, newRule("x.io", exact("/a", "exact"), prefix("/a", "prefix"), exact("/a/", "slash"))),
			},
			served: []string{
				"x.io Prefix /a -> default/prefix:80 by default/a",
				"x.io Exact /a -> default/exact:80 by default/a",
				"x.io Exact /a/ -> default/slash:80 by default/a",
			},
			accepted: map[string]accepted{"default/a": fully},
		},
		"a host belongs to the namespace of the oldest Ingress that names it": {
			ingresses: []*v1alpha1.Ingress{
				newIngress("blue", "late", 9, newRule("x.io", prefix("/late", "late"))),
				newIngress("green", "a", 5, newRule("x.io", prefix("/green", "green")), newRule("y.io", prefix("/", "green"))),
				newIngress("blue", "early", 1, newRule("x.io", prefix("/", "early"))),
			},
			served: []string{
				"x.io Prefix / -> blue/early:80 by blue/early",
				"x.io Prefix /late -> blue/late:80 by blue/late",
				"y.io Prefix / -> green/green:80 by green/a",
			},
			accepted: map[string]accepted{
				"blue/early": fully,
				"blue/late":  fully,
				"green/a": {metav1.ConditionFalse, "HostOwnedElsewhere", `rules[0]: host "x.io" belongs to another namespace: choose another ` +
					"host, or ask the cluster's administrator, whom kubectl warren hosts tells whose it is; its other paths are served"},
			},
		},
		"every host is owned like any other, and takes nothing from named ones": {
			ingresses: []*v1alpha1.Ingress{
				newIngress("blue", "a", 1, newRule("", prefix("/", "blue"))),
				newIngress("green", "a", 2, newRule("", prefix("/a", "green")), newRule("*.io", prefix("/", "green"))),
			},
			served: []string{
				"(every) Prefix / -> blue/blue:80 by blue/a",
				"*.io Prefix / -> green/green:80 by green/a",
			},
			accepted: map[string]accepted{
				"blue/a": shadowed,
				"green/a": {metav1.ConditionFalse, "HostOwnedElsewhere", "rules[0]: the empty host, which is every host, belongs to another namespace: " +
					"choose another host, or ask the cluster's administrator, whom kubectl warren hosts tells whose it is; its other paths are served"},
			},
		},
		"shared hosts may have rules of several namespaces": {
			allowShared: true,
			ingresses: []*v1alpha1.Ingress{
				newIngress("blue", "a", 1, newRule("x.io", prefix("/", "blue"))),
				newIngress("green", "a", 2, newRule("x.io", prefix("/a", "green"))),
			},
			served: []string{
				"x.io Prefix / -> blue/blue:80 by blue/a",
				"x.io Prefix /a -> green/green:80 by green/a",
			},
			accepted: map[string]accepted{"blue/a": fully, "green/a": fully},
		},
		"an Ingress of another class wants nothing": {
			ingresses: []*v1alpha1.Ingress{
				func() *v1alpha1.Ingress {
					other := newIngress("blue", "a", 1, newRule("x.io", prefix("/", "blue")))
					other.Spec.IngressClassName = "nginx"
					return other
				}(),
				newIngress("green", "a", 2, newRule("x.io", prefix("/", "green"))),
			},
			served:   []string{"x.io Prefix / -> green/green:80 by green/a"},
			accepted: map[string]accepted{"green/a": fully},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			snapshot, reports := build(translate.Input{Objects: asRules(test.ingresses),
				Options: translate.Options{AllowSharedHosts: test.allowShared}})
			if diff := cmp.Diff(test.served, served(snapshot)); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
			got := map[string]accepted{}
			for _, r := range reports {
				c := conditionOf(t, reports, r.Kind, r.Namespace+"/"+r.Name, v1alpha1.ConditionAccepted)
				got[r.Namespace+"/"+r.Name] = accepted{c.Status, c.Reason, c.Message}
			}
			if diff := cmp.Diff(test.accepted, got); diff != "" {
				t.Errorf("Accepted (-want +got):\n%s", diff)
			}
		})
	}
}
