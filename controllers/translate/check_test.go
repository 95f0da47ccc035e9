// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestWhatIsProbedOfATask(t *testing.T) {
	by := func(h v1alpha1.HealthCheck) func(*v1alpha1.Task) {
		return func(t *v1alpha1.Task) { t.Spec.HealthCheck = &h }
	}
	reported := func(reason string) func(*v1alpha1.Task) {
		return func(t *v1alpha1.Task) {
			t.Status.Health = v1alpha1.HealthUnhealthy
			t.Status.Conditions = []metav1.Condition{{Type: "Healthy", Reason: reason, ObservedGeneration: t.Generation}}
		}
	}
	check := func(change func(*snapshot.Check)) []snapshot.Check {
		c := snapshot.Check{ID: "task/default/a", Namespace: "default", Address: netip.MustParseAddrPort("10.0.0.1:80"), Path: "/", Expected: []snapshot.StatusRange{{First: 200, Last: 399}},
			Interval: 10 * time.Second, Timeout: time.Second, HealthyThreshold: 1, UnhealthyThreshold: 3}
		change(&c)
		return []snapshot.Check{c}
	}
	for name, test := range map[string]struct {
		changes []func(*v1alpha1.Task)
		want    []snapshot.Check
	}{
		"nothing without a check": {nil, nil},
		"what the defaults say":   {[]func(*v1alpha1.Task){by(v1alpha1.HealthCheck{Port: 80})}, check(func(*snapshot.Check) {})},
		"the first port's target": {[]func(*v1alpha1.Task){listens(80, 32001), by(v1alpha1.HealthCheck{})},
			check(func(c *snapshot.Check) { c.Address = netip.MustParseAddrPort("10.0.0.1:32001") })},
		"a connection": {[]func(*v1alpha1.Task){by(v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckTCP})},
			check(func(c *snapshot.Check) { c.Path, c.Expected = "", nil })},
		"gRPC's health protocol": {[]func(*v1alpha1.Task){by(v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckGRPC})},
			check(func(c *snapshot.Check) { c.Path, c.Expected, c.GRPC = "", nil, true })},
		"gRPC's health protocol for a service, over TLS": {
			[]func(*v1alpha1.Task){by(v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckGRPCS, Service: "shop.v1.Orders"})},
			check(func(c *snapshot.Check) {
				c.Path, c.Expected, c.GRPC, c.Service, c.TLS, c.ServerName = "", nil, true, "shop.v1.Orders", true, "api.default.svc"
			})},
		"a path and statuses": {[]func(*v1alpha1.Task){by(v1alpha1.HealthCheck{Port: 80, Path: "/health",
			ExpectedStatuses: []v1alpha1.StatusRange{"204", "400-404"}})},
			check(func(c *snapshot.Check) {
				c.Path, c.Expected = "/health", []snapshot.StatusRange{{First: 204, Last: 204}, {First: 400, Last: 404}}
			})},
		"from what was known": {[]func(*v1alpha1.Task){by(v1alpha1.HealthCheck{Port: 80}), reported("ProbeFailed")},
			check(func(c *snapshot.Check) { c.Before = snapshot.Unhealthy })},
		"a port that is not listed": {[]func(*v1alpha1.Task){listens(80, 32001), by(v1alpha1.HealthCheck{Port: 81})}, nil},
		"nothing of a former check": {[]func(*v1alpha1.Task){reported("ProbeFailed")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			task := newTask("default", "a", "api", "10.0.0.1", test.changes...)
			snapshot, _ := build(translate.Input{
				Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "i", 1, newRule("x.io", prefix("/", "api")))}),
				Tasks:   []*v1alpha1.Task{task},
			})
			if diff := cmp.Diff(test.want, snapshot.Checks, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, e := range snapshot.Pools[0].Endpoints {
				if e.Unhealthy || e.Checked != (test.want != nil) {
					t.Errorf("the endpoint is %+v", e)
				}
			}
		})
	}
}

func TestATaskIsProbedInHTTP2WhereNoRuleSendsItAnythingElse(t *testing.T) {
	task := newTask("default", "a", "api", "10.0.0.1", listens(80, 8080), listens(90, 9090), func(t *v1alpha1.Task) {
		t.Spec.HealthCheck = &v1alpha1.HealthCheck{Port: 90}
	})
	to := func(port v1alpha1.Port, protocol v1alpha1.Protocol) func(*v1alpha1.IngressPath) {
		return func(p *v1alpha1.IngressPath) { p.Backend.Port, p.Backend.Protocol = port, protocol }
	}
	for name, test := range map[string]struct {
		paths []func(*v1alpha1.IngressPath)
		want  bool
	}{
		"H2C":                       {[]func(*v1alpha1.IngressPath){to(90, v1alpha1.ProtocolH2C)}, true},
		"H2C, and HTTP elsewhere":   {[]func(*v1alpha1.IngressPath){to(90, v1alpha1.ProtocolH2C), to(80, v1alpha1.ProtocolHTTP)}, true},
		"H2C and HTTP":              {[]func(*v1alpha1.IngressPath){to(90, v1alpha1.ProtocolH2C), to(90, v1alpha1.ProtocolHTTP)}, false},
		"HTTP":                      {[]func(*v1alpha1.IngressPath){to(90, v1alpha1.ProtocolHTTP)}, false},
		"H2C at another port alone": {[]func(*v1alpha1.IngressPath){to(80, v1alpha1.ProtocolH2C)}, false},
	} {
		rule := newRule("x.io")
		for i, change := range test.paths {
			path := prefix(fmt.Sprintf("/%d", i), "api")
			change(&path)
			rule.Paths = append(rule.Paths, path)
		}
		snapshot, _ := build(translate.Input{
			Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "i", 1, rule)}), Tasks: []*v1alpha1.Task{task},
		})
		if len(snapshot.Checks) != 1 || snapshot.Checks[0].H2C != test.want {
			t.Errorf("%s: the checks are %+v, want one with H2C %t", name, snapshot.Checks, test.want)
		}
	}
}

func TestATaskThatNoRuleReachesIsNotProbed(t *testing.T) {
	snapshot, _ := build(translate.Input{Tasks: []*v1alpha1.Task{
		newTask("default", "a", "api", "10.0.0.1", func(t *v1alpha1.Task) { t.Spec.HealthCheck = &v1alpha1.HealthCheck{Port: 80} })}})
	if len(snapshot.Checks) != 0 {
		t.Errorf("the checks are %+v", snapshot.Checks)
	}
}

// An older Task may be beyond the bounds. It is probed within them, and is told.
func TestAHealthCheckIsHeldToItsBounds(t *testing.T) {
	lasts := func(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }
	for name, test := range map[string]struct {
		check             v1alpha1.HealthCheck
		interval, timeout time.Duration
		reason, message   string
	}{
		"within them": {v1alpha1.HealthCheck{Port: 80, Interval: lasts(time.Second), Timeout: lasts(time.Second)}, time.Second, time.Second,
			"Accepted", "everything in the object is acted on"},
		"too often": {v1alpha1.HealthCheck{Port: 80, Interval: lasts(100 * time.Millisecond), Timeout: lasts(50 * time.Millisecond)}, time.Second, 50 * time.Millisecond,
			"HealthCheckBounded", "everything in the object is acted on; of healthCheck, interval 100ms is taken for 1s: write that or more"},
		"too long": {v1alpha1.HealthCheck{Port: 80, Interval: lasts(24 * time.Hour), Timeout: lasts(24 * time.Hour)}, 24 * time.Hour, time.Minute,
			"HealthCheckBounded", "everything in the object is acted on; of healthCheck, timeout 24h0m0s is taken for 60s: write that or less"},
	} {
		t.Run(name, func(t *testing.T) {
			task := newTask("default", "a", "api", "10.0.0.1", func(t *v1alpha1.Task) { t.Spec.HealthCheck = &test.check })
			snapshot, reports := build(translate.Input{
				Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "i", 1, newRule("x.io", prefix("/", "api")))}), Tasks: []*v1alpha1.Task{task},
			})
			if len(snapshot.Checks) != 1 || snapshot.Checks[0].Interval != test.interval || snapshot.Checks[0].Timeout != test.timeout {
				t.Errorf("the checks are %+v", snapshot.Checks)
			}
			c := conditionOf(t, reports, "Task", "default/a", v1alpha1.ConditionAccepted)
			if diff := cmp.Diff(accepted{metav1.ConditionTrue, test.reason, test.message}, accepted{c.Status, c.Reason, c.Message}); diff != "" {
				t.Errorf("Accepted (-want +got):\n%s", diff)
			}
		})
	}
}

// A server with several hosts answers a connection without a name with an alert, or with 421.
func TestAProbeOverTLSSendsTheNameThatRequestsDo(t *testing.T) {
	over := func(serverName string) func(*v1alpha1.IngressPath) {
		return func(p *v1alpha1.IngressPath) {
			p.Backend.Protocol = v1alpha1.ProtocolHTTPS
			if serverName != "" {
				p.Backend.TLS = &v1alpha1.BackendTLS{ServerName: v1alpha1.BackendServerName(serverName)}
			}
		}
	}
	follow := func(p *v1alpha1.IngressPath) {
		p.Backend.Protocol, p.Backend.TLS = v1alpha1.ProtocolHTTPS, &v1alpha1.BackendTLS{ServerNameFromRequest: true}
	}
	for name, test := range map[string]struct {
		check v1alpha1.HealthCheck
		paths []func(*v1alpha1.IngressPath)
		want  string
	}{
		"the first exact host":       {v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckHTTPS}, []func(*v1alpha1.IngressPath){follow}, "w.io"},
		"the first host or name":     {v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckHTTPS}, []func(*v1alpha1.IngressPath){follow, over("z.io")}, "w.io"},
		"that of the rule":           {v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckHTTPS}, []func(*v1alpha1.IngressPath){over("app.example.com")}, "app.example.com"},
		"the default":                {v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckHTTPS}, []func(*v1alpha1.IngressPath){over("")}, "api.default.svc"},
		"the first of several":       {v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckGRPCS}, []func(*v1alpha1.IngressPath){over("b.example.com"), over("a.example.com")}, "a.example.com"},
		"no address":                 {v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckHTTPS}, []func(*v1alpha1.IngressPath){over("10.0.0.1")}, ""},
		"where no rule speaks HTTPS": {v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckHTTPS}, []func(*v1alpha1.IngressPath){func(*v1alpha1.IngressPath) {}}, "api.default.svc"},
		"none without TLS":           {v1alpha1.HealthCheck{Port: 80}, []func(*v1alpha1.IngressPath){over("app.example.com")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var paths []v1alpha1.IngressPath
			for i, change := range test.paths {
				path := prefix(fmt.Sprintf("/%d", i), "api")
				change(&path)
				paths = append(paths, path)
			}
			snapshot, _ := build(translate.Input{
				Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "i", 1,
					newRule("", paths...), newRule("*.a.io", paths...), newRule("x.io", paths...), newRule("w.io", paths...))}),
				Tasks: []*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.1", func(t *v1alpha1.Task) { t.Spec.HealthCheck = &test.check })},
			})
			if len(snapshot.Checks) != 1 || snapshot.Checks[0].ServerName != test.want {
				t.Errorf("the checks are %+v, want one with the name %q", snapshot.Checks, test.want)
			}
		})
	}
}

// A check of an appliance would find it Unhealthy for what requests get on with.
func TestAProbeAllowsTheObsoleteTLSThatRequestsMayUse(t *testing.T) {
	strict, lax := prefix("/strict", "api"), prefix("/lax", "api")
	strict.Backend.Protocol, lax.Backend.Protocol = v1alpha1.ProtocolHTTPS, v1alpha1.ProtocolHTTPS
	lax.Backend.TLS = &v1alpha1.BackendTLS{AllowObsolete: true}
	for _, test := range []struct {
		kind  v1alpha1.HealthCheckType
		paths []v1alpha1.IngressPath
		want  bool
	}{
		{v1alpha1.HealthCheckHTTPS, []v1alpha1.IngressPath{strict}, false},
		{v1alpha1.HealthCheckHTTPS, []v1alpha1.IngressPath{strict, lax}, true},
		{v1alpha1.HealthCheckHTTP, []v1alpha1.IngressPath{strict, lax}, false},
	} {
		snapshot, _ := build(translate.Input{
			Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "i", 1, newRule("x.io", test.paths...))}),
			Tasks: []*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.1", func(t *v1alpha1.Task) {
				t.Spec.HealthCheck = &v1alpha1.HealthCheck{Port: 80, Type: test.kind}
			})},
		})
		if len(snapshot.Checks) != 1 || snapshot.Checks[0].Obsolete != test.want {
			t.Errorf("%s with %d paths: the checks are %+v, want obsolete TLS to be allowed: %t", test.kind, len(test.paths), snapshot.Checks, test.want)
		}
	}
}

// Nobody knows the names that clients will ask for by a wildcard.
func TestAProbeWhoseRulesNameNoHostSendsTheDefault(t *testing.T) {
	path := prefix("/", "api")
	path.Backend.Protocol, path.Backend.TLS = v1alpha1.ProtocolHTTPS, &v1alpha1.BackendTLS{ServerNameFromRequest: true}
	snapshot, _ := build(translate.Input{
		Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "i", 1, newRule("", path), newRule("*.a.io", path))}),
		Tasks: []*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.1", func(t *v1alpha1.Task) {
			t.Spec.HealthCheck = &v1alpha1.HealthCheck{Port: 80, Type: v1alpha1.HealthCheckHTTPS}
		})},
	})
	if len(snapshot.Checks) != 1 || snapshot.Checks[0].ServerName != "api.default.svc" {
		t.Errorf("the checks are %+v, want one with the default name", snapshot.Checks)
	}
}

func TestABackendOfWhichEveryTaskFailsItsCheckIsNotResolved(t *testing.T) {
	failing := func(t *v1alpha1.Task) {
		t.Spec.HealthCheck = &v1alpha1.HealthCheck{Port: 80}
		t.Status.Conditions = []metav1.Condition{{Type: "Healthy", Reason: v1alpha1.ReasonProbeFailed, ObservedGeneration: t.Generation}}
	}
	down := newTask("default", "a", "api", "10.0.0.1", failing)
	up := newTask("default", "b", "api", "10.0.0.2")
	for name, test := range map[string]struct {
		tasks  []*v1alpha1.Task
		reason string
	}{
		"one of one":                   {[]*v1alpha1.Task{down}, v1alpha1.ReasonNoEndpoints},
		"one of two":                   {[]*v1alpha1.Task{down, up}, v1alpha1.ReasonResolvedRefs},
		"what a former check has said": {[]*v1alpha1.Task{newTask("default", "a", "api", "10.0.0.1", failing, func(t *v1alpha1.Task) { t.Generation++ })}, v1alpha1.ReasonResolvedRefs},
	} {
		snapshot, reports := build(translate.Input{
			Objects: asRules([]*v1alpha1.Ingress{newIngress("default", "i", 1, newRule("x.io", prefix("/", "api")))}), Tasks: test.tasks,
		})
		for i := range reports {
			refs := meta.FindStatusCondition(reports[i].Conditions, v1alpha1.ConditionResolvedRefs)
			if refs != nil && (refs.Reason != test.reason || (refs.Reason == v1alpha1.ReasonNoEndpoints) != strings.Contains(refs.Message, "health check of every Task")) {
				t.Errorf("%s: %s: %s, want %s", name, refs.Reason, refs.Message, test.reason)
			}
		}
		// What serves knows better than a status.
		if pool := snapshot.Pools[0]; len(pool.Endpoints) != len(test.tasks) || pool.Why != "" {
			t.Errorf("%s: the pool is %+v", name, pool)
		}
	}
}

// A namespace can have a Task at an address of another one's, and rules for it.
func TestAnotherNamespaceDoesNotDecideHowATaskIsProbed(t *testing.T) {
	over := func(tls *v1alpha1.BackendTLS) v1alpha1.IngressPath {
		path := prefix("/", "api")
		path.Backend.Protocol, path.Backend.TLS = v1alpha1.ProtocolHTTPS, tls
		return path
	}
	h2c := prefix("/h2c", "api")
	h2c.Backend.Port, h2c.Backend.Protocol = 90, v1alpha1.ProtocolH2C
	plain := prefix("/plain", "api")
	plain.Backend.Port = 90
	for _, test := range []struct {
		port  v1alpha1.Port
		kind  v1alpha1.HealthCheckType
		own   v1alpha1.IngressPath
		other v1alpha1.IngressPath
	}{
		{80, v1alpha1.HealthCheckHTTPS, over(&v1alpha1.BackendTLS{ServerName: "own.example.com"}),
			over(&v1alpha1.BackendTLS{ServerNameFromRequest: true, AllowObsolete: true})},
		{90, v1alpha1.HealthCheckHTTP, h2c, plain},
	} {
		var checks [2]snapshot.Check
		for i, others := range [][]*v1alpha1.Ingress{nil, {newIngress("other", "i", 2, newRule("a.io", test.other))}} {
			checked := newTask("default", "a", "api", "10.0.0.1", listens(80, 8443), listens(90, 9090), func(t *v1alpha1.Task) {
				t.Spec.HealthCheck = &v1alpha1.HealthCheck{Port: test.port, Type: test.kind}
			})
			built, _ := build(translate.Input{
				Objects: asRules(append(others, newIngress("default", "i", 1, newRule("x.io", test.own)))),
				Tasks:   []*v1alpha1.Task{checked, newTask("other", "b", "api", "10.0.0.1", listens(80, 8443), listens(90, 9090))},
			})
			if len(built.Checks) != 1 {
				t.Fatalf("the checks are %+v, want one", built.Checks)
			}
			checks[i] = built.Checks[0]
		}
		if !checks[0].Equal(checks[1]) {
			t.Errorf("the check is %+v, and with another namespace's rule %+v", checks[0], checks[1])
		}
	}
}
