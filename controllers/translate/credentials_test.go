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
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/policy"
)

// protected is an Ingress with a path that asks for what each auth does.
func protected(namespace, name string, minutes int, auths ...*v1alpha1.Auth) *v1alpha1.Ingress {
	rule := newRule(name + ".io")
	for i, a := range auths {
		path := prefix(fmt.Sprintf("/%d", i), "api")
		path.Auth = a
		rule.Paths = append(rule.Paths, path)
	}
	return newIngress(namespace, name, minutes, rule)
}

func basicAuth(secret string) *v1alpha1.Auth {
	return &v1alpha1.Auth{Basic: &v1alpha1.BasicAuth{SecretName: secret, Realm: "admin"}}
}

func credential(namespace, secret string, form rules.CredentialForm) translate.Credential {
	return translate.Credential{Name: rules.CredentialName{NamespacedName: types.NamespacedName{Namespace: namespace, Name: secret}, Form: form}}
}

// guardsOf returns the policies of a snapshot's routes that ask who somebody is.
func guardsOf(t *testing.T, in translate.Input) (list []policy.Policy, resolved metav1.Condition) {
	t.Helper()
	snapshot, reports := translate.Build(in)
	for h := range snapshot.Hosts {
		for r := range snapshot.Hosts[h].Routes {
			policies := snapshot.Hosts[h].Routes[r].Policies
			if err := policy.Inspect(policies); err != nil {
				t.Error(err)
			}
			list = append(list, policies...)
		}
	}
	for _, r := range reports {
		if c := meta.FindStatusCondition(r.Conditions, v1alpha1.ConditionResolvedRefs); c != nil {
			resolved = *c
		}
	}
	return list, resolved
}

func TestWhatASecretHoldsIsWhatClientsHaveToProve(t *testing.T) {
	const there = "every backend is there"
	for name, test := range map[string]struct {
		known   *translate.Credential
		want    auth.Basic
		message string
		reason  string
	}{
		"users":          {&translate.Credential{Text: "bob:x"}, auth.Basic{Users: "bob:x"}, there, "ResolvedRefs"},
		"users and more": {&translate.Credential{Text: "bob:x", LeftOut: "line 2 has no colon"}, auth.Basic{Users: "bob:x"}, there + "; served all the same: Secret users is used without what is not understood: line 2 has no colon", "ResolvedRefs"},
		"no Secret":      {nil, auth.Basic{Missing: "there is no Secret users"}, "there is no Secret users; until then nobody gets in where it is asked, and requests get 503", "AuthSecretNotFound"},
		"not read":       {&translate.Credential{Missing: "has not been read yet", Absent: true}, auth.Basic{Missing: "Secret users has not been read yet"}, "Secret users has not been read yet; until then nobody gets in where it is asked, and requests get 503", "AuthSecretNotFound"},
		"nothing in it":  {&translate.Credential{Missing: "is empty"}, auth.Basic{Missing: "Secret users is empty"}, "Secret users is empty; until then nobody gets in where it is asked, and requests get 503", "AuthSecretInvalid"},
	} {
		t.Run(name, func(t *testing.T) {
			in := translate.Input{Objects: asRules([]*v1alpha1.Ingress{protected("default", "a", 1, basicAuth("users"))}),
				Tasks: []*v1alpha1.Task{newTask("default", "one", "api", "10.0.0.1")}}
			if test.known != nil {
				test.known.Name = credential("default", "users", rules.Users).Name
				in.Credentials = []*translate.Credential{test.known}
			}
			got, resolved := guardsOf(t, in)
			test.want.Realm, test.want.Namespace = "admin", "default"
			if len(got) != 1 || !got[0].Equal(&test.want) {
				t.Errorf("the route has %+v, want %+v", got, test.want)
			}
			if resolved.Reason != test.reason || resolved.Message != test.message {
				t.Errorf("ResolvedRefs says %s: %s\nwant %s: %s", resolved.Reason, resolved.Message, test.reason, test.message)
			}
		})
	}
}

func TestWhatIsAskedOfATokenAndOfAService(t *testing.T) {
	path := &v1alpha1.Auth{
		Satisfy:  v1alpha1.AuthSatisfyAny,
		JWT:      &v1alpha1.JWTAuth{Issuer: "me", SecretName: "keys", ForwardClaims: []v1alpha1.ForwardedClaim{{Claim: "sub", Header: "X-User"}}},
		External: &v1alpha1.ExternalAuth{ServiceName: "opa", Port: 80, ResponseHeaders: []v1alpha1.AuthHeader{"X-A"}},
	}
	object := protected("default", "a", 1, path)
	object.Spec.Rules[0].Paths[0].AccessControl = &v1alpha1.AccessControl{AllowedIPs: []v1alpha1.AddressRange{"10.0.0.0/8"}}
	known := credential("default", "keys", rules.KeySet)
	known.Text = "{}"
	in := translate.Input{Objects: asRules([]*v1alpha1.Ingress{object}), Credentials: []*translate.Credential{&known}, Options: translate.Options{AllowLocalTasks: true},
		Tasks: []*v1alpha1.Task{newTask("default", "one", "api", "10.0.0.1"), newTask("default", "two", "opa", "10.0.0.2")}}
	got, resolved := guardsOf(t, in)
	if len(got) != 3 || resolved.Status != metav1.ConditionTrue {
		t.Fatalf("the route has %+v; ResolvedRefs says %s", got, resolved.Message)
	}
	if access, ok := got[0].(*policy.Access); !ok || !access.Any || len(access.Allowed) != 1 {
		t.Errorf("addresses: %+v", got[0])
	}
	want := &auth.JWT{Issuer: "me", Keys: "{}", Local: true, Leeway: v1alpha1.DefaultAuthLeeway, ForwardClaims: []auth.ForwardedClaim{{Claim: "sub", Header: "X-User"}}}
	if token, ok := got[1].(*auth.JWT); !ok || !cmp.Equal(*want, *token) {
		t.Errorf("tokens: %+v", got[1])
	}
	service, ok := got[2].(*auth.External)
	if !ok || service.Pool == "" || service.Path != "/" || !slices.Equal(service.ResponseHeaders, []string{"x-a"}) {
		t.Errorf("the service: %+v", got[2])
	}
	snapshot, _ := translate.Build(in)
	for _, p := range snapshot.Pools {
		if p.ID == service.Pool && len(p.Endpoints) != 1 {
			t.Errorf("the pool that is asked has the endpoints %v", p.Endpoints)
		}
	}
	object.Spec.Rules[0].Paths[0].AccessControl = &v1alpha1.AccessControl{DeniedIPs: []v1alpha1.AddressRange{"10.0.0.0/8"}}
	in.Objects = asRules([]*v1alpha1.Ingress{object})
	if got, _ = guardsOf(t, in); got[0].(*policy.Access).Any {
		t.Error("whom nothing allows is admitted by its address")
	}
}

func TestKeysOverPlainHTTPAreTold(t *testing.T) {
	object := protected("default", "a", 1, &v1alpha1.Auth{JWT: &v1alpha1.JWTAuth{Issuer: "me", JWKSURL: "http://id.io/keys"}})
	_, resolved := guardsOf(t, translate.Input{Objects: asRules([]*v1alpha1.Ingress{object}), Tasks: []*v1alpha1.Task{newTask("default", "one", "api", "10.0.0.1")}})
	if want := `served all the same: the keys of "me" are fetched over plain HTTP`; !strings.Contains(resolved.Message, want) || resolved.Status != metav1.ConditionTrue {
		t.Errorf("ResolvedRefs says %q, want %q in it", resolved.Message, want)
	}
}

func TestANamespaceNamesSixtyFourSecretsInAuth(t *testing.T) {
	many := func(from, to int) (list []*v1alpha1.Auth) {
		for i := from; i < to; i++ {
			list = append(list, basicAuth(fmt.Sprintf("users-%d", i)))
		}
		return list
	}
	for name, test := range map[string]struct {
		ingresses []*v1alpha1.Ingress
		named     int
		refused   []string
	}{
		"as many":                   {[]*v1alpha1.Ingress{protected("default", "a", 1, append(many(0, 64), many(0, 64)...)...)}, 64, nil},
		"one more":                  {[]*v1alpha1.Ingress{protected("default", "a", 1, many(0, 65)...)}, 64, []string{"a"}},
		"the older one comes first": {[]*v1alpha1.Ingress{protected("default", "a", 2, many(60, 70)...), protected("default", "b", 1, many(0, 60)...)}, 64, []string{"a"}},
		"each namespace":            {[]*v1alpha1.Ingress{protected("default", "a", 1, many(0, 64)...), protected("other", "b", 1, many(0, 64)...)}, 128, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := translate.Input{Objects: asRules(test.ingresses)}
			named := translate.NamedCredentials(&in)
			for of := range named {
				in.Credentials = append(in.Credentials, &translate.Credential{Name: of, Text: "bob:x"})
			}
			slices.Reverse(in.Objects)
			if again := translate.NamedCredentials(&in); !cmp.Equal(named, again) {
				t.Errorf("another order of the objects gives others: %s", cmp.Diff(named, again))
			}
			var refused []string
			_, reports := translate.Build(in)
			for _, r := range reports {
				if c := meta.FindStatusCondition(r.Conditions, v1alpha1.ConditionResolvedRefs); c != nil && c.Reason == v1alpha1.ReasonTooManyAuthSecrets {
					refused = append(refused, r.Name)
				}
			}
			if len(named) != test.named || !slices.Equal(refused, test.refused) {
				t.Errorf("%d are read, want %d; refused: %q, want %q", len(named), test.named, refused, test.refused)
			}
		})
	}
}

func TestANamespaceHasABoundedNumberOfKeySets(t *testing.T) {
	many := func(from, to int) (auths []*v1alpha1.Auth) {
		for i := from; i < to; i++ {
			auths = append(auths, &v1alpha1.Auth{JWT: &v1alpha1.JWTAuth{Issuer: "me", JWKSURL: fmt.Sprintf("https://id.example.com/%d", i)}})
		}
		return auths
	}
	for name, test := range map[string]struct {
		ingresses []*v1alpha1.Ingress
		fetched   int
		refused   []string
	}{
		"as many":                   {[]*v1alpha1.Ingress{protected("default", "a", 1, append(many(0, 16), many(0, 16)...)...)}, 32, nil},
		"one more":                  {[]*v1alpha1.Ingress{protected("default", "a", 1, many(0, 17)...)}, 16, []string{"a"}},
		"the older one comes first": {[]*v1alpha1.Ingress{protected("default", "a", 2, many(14, 18)...), protected("default", "b", 1, many(0, 15)...)}, 17, []string{"a"}},
		"each namespace":            {[]*v1alpha1.Ingress{protected("default", "a", 1, many(0, 16)...), protected("other", "b", 1, many(16, 32)...)}, 32, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := translate.Input{Objects: asRules(test.ingresses)}
			slices.Reverse(in.Objects)
			fetched := 0
			snapshot, reports := translate.Build(in)
			for h := range snapshot.Hosts {
				for r := range snapshot.Hosts[h].Routes {
					for _, p := range snapshot.Hosts[h].Routes[r].Policies {
						switch token := p.(*auth.JWT); {
						case token.Missing == "":
							fetched++
						case !strings.Contains(token.Missing, "are not fetched: at most 16 URLs of key sets"):
							t.Errorf("nobody gets in: %s", token.Missing)
						}
					}
				}
			}
			var refused []string
			for _, r := range reports {
				if c := meta.FindStatusCondition(r.Conditions, v1alpha1.ConditionResolvedRefs); c != nil && c.Reason == v1alpha1.ReasonTooManyKeySets {
					refused = append(refused, r.Name)
				}
			}
			if fetched != test.fetched || !slices.Equal(refused, test.refused) {
				t.Errorf("%d routes have their keys fetched, want %d; refused: %q, want %q", fetched, test.fetched, refused, test.refused)
			}
		})
	}
}
