// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheOldestObjectComesFirstAndThenTheNames(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	objects := []*Object{
		{Namespace: "a", Name: "new", Created: at.Add(time.Second)}, {Namespace: "b", Name: "a", Created: at},
		{Namespace: "a", Name: "z", Created: at}, {Namespace: "a", Name: "y", Created: at},
		// Those that ingress-nginx would serve go in its order among each other, and behind all others of their age.
		{Namespace: "a", Name: "n1", Created: at, LastNameFirst: true}, {Namespace: "a", Name: "n2", Created: at, LastNameFirst: true},
		{Namespace: "a-b", Name: "n3", Created: at, LastNameFirst: true}, {Namespace: "a", Name: "n0", Created: at.Add(-1), LastNameFirst: true},
	}
	slices.SortFunc(objects, Older)
	var got []string
	for _, o := range objects {
		got = append(got, o.Namespace+"/"+o.Name)
	}
	if diff := cmp.Diff([]string{"a/n0", "a/y", "a/z", "b/a", "a/n2", "a/n1", "a-b/n3", "a/new"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhichCertificateAnObjectHasOrdered(t *testing.T) {
	ordered, fault := Wish{Secret: "s", Ordered: true}, &Fault{Text: "no address"}
	for name, test := range map[string]struct {
		object *Object
		want   string
		known  bool
	}{
		"one":                         {&Object{Certificates: []Wish{ordered}}, "s", true},
		"one, beside another mistake": {&Object{Certificates: []Wish{ordered}, Fault: fault}, "s", true},
		"none":                        {&Object{Certificates: []Wish{{Secret: "s"}}}, "", true},
		"none that is known of":       {&Object{Fault: fault}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, known := test.object.Ordering()
			if known != test.known || (got != nil) != (test.want != "") || got != nil && got.Secret != test.want {
				t.Errorf("got %+v, known %t; want %q, %t", got, known, test.want, test.known)
			}
		})
	}
}

func TestWhichHostsCanBeMatched(t *testing.T) {
	label := strings.Repeat("a", 63)
	for host, want := range map[string]bool{
		"": true, "x": true, "api.example.com": true, "*.example.com": true, "1-2.x": true, label + ".io": true,
		"*": false, "*.": false, "a*.io": false, "*.*.io": false, "-a.io": false, "a-.io": false, "a..io": false, "a.io.": false,
		"A.io": false, "a_b.io": false, "ä.io": false, label + "a.io": false, strings.Repeat("a.", 127) + "a": false,
	} {
		if got := ValidHost(host); got != want {
			t.Errorf("%q can be matched: %t, want %t", host, got, want)
		}
	}
}
