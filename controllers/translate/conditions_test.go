// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// asking is a rule for a prefix of x.io, whose service has the rule's name.
func asking(service, path string, c *snapshot.Conditions) rules.Rule {
	return rules.Rule{
		Where: service, Match: rules.Match{Path: path, Conditions: c}, Backends: []rules.Backend{{Service: service, Port: 80, Weight: 1}},
	}
}

// objectOf is an object of a kind with conditions. The age is in minutes after today.
func objectOf(name string, age int, list ...rules.Rule) *rules.Object {
	return &rules.Object{
		Kind: "Route", Namespace: "default", Name: name, ID: "default/" + name, Created: today.Add(time.Duration(age) * time.Minute),
		Hosts: []rules.Host{{Name: "x.io", Where: "rules[0]", Rules: list}},
	}
}

func header(name, value string) *snapshot.Conditions {
	return &snapshot.Conditions{Headers: []snapshot.Condition{{Name: name, Value: value}}}
}

func TestConditionsOrderTheRoutesOfAPlace(t *testing.T) {
	get := &snapshot.Conditions{Methods: []string{"GET"}}
	two := &snapshot.Conditions{Headers: []snapshot.Condition{{Name: "a", Value: "1"}, {Name: "b", Value: "1"}}}
	query := &snapshot.Conditions{Query: []snapshot.Condition{{Name: "v", Value: "[0-9]", Match: snapshot.ValueRegularExpression}}}
	old := objectOf("old", 1,
		asking("rest", "/", nil), asking("query", "/", query), asking("old-a", "/", header("a", "1")), asking("old-b", "/", header("b", "1")))
	young := objectOf("young", 2,
		asking("young-c", "/", header("c", "1")), asking("young-a", "/", header("a", "1")), asking("two", "/", two),
		asking("get", "/", get), asking("young-rest", "/", nil), asking("api-z", "/api", header("z", "1")),
		asking("api", "/api", header("a", "1")))
	unreadable := asking("unreadable", "/adm(", header("a", "1"))
	unreadable.Match.Senseless = true
	unreadable.Fault = &rules.Fault{Text: "no path", Closing: rules.UnreadablePath, Beginning: "/adm"}
	mistaken := asking("mistaken", "/wrong", header("a", "1"))
	mistaken.Fault = &rules.Fault{Text: "no port", Closing: rules.InvalidRule}
	faulty := objectOf("faulty", 3, unreadable, mistaken, asking("right", "/wrong", nil))
	build := func(objects ...*rules.Object) (*snapshot.Snapshot, []translate.Report) {
		return build(translate.Input{Objects: objects})
	}

	s, reports := build(young, faulty, old)
	if err := s.Hosts[0].Inspect(); err != nil {
		t.Error(err)
	}
	var got []string
	for _, r := range s.Hosts[0].Routes {
		got = append(got, r.Match.String()+" "+r.Path+" if "+r.Conditions.String()+" -> "+r.Rule.Ingress+" "+r.Pool+" "+r.Closed)
	}
	if diff := cmp.Diff([]string{
		"Prefix / if method GET -> default/young default/get:80 ",
		`Prefix / if header a is "1"; header b is "1" -> default/young default/two:80 `,
		`Prefix / if header a is "1" -> default/old default/old-a:80 `,
		`Prefix / if header b is "1" -> default/old default/old-b:80 `,
		`Prefix / if header c is "1" -> default/young default/young-c:80 `,
		`Prefix / if query parameter v matches "[0-9]" -> default/old default/query:80 `,
		"Prefix / if  -> default/old default/rest:80 ",
		"Text /adm if  -> default/faulty default/unreadable:80/InvalidRule UnreadablePath",
		`Prefix /api if header z is "1" -> default/young default/api-z:80 `,
		`Prefix /api if header a is "1" -> default/young default/api:80 `,
		`Prefix /wrong if header a is "1" -> default/faulty default/mistaken:80/InvalidRule InvalidRule`,
		"Prefix /wrong if  -> default/faulty default/right:80 ",
	}, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}

	told := conditionOf(t, reports, "Route", "default/young", v1alpha1.ConditionAccepted)
	want := `young-a: Prefix / if header a is "1" of host x.io is served by old-a of the older Ingress default/old; ` +
		`young-rest: Prefix / of host x.io is served by rest of the older Ingress default/old; its other paths are served`
	if told.Status != metav1.ConditionFalse || told.Reason != v1alpha1.ReasonPathConflict || told.Message != want {
		t.Errorf("the younger object is told %v %s %q", told.Status, told.Reason, told.Message)
	}
	if told := conditionOf(t, reports, "Route", "default/old", v1alpha1.ConditionAccepted); told.Status != metav1.ConditionTrue {
		t.Errorf("the older object is told %q", told.Message)
	}

	var unserved []string
	for _, u := range s.Unserved {
		unserved = append(unserved, u.Rule.Ingress+" "+u.Path+" if "+u.Conditions.String()+": "+u.Reason)
	}
	if diff := cmp.Diff([]string{
		`default/young / if header a is "1": PathConflict`,
		"default/young / if : PathConflict",
	}, unserved); diff != "" {
		t.Errorf("unserved (-want +got):\n%s", diff)
	}

	again, _ := build(old, young, faulty)
	if !s.Equal(again) {
		t.Error("the order of the objects makes a difference")
	}
}

func TestExpressionsOfAHostTakeTurns(t *testing.T) {
	expression := func(service string, rank uint8, c *snapshot.Conditions) rules.Rule {
		r := asking(service, "/"+service, c)
		r.Match.Type, r.Match.Rank = snapshot.MatchExpression, rank
		return r
	}
	old := objectOf("old", 1, expression("a", 0, nil), expression("b", 0, header("h", "1")), expression("c", 1, nil))
	young := objectOf("young", 2, expression("d", 0, header("h", "1")), expression("e", 1, header("h", "1")), expression("f", 2, nil))
	s, _ := build(translate.Input{Objects: []*rules.Object{young, old}})
	if err := s.Hosts[0].Inspect(); err != nil {
		t.Error(err)
	}
	got := make([]string, len(s.Hosts[0].Routes))
	for _, r := range s.Hosts[0].Routes {
		got[r.Turn] = r.Path
	}
	if diff := cmp.Diff([]string{"/f", "/e", "/c", "/b", "/d", "/a"}, got); diff != "" {
		t.Errorf("turns (-want +got):\n%s", diff)
	}
}
