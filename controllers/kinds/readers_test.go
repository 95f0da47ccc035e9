// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"reflect"
	"slices"
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

func TestEveryAnnotationIsToldOfWhereOneDoesNotExist(t *testing.T) {
	want := "there is no such annotation: write access-control, rate-limit, headers, rewrite, load-balancing, timeouts, " +
		"retries, backend-protocol, backend-tls, redirect-http, auto-ssl, email or ignore-annotations"
	if got := new(asked).read("allowed-ips", ""); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A policy that is read but not applied would silently leave a route open.
func TestEveryPolicyChangesTheRule(t *testing.T) {
	policies := 0
	for _, r := range readers {
		if (r.asks == nil) != (r.read == nil) || (r.set == nil) == (r.annotate == nil) {
			t.Errorf("%s has one of two functions that belong together, or both of two that do not", r.name)
		}
		if r.asks == nil {
			continue
		}
		policies++
		var path v1alpha1.IngressPath
		if fault := r.annotate(&path, r.example, r.example); fault != "" || !r.asks(&path) {
			t.Errorf("%s: the example is not taken: %s", r.name, fault)
			continue
		}
		read, fault := new(ruleReader).readPolicies(&path)
		if fault != "" || read == nil {
			t.Errorf("%s: the example is not read: %s", r.name, fault)
			continue
		}
		var rule rules.Rule
		if read.apply(&rule); reflect.ValueOf(rule).IsZero() {
			t.Errorf("%s does not change the rule", r.name)
		}
	}
	if policies < 5 {
		t.Errorf("only %d policies were tried", policies)
	}
}

// If a policy may keep clients out and is not known to, a path with it that cannot be read stays open.
func TestWhichPoliciesMayKeepClientsOut(t *testing.T) {
	var open []string
	for _, r := range readers {
		if r.asks == nil {
			continue
		}
		var path v1alpha1.IngressPath
		if fault := r.annotate(&path, r.example, r.example); fault != "" {
			t.Fatalf("%s: the example is not taken: %s", r.name, fault)
		}
		if !guarded(&path) {
			open = append(open, r.name)
		}
	}
	if want := []string{"rewrite", "load-balancing"}; !slices.Equal(open, want) {
		t.Errorf("%q keep nobody out, want %q", open, want)
	}
}

// The data plane's name of a policy is the users' name for it, and each policy has a reader.
func TestEveryPolicyHasAReaderOfItsName(t *testing.T) {
	for _, like := range policy.Order {
		i := slices.IndexFunc(readers, func(r reader) bool { return r.name == like.Name() })
		if i < 0 {
			t.Errorf("nothing reads %s", like.Name())
			continue
		}
		var path v1alpha1.IngressPath
		r := readers[i]
		if fault := r.annotate(&path, r.example, r.example); fault != "" {
			t.Errorf("%s: the example is not taken: %s", r.name, fault)
			continue
		}
		read, fault := new(ruleReader).readPolicies(&path)
		if fault != "" || len(read.list) != 1 || reflect.TypeOf(read.list[0]) != reflect.TypeOf(like) {
			t.Errorf("%s is read as %v (%s), want a %T", r.name, read, fault, like)
		}
	}
}

// Readers are in an order for users, and a route's policies in their own.
func TestPoliciesAreInTheirOrderHoweverTheyAreRead(t *testing.T) {
	var want []policy.Policy
	for _, p := range policy.Order {
		want = append(want, reflect.New(reflect.TypeOf(p).Elem()).Interface().(policy.Policy))
	}
	for first := range want {
		var read policies
		for i := range want {
			read.add(want[(first+i)%len(want)], "")
		}
		if err := policy.Inspect(read.list); err != nil || len(read.list) != len(want) {
			t.Errorf("from %s on: %d policies: %v", want[first].Name(), len(read.list), err)
		}
	}
}
