// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// built is what Build returns.
type built struct {
	Snapshot *snapshot.Snapshot
	Reports  []translate.Report
}

// golden writes what Build returns for people: one line for each route, endpoint, certificate and condition. It uses
// reflection, so that new fields show by themselves. It leaves out fields that are zero.
func golden(snapshot *snapshot.Snapshot, reports []translate.Report) string {
	lines := append(goldenLines(reflect.ValueOf(*snapshot)), goldenLines(reflect.ValueOf(built{Reports: reports}))...)
	return strings.Join(lines, "\n") + "\n"
}

// goldenLines writes a struct that has lists of structs as one line for each field, with the lists below it. It writes
// any other value as one line, and also a route without a list of backends, as nearly all routes are.
func goldenLines(v reflect.Value) (lines []string) {
	route, isRoute := v.Interface().(snapshot.Route)
	if !hasLists(v.Type()) || isRoute && len(route.Backends) == 0 {
		return []string{goldenLine(v)}
	}
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		switch {
		case saysNothing(field):
		case !isList(field.Type()):
			lines = append(lines, name+": "+goldenLine(field))
		default:
			lines = append(lines, name+":")
			for n := range field.Len() {
				mark := "- "
				for _, line := range goldenLines(field.Index(n)) {
					lines = append(lines, mark+line)
					mark = "  "
				}
			}
		}
	}
	if len(lines) == 0 {
		return []string{"{}"}
	}
	return lines
}

func goldenLine(v reflect.Value) string {
	if text, ok := v.Interface().(fmt.Stringer); ok {
		return text.String()
	}
	var parts []string
	switch v.Kind() {
	case reflect.Interface:
		return v.Interface().(policy.Policy).Name() + " " + goldenLine(v.Elem().Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if !saysNothing(v.Field(i)) {
				parts = append(parts, v.Type().Field(i).Name+": "+goldenLine(v.Field(i)))
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Pointer:
		return goldenLine(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			parts = append(parts, goldenLine(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.String:
		return strconv.Quote(v.String())
	}
	return fmt.Sprint(v.Interface())
}

// saysNothing says whether a field is left out. A list without items means the same as none.
func saysNothing(v reflect.Value) bool {
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

func isList(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && !isOpaque(t.Elem())
}

func hasLists(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if isList(t.Field(i).Type) {
			return true
		}
	}
	return false
}

// opaque are the structs that are one value, each with two samples.
var opaque = map[reflect.Type][2]any{
	reflect.TypeFor[netip.AddrPort](): {netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("10.0.0.1:81")},
	reflect.TypeFor[netip.Prefix]():   {netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/9")},
	reflect.TypeFor[metav1.Time]():    {metav1.NewTime(time.Unix(1, 0)), metav1.NewTime(time.Unix(2, 0))},
}

func isOpaque(t reflect.Type) bool {
	_, ok := opaque[t]
	return ok
}

// A field that the goldens do not show could go wrong without any of them failing.
func TestEveryFieldShowsInGoldens(t *testing.T) {
	b := built{Snapshot: new(snapshot.Snapshot)}
	fill(t, reflect.ValueOf(b.Snapshot).Elem())
	fill(t, reflect.ValueOf(&b.Reports).Elem())
	before := golden(b.Snapshot, b.Reports)
	leaves := 0
	show := func(path string, leaf, other reflect.Value) {
		leaves++
		kept := reflect.New(leaf.Type()).Elem()
		kept.Set(leaf)
		leaf.Set(other)
		if golden(b.Snapshot, b.Reports) == before {
			t.Errorf("%s does not show: it was %v and is %v in the same text", path, kept, leaf)
		}
		leaf.Set(kept)
	}
	eachLeaf(t, "Snapshot", reflect.ValueOf(b.Snapshot).Elem(), show)
	eachLeaf(t, "Reports", reflect.ValueOf(&b.Reports).Elem(), show)
	if leaves < 100 {
		t.Errorf("only %d fields were tried", leaves)
	}
	if after := golden(b.Snapshot, b.Reports); after != before {
		t.Errorf("the text is another one at the end:\n%s\nin place of\n%s", after, before)
	}
}

// fill gives every field of a value something that is not zero, and every list one item.
func fill(t *testing.T, v reflect.Value) {
	t.Helper()
	switch {
	case isOpaque(v.Type()):
		v.Set(reflect.ValueOf(opaque[v.Type()][0]))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i))
		}
	case v.Type() == reflect.TypeFor[[]policy.Policy]():
		for _, like := range policy.Order {
			p := reflect.New(reflect.TypeOf(like).Elem())
			fill(t, p.Elem())
			v.Set(reflect.Append(v, p))
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem())
	default:
		v.Set(sample(t, v.Type(), 1))
	}
}

// eachLeaf calls show with each value without parts of a filled one, and with another value to put in its place. It
// also calls it with each list and each pointer, and with nil.
func eachLeaf(t *testing.T, path string, v reflect.Value, show func(path string, leaf, other reflect.Value)) {
	t.Helper()
	switch {
	case isOpaque(v.Type()):
		show(path, v, reflect.ValueOf(opaque[v.Type()][1]))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			eachLeaf(t, path+"."+v.Type().Field(i).Name, v.Field(i), show)
		}
	case v.Kind() == reflect.Slice:
		show(path, v, reflect.Zero(v.Type()))
		for i := range v.Len() {
			eachLeaf(t, path+"["+strconv.Itoa(i)+"]", v.Index(i), show)
		}
	case v.Kind() == reflect.Interface:
		eachLeaf(t, path, v.Elem().Elem(), show)
	case v.Kind() == reflect.Pointer:
		show(path, v, reflect.Zero(v.Type()))
		eachLeaf(t, path, v.Elem(), show)
	case v.Kind() == reflect.Bool:
		show(path, v, reflect.Zero(v.Type()))
	default:
		show(path, v, sample(t, v.Type(), 2))
	}
}

func sample(t *testing.T, of reflect.Type, n int) reflect.Value {
	t.Helper()
	v := reflect.New(of).Elem()
	switch {
	case of.Kind() == reflect.String:
		v.SetString(strconv.Itoa(n))
	case of.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanInt():
		v.SetInt(int64(n))
	case v.CanUint():
		v.SetUint(uint64(n))
	case v.CanFloat():
		v.SetFloat(float64(n))
	default:
		t.Fatalf("there is no sample of %v: add it to opaque, or its kind here", of)
	}
	return v
}
