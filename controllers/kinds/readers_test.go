// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

var update = flag.Bool("update", false, "give each policy without one a row in the table of docs/standard-ingress.md")

// annotationRow is a row of the table in docs/standard-ingress.md.
var annotationRow = regexp.MustCompile("(?m)^\\| `ingress.warren.dev/([a-z-]+)` \\| .+ \\|$")

// The table of annotations in docs/standard-ingress.md has a row for each, in the order in which they are listed for
// people. Run the test with -update to give a new policy its row.
func TestEveryAnnotationIsDocumentedAndToldOfWhereOneDoesNotExist(t *testing.T) {
	const page = "../../docs/standard-ingress.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		text = withRowsOfPolicies(text)
		if err := os.WriteFile(page, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for _, row := range annotationRow.FindAllSubmatch(text, -1) {
		names = append(names, string(row[1]))
	}
	if len(names) < 2 {
		t.Fatalf("%s has no table of annotations", page)
	}
	last := len(names) - 1
	want := "there is no such annotation: write " + strings.Join(names[:last], ", ") + " or " + names[last]
	if got := new(asked).read("allowed-ips", ""); got != want {
		t.Errorf("got  %s\nwant %s, as %s has it: run go test ./controllers/kinds -update to give a policy its row", got, want, page)
	}
}

// withRowsOfPolicies puts a row for each policy that has none behind the row of the annotation before it.
func withRowsOfPolicies(text []byte) []byte {
	for i, r := range readers {
		row := fmt.Sprintf("| `ingress.warren.dev/%s` |", r.name)
		if i == 0 || r.asks == nil || bytes.Contains(text, []byte(row)) {
			continue
		}
		before := fmt.Appendf(nil, "\n| `ingress.warren.dev/%s` |", readers[i-1].name)
		at := bytes.Index(text, before)
		end := at + 1 + bytes.IndexByte(text[at+1:], '\n') + 1
		text = slices.Insert(text, end, fmt.Appendf(nil, "%s `%q` |\n", row, r.example)...)
	}
	return text
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
		for _, p := range read.list {
			if policy.Place(p) < 0 {
				t.Errorf("%s is read as a %T, which has no place in policy.Order: the data plane would refuse every snapshot with it", r.name, p)
			}
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

// keepNobodyOut has the policies whose own tests say that they are open.
var keepNobodyOut []string

// keepsNobodyOut is how the tests of a policy say that the policy is open, so that it is said twice:
// var _ = keepsNobodyOut("compression").
func keepsNobodyOut(name string) struct{} {
	keepNobodyOut = append(keepNobodyOut, name)
	return struct{}{}
}

var _, _ = keepsNobodyOut("rewrite"), keepsNobodyOut("load-balancing")

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
	want := slices.Clone(keepNobodyOut)
	slices.Sort(open)
	slices.Sort(want)
	if !slices.Equal(open, want) {
		t.Errorf("%q keep nobody out, want %q: the test of a policy that is open has to say so too, by keepsNobodyOut", open, want)
	}
}

// foreignOnly are the policies that only annotations of other controllers ask for.
var foreignOnly = []string{"script", "https-redirect"}

// ofAuth are the policies that the reader of auth reads as [rules.Auth]: what they need besides is in Secrets.
var ofAuth = []string{"jwt", "basic-auth", "external-auth"}

// ofHosts are the policies that are asked for hosts as a whole, and not for paths.
var ofHosts = []string{"client-certificate"}

// The data plane's name of a policy is the users' name for it, and each policy has a reader.
func TestEveryPolicyHasAReaderOfItsName(t *testing.T) {
	for _, like := range policy.Order {
		if slices.Contains(foreignOnly, like.Name()) || slices.Contains(ofAuth, like.Name()) || slices.Contains(ofHosts, like.Name()) {
			continue
		}
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
