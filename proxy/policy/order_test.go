// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"reflect"
	"strings"
	"testing"
)

// This package tells policies apart by their types, and everything else by their names.
func TestEachPolicyHasOneNameAndOnePlace(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for i, p := range Order {
		if name := p.Name(); name == "" || names[name] {
			t.Errorf("%T has the name %q, as another one has, or none", p, name)
		}
		names[p.Name()] = true
		made := reflect.New(reflect.TypeOf(p).Elem()).Interface().(Policy)
		if made.Name() != p.Name() || Place(made) != i {
			t.Errorf("a %T has the name %q and the place %d, want %q and %d", made, made.Name(), Place(made), p.Name(), i)
		}
	}
}

// A snapshot that nobody has inspected is compared with one that is served.
func TestAPolicyEqualsNothingOfAnotherTypeAndNoNil(t *testing.T) {
	t.Parallel()
	for _, p := range Order {
		made := reflect.New(reflect.TypeOf(p).Elem()).Interface().(Policy)
		if !made.Equal(reflect.New(reflect.TypeOf(p).Elem()).Interface().(Policy)) {
			t.Errorf("two empty %s are not equal", p.Name())
		}
		if made.Equal(p) || made.Equal(nil) {
			t.Errorf("an empty %s equals a nil one", p.Name())
		}
		for _, other := range Order {
			if o := reflect.New(reflect.TypeOf(other).Elem()).Interface().(Policy); other != p && made.Equal(o) {
				t.Errorf("%s equals %s", p.Name(), other.Name())
			}
		}
	}
}

func TestInspectHoldsListsToTheOrder(t *testing.T) {
	t.Parallel()
	access, limit, rewrite := new(Access), new(RateLimit), new(Rewrite)
	for name, test := range map[string]struct {
		policies []Policy
		want     string
	}{
		"none":            {nil, ""},
		"some":            {[]Policy{access, rewrite}, ""},
		"out of order":    {[]Policy{access, rewrite, limit}, `policies are not in their order: "rate-limit" follows "rewrite"`},
		"twice":           {[]Policy{access, limit, new(RateLimit)}, `policy "rate-limit" occurs twice`},
		"nil":             {[]Policy{nil}, "there is no policy of type <nil>"},
		"a nil pointer":   {[]Policy{(*Access)(nil)}, `policy "access-control" is nil`},
		"of another type": {[]Policy{struct{ Policy }{access}}, "there is no policy of type struct"},
	} {
		err := Inspect(test.policies)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
