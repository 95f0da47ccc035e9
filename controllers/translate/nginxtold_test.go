// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

const actedOn = "True Accepted: everything in the object is acted on"

// What several Ingresses of a host do to one another, each is told.
func TestWhoIsToldOfOtherIngressesOfAHost(t *testing.T) {
	main := func() *rules.Object { return nginxObject("main", 1, "x.io", "main /") }
	closed := main()
	closed.Hosts[0].Rules[0].Fault = &rules.Fault{Text: "no port", Closing: rules.InvalidRule}
	answers := main()
	answers.Hosts[0].Rules[0].Backends = nil
	answers.Hosts[0].Rules[0].Policies = []policy.Policy{&policy.FixedResponse{Status: 200}}
	faulty := canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 1})
	faulty.Hosts[0].Rules[0].Fault = &rules.Fault{Text: "no port", Closing: rules.InvalidRule}
	wholly := canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 1}).Closed("no port at all")
	large := canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Header: "x", HeaderPattern: "a"})
	large.Hosts[0].Rules[0].Expressions = []rules.Expression{{Text: "a", Size: rules.MaxNamespaceExpressions + 1}}
	const nowhere = "False CanaryUnused: paths[0]: no other Ingress of the namespace has a rule for Prefix %s of host x.io, and a canary makes none: " +
		"write the host, path and pathType of the main one; the canary gets no request there; no path of it is served"
	for name, test := range map[string]struct {
		objects []*rules.Object
		want    map[string]string
	}{
		"a host of expressions": {
			[]*rules.Object{opening(nginxObject("opener", 1, "x.io", "a /a")), nginxObject("other", 2, "x.io", "b /b"), objectOf("own", 3, asking("own", "/own", nil))},
			map[string]string{
				"opener": actedOn, "own": actedOn,
				"other": actedOn + "; as ingress-nginx has it, paths are expressions without an end, in any case: those of host x.io because " +
					"the Ingress default/opener has use-regex or rewrite-target",
			},
		},
		"a path that is the older one's": {
			[]*rules.Object{opening(nginxObject("opener", 1, "x.io", "a /a(/|$)(.*)")), opening(nginxObject("other", 2, "x.io", "b /a(/|$)(.*)"))},
			map[string]string{"other": "False PathConflict: paths[0]: OpenExpression /a(/|$)(.*) of host x.io is served by paths[0] of the older Ingress " +
				"default/opener; no path of it is served"},
		},
		"an Exact / of a host of expressions": {
			[]*rules.Object{opening(nginxObject("opener", 1, "x.io", "a /a", "root /="))},
			map[string]string{"opener": "False PathConflict: paths[1]: Exact / of host x.io is an expression, as all paths of the host are, and as such ingress-nginx sent " +
				"nothing to it: write Prefix for all that no other path takes, or the Exact one into an Ingress of ingress.warren.dev; its other paths are served"},
		},
		"an expression where none is": {
			[]*rules.Object{nginxObject("literal", 1, "x.io", "a /a(/|$)(.*)")},
			map[string]string{"literal": "False InvalidRule: paths[0]: no path; the path is left out; no path of it is served"},
		},
		"a canary": {
			[]*rules.Object{main(), canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 1})},
			map[string]string{"main": actedOn, "canary": actedOn},
		},
		"a canary without a main": {
			[]*rules.Object{canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 1})},
			map[string]string{"canary": fmt.Sprintf(nowhere, "/")},
		},
		"a canary on a path that main does not have": {
			[]*rules.Object{main(), canary(nginxObject("canary", 2, "x.io", "next /next"), rules.Canary{Weight: 1})},
			map[string]string{"canary": fmt.Sprintf(nowhere, "/next")},
		},
		"a canary of another type of path": {
			[]*rules.Object{main(), canary(nginxObject("canary", 2, "x.io", "next /="), rules.Canary{Weight: 1})},
			map[string]string{"canary": strings.Replace(fmt.Sprintf(nowhere, "/"), "Prefix", "Exact", 1)},
		},
		"a canary of another namespace's host": {
			[]*rules.Object{main(), inNamespace("other", canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 1}))},
			map[string]string{"other/canary": "False HostOwnedElsewhere: rules[0]: host \"x.io\" belongs to another namespace: choose another host, or ask the cluster's " +
				"administrator, whom kubectl warren hosts tells whose it is; no path of it is served"},
		},
		"a second canary": {
			[]*rules.Object{
				main(), canary(nginxObject("c1", 2, "x.io", "next /", "again /"), rules.Canary{Weight: 1}),
				canary(nginxObject("c2", 3, "x.io", "last /"), rules.Canary{Weight: 1}),
			},
			map[string]string{
				"c1": "False CanaryUnused: paths[1]: an earlier rule of this Ingress takes a share of Prefix / of host x.io; the canary gets no request there; " +
					"its other paths are served",
				"c2": "False CanaryUnused: paths[0]: the Ingress default/c1, an older canary, takes a share of Prefix / of host x.io, and a service has one canary; " +
					"the canary gets no request there; no path of it is served",
			},
		},
		"a canary with a rule for each place of a service": {
			[]*rules.Object{nginxObject("main", 1, "x.io", "main /", "main /a", "main /b"),
				canary(nginxObject("canary", 2, "x.io", "next /", "next /a", "other /b"), rules.Canary{Weight: 1})},
			map[string]string{"canary": "False CanaryUnused: paths[2]: an earlier rule of this Ingress takes a share of Prefix /b of host x.io; " +
				"the canary gets no request there; its other paths are served"},
		},
		"a canary of a service that has one by another place": {
			[]*rules.Object{nginxObject("main", 1, "x.io", "main /", "main /a"),
				canary(nginxObject("c1", 2, "x.io", "next /"), rules.Canary{Weight: 1}), canary(nginxObject("c2", 3, "x.io", "last /a"), rules.Canary{Weight: 1})},
			map[string]string{
				"c1": actedOn,
				"c2": "False CanaryUnused: paths[0]: the Ingress default/c1, an older canary, takes a share of Prefix /a of host x.io, and a service has one canary; " +
					"the canary gets no request there; no path of it is served",
			},
		},
		"a canary of what is closed": {
			[]*rules.Object{closed, canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 1})},
			map[string]string{"canary": "False CanaryUnused: paths[0]: the Ingress default/main has Prefix / of host x.io, and answers 503 there; " +
				"the canary gets no request there; no path of it is served"},
		},
		"a canary of what answers by itself": {
			[]*rules.Object{answers, canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 1})},
			map[string]string{"canary": "False CanaryUnused: paths[0]: the Ingress default/main has Prefix / of host x.io, and answers there by itself; " +
				"the canary gets no request there; no path of it is served"},
		},
		"a canary with a fault": {
			[]*rules.Object{main(), faulty},
			map[string]string{"canary": "False InvalidRule: paths[0]: no port; the canary gets no request there; no path of it is served"},
		},
		"a canary with a fault of the whole": {
			[]*rules.Object{main(), wholly},
			map[string]string{"canary": "False InvalidRule: metadata: no port at all; it takes no share of any requests; no path of it is served"},
		},
		"a canary with too large an expression": {
			[]*rules.Object{main(), large},
			map[string]string{"canary": "False InvalidRule: paths[0]: its regular expressions would take the namespace beyond 200000 instructions (about 20 MB) for those " +
				"of all its rules, and older ones count first: write exact values or prefixes, repeat less, or use the same expression in several rules; " +
				"the canary gets no request there; no path of it is served"},
		},
		"an alias that is a host": {
			[]*rules.Object{withAlias(main(), "y.io"), nginxObject("real", 2, "y.io", "real /")},
			map[string]string{"real": actedOn, "main": "False PathConflict: alias[0]: host y.io is no other name for a host of this Ingress: an Ingress has it as its host, " +
				"and has it alone; its other paths are served"},
		},
		"an alias of two hosts": {
			[]*rules.Object{withAlias(main(), "y.io"), withAlias(nginxObject("young", 2, "z.io", "z /"), "y.io"), withAlias(nginxObject("same", 3, "x.io", "s /s"), "y.io")},
			map[string]string{"main": actedOn, "same": actedOn, "young": "False PathConflict: alias[0]: host y.io is no other name for a host of this Ingress: " +
				"an older Ingress has it as another name for host x.io; its other paths are served"},
		},
		"an alias that is another namespace's host": {
			[]*rules.Object{withAlias(main(), "y.io"), inNamespace("other", nginxObject("real", 2, "y.io", "real /"))},
			map[string]string{"main": "False HostOwnedElsewhere: alias[0]: host \"y.io\" belongs to another namespace: choose another host, or ask the cluster's " +
				"administrator, whom kubectl warren hosts tells whose it is; its other paths are served"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, reports := build(translate.Input{Objects: test.objects})
			for i := range s.Hosts {
				if err := s.Hosts[i].Inspect(); err != nil {
					t.Error(err)
				}
			}
			for id, want := range test.want {
				if !strings.Contains(id, "/") {
					id = "default/" + id
				}
				if diff := cmp.Diff(want, acceptedMessage(t, reports, id)); diff != "" {
					t.Errorf("%s is told (-want +got):\n%s", id, diff)
				}
			}
		})
	}
}

// Where hosts are shared, the canary of another namespace is not shown a certificate of the main rule's.
func TestACertificateIsNotLentToAnotherNamespace(t *testing.T) {
	shown := types.NamespacedName{Namespace: "default", Name: "client"}
	const kept = "False CanaryUnused: paths[0]: an Ingress of another namespace has Prefix / of host x.io, whose backend is shown a certificate, " +
		"and that is not lent to another namespace: make the canary in that namespace; the canary gets no request there; no path of it is served"
	for name, test := range map[string]struct {
		namespace string
		show      func(b *rules.Backend)
		want      string
	}{
		"by its author":                         {"other", func(b *rules.Backend) { b.Protocol, b.TLS = rules.HTTPS, &rules.BackendTLS{ClientCertificate: shown} }, kept},
		"by others":                             {"other", func(b *rules.Backend) { b.ServiceTLS = &rules.ServiceTLS{ClientCertificate: shown} }, kept},
		"none":                                  {"other", func(b *rules.Backend) { b.Protocol, b.TLS = rules.HTTPS, &rules.BackendTLS{SkipVerify: true} }, actedOn},
		"to the canary of the namespace itself": {"default", func(b *rules.Backend) { b.Protocol, b.TLS = rules.HTTPS, &rules.BackendTLS{ClientCertificate: shown} }, actedOn},
	} {
		main := nginxObject("main", 1, "x.io", "main /")
		test.show(&main.Hosts[0].Rules[0].Backends[0])
		next := inNamespace(test.namespace, canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Weight: 1}))
		_, reports := build(translate.Input{Objects: []*rules.Object{main, next}, Options: translate.Options{AllowSharedHosts: true}})
		if diff := cmp.Diff(test.want, acceptedMessage(t, reports, next.ID)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A canary's requests meet the policies of the main rule, which remember clients of all parts together, and are sent as
// the main rule's are.
func TestWhatACanaryHasOfTheMainRule(t *testing.T) {
	main := nginxObject("main", 1, "x.io", "main /")
	r := &main.Hosts[0].Rules[0]
	r.Policies, r.Retries = []policy.Policy{&policy.RateLimit{PerSecond: 1, Burst: 1}}, 2
	r.Backends[0].Protocol, r.Persistence = rules.H2C, &snapshot.Persistence{Name: "s"}
	next := canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Header: "c", Cookie: "C", Weight: 30})
	next.Hosts[0].Rules[0].Policies, next.Hosts[0].Rules[0].Retries = []policy.Policy{&policy.RateLimit{PerSecond: 9, Burst: 9}}, 9
	s, _ := build(translate.Input{Objects: []*rules.Object{next, main}})
	var got []string
	for _, r := range s.Hosts[0].Routes {
		line := fmt.Sprintf("%s %s canary %s retries %d session %s policies %d:", r.Conditions, r.Rule.Ingress, r.Canary, r.Retries, r.Persistence.Name, len(r.Policies))
		if !r.Policies[0].Equal(&policy.RateLimit{PerSecond: 1, Burst: 1}) {
			t.Errorf("a route has the policy %+v", r.Policies[0])
		}
		for _, b := range r.Backends {
			line += fmt.Sprintf(" %s %d", b.Pool, b.Weight)
		}
		got = append(got, line)
	}
	const like = ` default/main canary default/canary retries 2 session s policies 1: default/main:80/H2C %d default/next:80/H2C %d`
	if diff := cmp.Diff([]string{
		`header c is "always"` + fmt.Sprintf(like, 0, 1), `header c is "never"` + fmt.Sprintf(like, 1, 0),
		`cookie c is "always"` + fmt.Sprintf(like, 0, 1), `cookie c is "never"` + fmt.Sprintf(like, 1, 0),
		fmt.Sprintf(like, 70, 30),
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An object of our own kind may have a rule for the very requests that a canary decides about. It goes first.
func TestARuleWithConditionsGoesBeforeACanary(t *testing.T) {
	own := objectOf("own", 3, asking("own", "/", header("c", "always")))
	main := nginxObject("main", 1, "x.io", "main /")
	next := canary(nginxObject("canary", 2, "x.io", "next /"), rules.Canary{Header: "c"})
	x, _, reports := explainer(t, translate.Input{Objects: []*rules.Object{main, next, own}})
	for field, want := range map[string]string{"C: always": "own", "C: never": "main", "C: other": "main"} {
		if got := decided(t, x, "x.io/", field); got != want {
			t.Errorf("%s goes to %s, want %s", field, got, want)
		}
	}
	for _, id := range []string{"own", "main", "canary"} {
		if got := acceptedMessage(t, reports, "default/"+id); got != actedOn {
			t.Errorf("%s is told %s", id, got)
		}
	}
}

// explain says which Ingress made a path an expression, and which is the canary.
func TestExplainNamesTheOtherIngresses(t *testing.T) {
	x, _, _ := explainer(t, translate.Input{Objects: []*rules.Object{
		opening(nginxObject("opener", 1, "x.io", "a /a(/|$)(.*)")), nginxObject("other", 2, "x.io", "b /b"),
		canary(nginxObject("canary", 3, "x.io", "next /b"), rules.Canary{Weight: 1}),
	}})
	if got := decided(t, x, "x.io/B"); got != "b 99% next 1%" {
		t.Errorf("got %s", got)
	}
	text := explained(t, x, "http://x.io/B")
	for _, want := range []string{
		"paths of x.io are expressions without an end, in any case, because Ingress default/opener has use-regex or rewrite-target", "with canary default/canary",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q:\n%s", want, text)
		}
	}
	x, _, _ = explainer(t, translate.Input{Objects: []*rules.Object{nginxObject("every", 1, "", "every /z"), nginxObject("main", 2, "x.io", "main /main")}})
	text = explained(t, x, "http://x.io/z")
	for _, want := range []string{"matches, but for x.io no less specific host is asked", "those of less specific hosts are not asked"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q:\n%s", want, text)
		}
	}
}

// explain says why no expression matches.
func TestExplainSaysWhyNoExpressionMatches(t *testing.T) {
	x, _, _ := explainer(t, translate.Input{Objects: []*rules.Object{opening(nginxObject("opener", 1, "x.io", "a /a(/|$)(.*)"))}})
	text := explained(t, x, "http://x.io/x")
	for _, want := range []string{"the path does not begin with what the expression matches", "paths of x.io are expressions without an end"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text has no %q:\n%s", want, text)
		}
	}
}

// Ten thousand expressions of a host are served, as long as they are texts or few.
func TestManyExpressionsOfAHost(t *testing.T) {
	var objects []*rules.Object
	for i := range 1000 {
		var written []string
		for j := range 10 {
			written = append(written, fmt.Sprintf("s /app-%d/part-%d(/|$)(.*)", i, j))
		}
		objects = append(objects, opening(nginxObject(fmt.Sprint("texts-", i), i, "x.io", written...)))
	}
	for i := range 110 {
		var written []string
		for j := range 10 {
			written = append(written, fmt.Sprintf("m /match-%d/[0-9]+/%d", i, j))
		}
		objects = append(objects, nginxObject(fmt.Sprint("matching-", i), 1000+i, "x.io", written...))
	}
	x, s, reports := explainer(t, translate.Input{Objects: objects})
	if n := len(s.Hosts[0].Routes); n != 10_000+snapshot.MaxOpenExpressions {
		t.Errorf("%d routes", n)
	}
	for url, want := range map[string]string{
		"x.io/APP-999/part-9/x": "s", "x.io/app-999/part-99": "RouteNotFound", "x.io/match-99/7/9": "m", "x.io/match-100/7/9": "RouteNotFound",
	} {
		if got := decided(t, x, url); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
	if got := acceptedMessage(t, reports, "default/matching-100"); !strings.Contains(got, "a host has at most 1000 paths that are expressions, and older ones are as many") {
		t.Errorf("the first that is too many is told %s", got)
	}
}

// What a namespace has no room for is closed, with all that begins as it does, and nothing else is.
func TestAnOpenExpressionBeyondThoseOfANamespaceIsClosed(t *testing.T) {
	large := opening(nginxObject("large", 1, "x.io", "large /a/[0-9]+/b"))
	large.Hosts[0].Rules[0].Expressions[0].Size = rules.MaxNamespaceExpressions + 1
	x, _, reports := explainer(t, translate.Input{Objects: []*rules.Object{large, nginxObject("other", 2, "x.io", "other /a", "long /a/very/long/text/goes/first")}})
	for url, want := range map[string]string{"x.io/A/1": "closed", "x.io/a/x": "closed", "x.io/ab": "other", "x.io/a/very/long/text/goes/first": "long"} {
		if got := decided(t, x, url); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
	if got := acceptedMessage(t, reports, "default/large"); !strings.HasSuffix(got, "; all requests that it may be for answer 503; no path of it is served") {
		t.Errorf("told %s", got)
	}
}
