package proxy

import (
	"reflect"
	"slices"
	"testing"
)

// A route whose only policy compilePolicies does not look for would be served as if it had none.
func TestEveryPolicyIsCompiled(t *testing.T) {
	t.Parallel()
	others := []string{"Rule", "Path", "Match", "Pool", "Balancing", "Timeouts", "Retries"}
	for field := range reflect.TypeFor[Route]().Fields() {
		var r Route
		fill(t, reflect.ValueOf(&r).Elem().FieldByIndex(field.Index))
		if compiled := compilePolicies(&r, "a", newState(nil, nil)) != nil; compiled == slices.Contains(others, field.Name) {
			t.Errorf("a route with nothing but %s has policies: %t", field.Name, compiled)
		}
	}
}
