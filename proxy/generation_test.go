package proxy

import (
	"reflect"
	"testing"
)

// notPolicies are the fields of a Route that need no compiled policies, with why.
var notPolicies = map[string]string{
	"Rule":      "it names the route in logs",
	"Path":      "the router compares it",
	"Match":     "the router compares by it",
	"Pool":      "the route has the pool itself",
	"Balancing": "the route has it itself, since every request needs it",
	"Timeouts":  "the route has them itself, since every request needs them",
	"Retries":   "the route has them itself, since every request may need them",
}

// A route without compiled policies sends requests on untouched, so one with any policy must have them.
func TestEveryPolicyOfARouteIsCompiled(t *testing.T) {
	t.Parallel()
	state := testState()
	if compilePolicies(&Route{}, "host", state) != nil {
		t.Error("a route without a policy has compiled ones")
	}
	for i := range reflect.TypeFor[Route]().NumField() {
		field := reflect.TypeFor[Route]().Field(i)
		var r Route
		_, excepted := notPolicies[field.Name]
		eachLeaf(reflect.ValueOf(&r).Elem().Field(i), "Route."+field.Name, func(name string, leaf reflect.Value) {
			leaf.Set(otherThan(t, leaf))
			if got := compilePolicies(&r, "host", state) == nil; got != excepted {
				t.Errorf("a route with %s alone: without policies %v, want %v", name, got, excepted)
			}
			leaf.SetZero()
		})
	}
}
