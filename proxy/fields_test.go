package proxy

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
)

// fill sets every field below v to something that is not zero, and gives every list one element.
func fill(v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[netip.Prefix]():
		v.Set(reflect.ValueOf(netip.MustParsePrefix("192.0.2.0/24")))
		return
	case reflect.TypeFor[netip.AddrPort]():
		v.Set(reflect.ValueOf(netip.MustParseAddrPort("192.0.2.1:80")))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("a")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Float64:
		v.SetFloat(1)
	default:
		panic(fmt.Sprintf("a snapshot has a %s now: say here what it is filled with", v.Type()))
	}
}

// leaves calls f with the path of every value below v that has no fields, and with every list.
func leaves(v reflect.Value, path string, f func(path string, leaf reflect.Value)) {
	switch {
	case v.Type() == reflect.TypeFor[netip.Prefix](), v.Type() == reflect.TypeFor[netip.AddrPort]():
		f(path, v)
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), path+"."+v.Type().Field(i).Name, f)
		}
	case v.Kind() == reflect.Slice:
		f(path, v)
		for i := range v.Len() {
			leaves(v.Index(i), path, f)
		}
	default:
		f(path, v)
	}
}

func filledSnapshot() *Snapshot {
	var s Snapshot
	fill(reflect.ValueOf(&s).Elem())
	return &s
}

// A field that Equal forgets has Apply drop a change of it alone.
func TestEveryFieldCountsInEqual(t *testing.T) {
	t.Parallel()
	// What a proxy has found out by itself is not undone by what another one knew.
	exceptions := []string{".Checks.Before"}
	if !filledSnapshot().Equal(filledSnapshot()) {
		t.Fatal("two snapshots that are alike are not equal")
	}
	var paths []string
	leaves(reflect.ValueOf(filledSnapshot()).Elem(), "", func(path string, _ reflect.Value) { paths = append(paths, path) })
	for n, path := range paths {
		changed, i := filledSnapshot(), 0
		leaves(reflect.ValueOf(changed).Elem(), "", func(_ string, leaf reflect.Value) {
			if i == n {
				leaf.SetZero()
			}
			i++
		})
		if equal := filledSnapshot().Equal(changed); equal != slices.Contains(exceptions, path) {
			t.Errorf("a snapshot without its %s is equal: %t", path, equal)
		}
	}
}

// A route whose only policy is not looked for here would be served as if it had none.
func TestEveryPolicyIsCompiled(t *testing.T) {
	t.Parallel()
	others := []string{"Rule", "Path", "Match", "Pool", "Balancing", "Timeouts", "Retries"}
	for field := range reflect.TypeFor[Route]().Fields() {
		var r Route
		fill(reflect.ValueOf(&r).Elem().FieldByIndex(field.Index))
		if compiled := compilePolicies(&r, "a", newState(nil, nil)) != nil; compiled == slices.Contains(others, field.Name) {
			t.Errorf("a route with nothing but %s has policies: %t", field.Name, compiled)
		}
	}
}
