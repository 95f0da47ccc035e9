// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/test/fixture"
)

// setHost has an Ingress of either kind name another host in its first rule.
func setHost(object client.Object, host string) {
	switch o := object.(type) {
	case *v1alpha1.Ingress:
		o.Spec.Rules[0].Host = v1alpha1.Host(host)
	case *networkingv1.Ingress:
		o.Spec.Rules[0].Host = host
	}
}

// rivals returns two namespaces. Ages have a resolution of a second, and of two objects of one age the one in the
// namespace that sorts first counts as older. So the namespaces are in an order in which b would win.
func (k *testCluster) rivals() (a, b string) {
	if k.Blue < k.Green {
		return k.Green, k.Blue
	}
	return k.Blue, k.Green
}

func TestAnOldIngressThatIsEditedTakesNoHost(t *testing.T) {
	t.Parallel()
	kinds := map[string]func(namespace, name, host, service string) client.Object{
		"of this API": func(namespace, name, host, service string) client.Object {
			return fixture.Ingress(namespace, name, host, service)
		},
		"standard": func(namespace, name, host, service string) client.Object {
			return fixture.StandardIngress(namespace, name, host, service)
		},
	}
	for kind, make := range kinds {
		for otherKind, makeOther := range kinds {
			t.Run(fmt.Sprintf("a %s one takes none from one %s", kind, otherKind), func(t *testing.T) {
				t.Parallel()
				k := newCluster(t)
				a, b := k.rivals()
				old, owner := make(b, "old", "old.io", "evil"), makeOther(a, "shop", "shop.io", "shop")
				r := k.start()
				k.Make(old)
				r.proxy.serves(t, "old.io /evil -> "+b+"/evil:80 []")
				k.Make(owner)
				live := "shop.io /shop -> " + a + "/shop:80 []"
				r.proxy.serves(t, "old.io /evil -> "+b+"/evil:80 []", live)

				k.Change(old, func() { setHost(old, "shop.io") })
				r.proxy.serves(t, live)
				restarted := k.start()
				restarted.proxy.serves(t, live)
				if o, ok := old.(*v1alpha1.Ingress); ok {
					k.says(o, "Accepted=False HostOwnedElsewhere", "ResolvedRefs=True ResolvedRefs", "Programmed=False NothingToProgram")
				}

				// The host goes over at once when the owner's last rule goes, and not before.
				k.Remove(owner)
				theirs := "shop.io /evil -> " + b + "/evil:80 []"
				r.proxy.serves(t, theirs)
				restarted.proxy.serves(t, theirs)
				back := makeOther(a, "back", "shop.io", "shop")
				k.Make(back, fixture.Ingress(a, "mark", "mark.io", "mark"))
				r.proxy.serves(t, "mark.io /mark -> "+a+"/mark:80 []", theirs)
			})
		}
	}
}

func TestAHostThatMovesWithinItsNamespaceStaysThere(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	a, b := k.rivals()
	waiting := fixture.Ingress(b, "waiting", "shop.io", "evil")
	first := fixture.Ingress(a, "first", "shop.io", "one")
	replicas := []*replica{k.start(), k.start()}
	k.Make(first)
	serve := func(want ...string) {
		t.Helper()
		for _, r := range replicas {
			r.proxy.serves(t, want...)
		}
	}
	serve("shop.io /one -> " + a + "/one:80 []")
	k.Make(waiting)
	// The host goes from one kind to the other and back: the new object comes before the old one goes.
	second := fixture.StandardIngress(a, "second", "shop.io", "two")
	k.Make(second)
	serve("shop.io /one -> "+a+"/one:80 []", "shop.io /two -> "+a+"/two:80 []")
	k.Remove(first)
	serve("shop.io /two -> " + a + "/two:80 []")
	third := fixture.Ingress(a, "third", "shop.io", "three")
	k.Make(third)
	k.Remove(second)
	serve("shop.io /three -> " + a + "/three:80 []")
	k.says(waiting, "Accepted=False HostOwnedElsewhere", "ResolvedRefs=True ResolvedRefs", "Programmed=False NothingToProgram")
}

func TestAHostIsKeptForTheGraceAndForWhoComesBack(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	a, b := k.rivals()
	grace := func(d time.Duration) func(*ctrl.Options, *Options, *recordingProxy) {
		return func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.HostClaimGrace = d }
	}
	owner, waiting := fixture.Ingress(a, "shop", "shop.io", "shop"), fixture.Ingress(b, "waiting", "shop.io", "evil")
	r := k.start(grace(time.Hour))
	k.Make(owner)
	live := "shop.io /shop -> " + a + "/shop:80 []"
	r.proxy.serves(t, live)
	k.Make(waiting)
	k.Remove(owner)
	r.proxy.serves(t)
	k.hasClaim(t, "shop.io", a, true)
	// b may not have a certificate for it either.
	certificate := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: b, Name: "c"},
		Spec: v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{"shop.io"}, SecretName: "c", AutoRenew: new(false)}}
	k.Make(certificate)
	k.says(certificate, "Accepted=False HostOwnedElsewhere", "Issuing=False NotRenewed", "Ready=False SecretNotFound")
	k.Make(fixture.Ingress(a, "again", "shop.io", "shop"))
	r.proxy.serves(t, live)
	k.hasClaim(t, "shop.io", a, false)

	// The grace ends, for a replica with a shorter one.
	k.Remove(fixture.Ingress(a, "again", "shop.io", "shop"))
	k.hasClaim(t, "shop.io", a, true)
	r.stop()
	r = k.start(grace(time.Second))
	r.proxy.serves(t, "shop.io /evil -> "+b+"/evil:80 []")
	k.hasClaim(t, "shop.io", b, false)
}

// hasClaim waits until a host is on record for a namespace.
func (k *testCluster) hasClaim(t *testing.T, host, namespace string, released bool) {
	t.Helper()
	fixture.Eventually(t, func() error {
		var claim struct {
			Namespace string
			Released  time.Time
		}
		_, key, _ := hosts.ClaimAt(k.Blue, host)
		err := json.Unmarshal([]byte(k.claims(t).Data[key]), &claim)
		if err == nil && (claim.Namespace != namespace || claim.Released.IsZero() == released) {
			err = fmt.Errorf("the claim is %v, want it of %s, released: %v", claim, namespace, released)
		}
		return err
	})
}

// claims returns all claims of the cluster's replicas, as if they were in one ConfigMap.
func (k *testCluster) claims(t *testing.T) *corev1.ConfigMap {
	t.Helper()
	var list corev1.ConfigMapList
	if err := k.List(t.Context(), &list, client.InNamespace(fixture.OwnNamespace), client.MatchingLabels{"ingress.warren.dev/hosts": k.Blue}); err != nil {
		t.Fatal(err)
	}
	all := &corev1.ConfigMap{Data: map[string]string{}}
	for _, object := range list.Items {
		for key, text := range object.Data {
			all.Data[key] = text
			host := key
			if below, ok := strings.CutPrefix(key, "_"); ok {
				if host = ""; below != "" {
					host = "*" + below
				}
			}
			if want, _, _ := hosts.ClaimAt(k.Blue, host); object.Name != want {
				t.Errorf("the claim of %q is in %s, want %s", key, object.Name, want)
			}
		}
	}
	return all
}

func TestAnAdministratorMovesAHostByDeletingItsClaim(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	a, b := k.rivals()
	old, owner := fixture.Ingress(b, "old", "*.old.io", "evil"), fixture.Ingress(a, "shop", "*.shop.io", "shop")
	r := k.start()
	k.Make(old)
	r.proxy.serves(t, "*.old.io /evil -> "+b+"/evil:80 []")
	k.Make(owner)
	live := "*.shop.io /shop -> " + a + "/shop:80 []"
	r.proxy.serves(t, "*.old.io /evil -> "+b+"/evil:80 []", live)
	k.Change(old, func() { setHost(old, "*.shop.io") })
	r.proxy.serves(t, live)

	name, _, _ := hosts.ClaimAt(k.Blue, "*.shop.io")
	shard := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: fixture.OwnNamespace, Name: name}}
	k.Change(shard, func() { delete(shard.Data, "_.shop.io") })
	theirs := "*.shop.io /evil -> " + b + "/evil:80 []"
	r.proxy.serves(t, theirs) // the oldest that asks

	k.Change(shard, func() { shard.Data["_.shop.io"] = hosts.Claim(a, time.Time{}) })
	r.proxy.serves(t, live)

	// What is deleted as a whole, by mistake or together with its owner, is recorded again.
	k.Remove(shard)
	k.hasClaim(t, "*.shop.io", a, false)
	k.Make(fixture.Ingress(a, "mark", "mark.io", "mark"))
	r.proxy.serves(t, live, "mark.io /mark -> "+a+"/mark:80 []")

	// A host whose entry cannot be read is nobody's for a replica that has not read it before.
	k.Reload(shard)
	k.Change(shard, func() { shard.Data["_.shop.io"] = "a" })
	r.proxy.serves(t, live, "mark.io /mark -> "+a+"/mark:80 []")
	fresh := k.start()
	fresh.proxy.serves(t, "mark.io /mark -> "+a+"/mark:80 []")
	k.Change(shard, func() { shard.Data["_.shop.io"] = hosts.Claim(a, time.Time{}) })
	fresh.proxy.serves(t, live, "mark.io /mark -> "+a+"/mark:80 []")
}

func TestHostsStayWhereNothingCanBeRecorded(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	a, b := k.rivals()
	k.user = "without-configmaps-" + k.Blue
	k.GrantRights(k.user, "-"+k.user, func(rule rbacv1.PolicyRule) bool {
		return !slices.Contains(rule.Resources, "configmaps") || len(rule.Resources) > 1
	})
	old, owner := fixture.Ingress(b, "old", "old.io", "evil"), fixture.Ingress(a, "shop", "shop.io", "shop")
	r := k.start()
	k.Make(old)
	r.proxy.serves(t, "old.io /evil -> "+b+"/evil:80 []")
	k.Make(owner)
	live := "shop.io /shop -> " + a + "/shop:80 []"
	r.proxy.serves(t, "old.io /evil -> "+b+"/evil:80 []", live)
	k.Change(old, func() { setHost(old, "shop.io") })
	r.proxy.serves(t, live)
	if claims := k.claims(t).Data; len(claims) > 0 {
		t.Errorf("there are claims, which nobody may write: %v", claims)
	}
	k.Remove(owner)
	r.proxy.serves(t, "shop.io /evil -> "+b+"/evil:80 []")
}

// hostOf is the host of an Ingress's first rule, of either kind.
func hostOf(object client.Object) string {
	switch o := object.(type) {
	case *v1alpha1.Ingress:
		return string(o.Spec.Rules[0].Host)
	case *networkingv1.Ingress:
		return o.Spec.Rules[0].Host
	}
	return ""
}

func TestHostsThatAreSharedAreListedAsSuch(t *testing.T) {
	t.Parallel()
	hosts := hosts.New()
	newCluster(t).start(func(_ *ctrl.Options, options *Options, _ *recordingProxy) {
		options.Hosts, options.AllowSharedHosts = hosts, true
	})
	for query, want := range map[string]string{
		"":             "hosts are shared (--allow-shared-hosts): none is any namespace's alone\n",
		"?output=json": "{\n  \"shared\": true,\n  \"hosts\": []\n}\n",
	} {
		answer := httptest.NewRecorder()
		hosts.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/hosts"+query, nil))
		if diff := cmp.Diff(want, answer.Body.String()); answer.Code != http.StatusOK || diff != "" {
			t.Errorf("%q is answered with %d (-want +got):\n%s", query, answer.Code, diff)
		}
	}
}
