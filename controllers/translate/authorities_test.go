// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
)

// verified is an Ingress with a path for each of these authorities. They are in Secrets or, after a slash, in
// ConfigMaps.
func verified(namespace, name string, minutes int, authorities ...string) *v1alpha1.Ingress {
	rule := newRule(name + ".io")
	for _, authority := range authorities {
		path := prefix("/"+authority, "api")
		path.Backend.Protocol, path.Backend.TLS = v1alpha1.ProtocolHTTPS, &v1alpha1.BackendTLS{CASecretName: v1alpha1.SecretName(authority)}
		if inMap, ok := strings.CutPrefix(authority, "/"); ok {
			path.Path, path.Backend.TLS = v1alpha1.Path("/map-"+inMap), &v1alpha1.BackendTLS{CAConfigMapName: v1alpha1.ConfigMapName(inMap)}
		}
		rule.Paths = append(rule.Paths, path)
	}
	return newIngress(namespace, name, minutes, rule)
}

// some are names from one number to another.
func some(from, to int) (names []string) {
	for i := from; i < to; i++ {
		names = append(names, fmt.Sprintf("ca-%04d", i))
	}
	return names
}

const tooMany = ", which it is to be verified by, is not read: the Ingresses of a namespace may name 16 Secrets and ConfigMaps with " +
	"authorities, and older ones name as many: put the certificates together into fewer"

func TestANamespaceNamesSixteenAuthorities(t *testing.T) {
	tests := map[string]struct {
		ingresses []*v1alpha1.Ingress
		// named is how many are read. refused are the Ingresses that name others.
		named   int
		refused []string
	}{
		"sixteen":                            {[]*v1alpha1.Ingress{verified("default", "a", 1, some(0, 16)...)}, 16, nil},
		"sixteen, each named often":          {[]*v1alpha1.Ingress{verified("default", "a", 1, append(some(0, 16), some(0, 16)...)...)}, 16, nil},
		"one more":                           {[]*v1alpha1.Ingress{verified("default", "a", 1, some(0, 17)...)}, 16, []string{"a"}},
		"two thousand of one object":         {[]*v1alpha1.Ingress{verified("default", "a", 1, some(0, 2000)...)}, 16, []string{"a"}},
		"a ConfigMap of a Secret's name":     {[]*v1alpha1.Ingress{verified("default", "a", 1, append(some(0, 16), "/ca-0000")...)}, 16, []string{"a"}},
		"the older object comes first":       {[]*v1alpha1.Ingress{verified("default", "a", 2, some(10, 20)...), verified("default", "b", 1, some(0, 10)...)}, 16, []string{"a"}},
		"what the older one has is no other": {[]*v1alpha1.Ingress{verified("default", "a", 1, some(0, 16)...), verified("default", "b", 2, some(3, 9)...)}, 16, nil},
		"each namespace has its own":         {[]*v1alpha1.Ingress{verified("default", "a", 1, some(0, 2000)...), verified("other", "b", 2, some(0, 16)...)}, 32, []string{"a"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := translate.Input{Objects: asRules(test.ingresses), Tasks: []*v1alpha1.Task{
				newTask("default", "one", "api", "10.0.0.1"), newTask("other", "one", "api", "10.0.0.1")}}
			named := translate.NamedAuthorities(&in)
			for authority := range named {
				in.Authorities = append(in.Authorities, &translate.Authority{Name: authority, Certificates: "PEM"})
			}
			slices.Reverse(in.Objects)
			if again := translate.NamedAuthorities(&in); !cmp.Equal(named, again) {
				t.Errorf("another order of the objects gives others: %s", cmp.Diff(named, again))
			}
			var refused []string
			_, reports := translate.Build(in)
			for _, r := range reports {
				c := meta.FindStatusCondition(r.Conditions, v1alpha1.ConditionResolvedRefs)
				if c != nil && c.Reason == v1alpha1.ReasonTooManyAuthorities {
					refused = append(refused, r.Name)
					if !strings.Contains(c.Message, tooMany) {
						t.Errorf("%s says %q", r.Name, c.Message)
					}
				}
			}
			if len(named) != test.named || !slices.Equal(refused, test.refused) {
				t.Errorf("%d are read, want %d; refused: %q, want %q", len(named), test.named, refused, test.refused)
			}
		})
	}
}

func TestWhatIsSaidOfAnAuthority(t *testing.T) {
	tests := map[string]struct {
		authority translate.Authority
		endpoints int
		want      accepted
	}{
		"in order": {translate.Authority{Certificates: "PEM"}, 1, accepted{metav1.ConditionTrue, "ResolvedRefs", "every backend is there"}},
		"something is left out": {translate.Authority{Certificates: "PEM", LeftOut: "block 2 of ca.crt is damaged"}, 1,
			accepted{metav1.ConditionTrue, "ResolvedRefs", "every backend is there; served all the same: api:80: Secret ca, which it is verified by, is used " +
				"without what is no certificate: block 2 of ca.crt is damaged"}},
		"broken": {translate.Authority{Fault: "no PEM: write some"}, 0,
			accepted{metav1.ConditionFalse, "CAInvalid", "api:80: Secret ca, which it is to be verified by: no PEM: write some"}},
		"broken now": {translate.Authority{Fault: "no PEM: write some", Certificates: "PEM"}, 1,
			accepted{metav1.ConditionFalse, "CAInvalid", "api:80: Secret ca, which it is to be verified by: no PEM: write some; what it held before goes on " +
				"being used by the replicas that are not restarted"}},
		"too large": {translate.Authority{Fault: "ca.crt is more than 256 KiB", Reason: "CATooLarge"}, 0,
			accepted{metav1.ConditionFalse, "CATooLarge", "api:80: Secret ca, which it is to be verified by: ca.crt is more than 256 KiB"}},
		"not read": {translate.Authority{Missing: "has not been read yet"}, 0,
			accepted{metav1.ConditionFalse, "CANotFound", "api:80: Secret ca, which it is to be verified by, has not been read yet"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.authority.Name = translate.AuthorityName{NamespacedName: types.NamespacedName{Namespace: "default", Name: "ca"}}
			snapshot, reports := translate.Build(translate.Input{
				Objects:     asRules([]*v1alpha1.Ingress{verified("default", "a", 1, "ca")}),
				Tasks:       []*v1alpha1.Task{newTask("default", "one", "api", "10.0.0.1")},
				Authorities: []*translate.Authority{&test.authority},
			})
			var got accepted
			for _, r := range reports {
				if c := meta.FindStatusCondition(r.Conditions, v1alpha1.ConditionResolvedRefs); c != nil {
					got = accepted{c.Status, c.Reason, c.Message}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("ResolvedRefs (-want +got):\n%s", diff)
			}
			if n := len(snapshot.Pools[0].Endpoints); n != test.endpoints {
				t.Errorf("%d endpoints get requests, want %d", n, test.endpoints)
			}
		})
	}
}
