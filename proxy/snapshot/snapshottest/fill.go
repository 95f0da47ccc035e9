// SPDX-License-Identifier: Apache-2.0

// Package snapshottest fills snapshots and policies by reflection, so that a test covers fields that were added after
// it was written.
package snapshottest

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/warren-dev/ingress/proxy/policy"
)

// Fill gives everything below v a value other than its zero value. A list gets one element. A list of policies gets one
// of each.
func Fill(tb testing.TB, v reflect.Value) {
	tb.Helper()
	switch {
	case v.Type() == reflect.TypeFor[[]policy.Policy]():
		for _, p := range policy.Order {
			v.Set(reflect.Append(v, FilledPolicy(tb, p)))
		}
	case isLeaf(v):
		v.Set(OtherThan(tb, v))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			Fill(tb, v.Field(i))
		}
	default:
		tb.Fatalf("this test does not know how to fill a %v: teach it", v.Type())
	}
}

// FilledPolicy returns a pointer to a policy of the type of like. All its fields are filled.
func FilledPolicy(tb testing.TB, like policy.Policy) reflect.Value {
	tb.Helper()
	p := reflect.New(reflect.TypeOf(like).Elem())
	Fill(tb, p.Elem())
	return p
}

// EachLeaf calls visit with each value below v that has no fields. The name that it gives is that of the struct type
// and of the field, such as "Host.Name". It visits a list or a pointer as a whole first, and then its elements or what
// it points to.
func EachLeaf(v reflect.Value, name string, visit func(name string, leaf reflect.Value)) {
	if isLeaf(v) {
		visit(name, v)
	}
	switch {
	case v.Kind() == reflect.Interface:
		EachLeaf(v.Elem().Elem(), name, visit)
	case v.Kind() == reflect.Pointer && !v.IsNil():
		EachLeaf(v.Elem(), name, visit)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			EachLeaf(v.Index(i), name, visit)
		}
	case !isLeaf(v):
		for i := range v.NumField() {
			EachLeaf(v.Field(i), v.Type().Name()+"."+v.Type().Field(i).Name, visit)
		}
	}
}

// isLeaf says whether a value is changed as a whole. An address is, because its fields belong to its package. An
// interface is not, because it holds a policy, which has fields.
func isLeaf(v reflect.Value) bool {
	return v.Kind() != reflect.Struct && v.Kind() != reflect.Interface || v.Type().PkgPath() == "net/netip"
}

// OtherThan returns a value of the type of v that differs from v. If v is not the zero value, it returns the zero
// value: a list with elements becomes empty, and a pointer becomes nil.
func OtherThan(tb testing.TB, v reflect.Value) reflect.Value {
	tb.Helper()
	other := reflect.New(v.Type()).Elem()
	if !v.IsZero() {
		return other
	}
	switch one := other.Addr().Interface().(type) {
	case *netip.AddrPort:
		*one = netip.MustParseAddrPort("192.0.2.1:80")
		return other
	case *netip.Prefix:
		*one = netip.MustParsePrefix("192.0.2.0/24")
		return other
	}
	switch {
	case v.Kind() == reflect.Slice:
		other.Set(reflect.MakeSlice(v.Type(), 1, 1))
		Fill(tb, other.Index(0))
	case v.Kind() == reflect.Pointer:
		other.Set(reflect.New(v.Type().Elem()))
		Fill(tb, other.Elem())
	case v.Kind() == reflect.String:
		other.SetString("other")
	case v.Kind() == reflect.Bool:
		other.SetBool(true)
	case v.CanInt():
		other.SetInt(1)
	case v.CanUint():
		other.SetUint(1)
	case v.CanFloat():
		other.SetFloat(1)
	default:
		tb.Fatalf("this test does not know another %v: teach it", v.Type())
	}
	return other
}
