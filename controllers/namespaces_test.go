// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/test/fixture"
)

const notAllowed = "Accepted=False HostNotAllowed"

// refused is what an Ingress says if its only rule is for a host that its namespace may not have.
var refused = []string{notAllowed, "ResolvedRefs=True ResolvedRefs", "Programmed=False NothingToProgram"}

// allow annotates a namespace, or takes the annotation off.
func (k *testCluster) allow(namespace string, hosts *string) {
	k.T.Helper()
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	k.Change(object, func() {
		delete(object.Annotations, translate.AllowedHostsAnnotation)
		if hosts != nil {
			metav1.SetMetaDataAnnotation(&object.ObjectMeta, translate.AllowedHostsAnnotation, *hosts)
		}
	})
}

func requiring(_ *ctrl.Options, options *Options, _ *recordingProxy) {
	options.RequireAllowedHosts = true
}

func TestNamespacesAnnotationDecidesOnItsHosts(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing, one := fixture.Ingress(k.Blue, "shop", "x.io", "api"), fixture.Task(k.Blue, "one", "api", "10.0.0.1")
	other, two := fixture.Ingress(k.Green, "shop", "z.io", "api"), fixture.Task(k.Green, "one", "api", "10.0.0.2")
	k.allow(k.Blue, new("y.io"))
	k.Make(ing, one, other, two)
	r := k.start()
	ours, others := "x.io /api -> "+k.Blue+"/api:80 [10.0.0.1:80]", "z.io /api -> "+k.Green+"/api:80 [10.0.0.2:80]"
	r.proxy.serves(t, others)
	k.says(ing, refused...)
	if text := message(ing, v1alpha1.ConditionAccepted); !strings.Contains(text, `allows "y.io"`) {
		t.Errorf("Accepted says %q", text)
	}
	k.says(other, served...)

	k.allow(k.Blue, new("y.io, *.io"))
	r.proxy.serves(t, ours, others)
	k.says(ing, served...)

	k.allow(k.Blue, new(""))
	r.proxy.serves(t, others)
	k.says(ing, refused...)

	k.allow(k.Blue, nil)
	r.proxy.serves(t, ours, others)
	k.says(ing, served...)
}

// A namespace that may not have a host any more gives it up at once, whatever its rules name and whatever the grace is.
func TestHostThatIsForbiddenGoesToWhoMayHaveIt(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	a, b := k.rivals()
	k.Make(fixture.Ingress(a, "shop", "x.io", "shop"))
	r := k.start(func(_ *ctrl.Options, options *Options, _ *recordingProxy) { options.HostClaimGrace = time.Hour })
	r.proxy.serves(t, "x.io /shop -> "+a+"/shop:80 []")
	waiting := fixture.Ingress(b, "waiting", "x.io", "waiting")
	k.Make(waiting)
	k.says(waiting, "Accepted=False HostOwnedElsewhere", "ResolvedRefs=True ResolvedRefs", "Programmed=False NothingToProgram")

	k.allow(a, new("y.io"))
	r.proxy.serves(t, "x.io /waiting -> "+b+"/waiting:80 []")
	// It is the other's now.
	k.allow(a, nil)
	k.Make(fixture.Ingress(a, "mark", "z.io", "mark"))
	r.proxy.serves(t, "x.io /waiting -> "+b+"/waiting:80 []", "z.io /mark -> "+a+"/mark:80 []")
}

func TestWhereAnAnnotationIsRequiredNoneIsNoHost(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing, one := fixture.Ingress(k.Blue, "shop", "x.io", "api"), fixture.Task(k.Blue, "one", "api", "10.0.0.1")
	k.Make(ing, one)
	r := k.start(requiring)
	k.says(ing, refused...)
	r.proxy.serves(t)

	k.allow(k.Blue, new("*"))
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 [10.0.0.1:80]")
	k.says(ing, served...)
}

func TestWithoutARightToReadNamespacesTheRestIsServedOnlyIfNoAnnotationIsRequired(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.user = "warren-without-namespaces"
	k.GrantRights(k.user, "-without-namespaces", func(rule rbacv1.PolicyRule) bool {
		for i, resource := range rule.Resources {
			if resource == "namespaces" {
				rule.Resources[i] = "services" // which is there once more
			}
		}
		return true
	})
	ing, one := fixture.Ingress(k.Blue, "shop", "x.io", "api"), fixture.Task(k.Blue, "one", "api", "10.0.0.1")
	k.allow(k.Blue, new("y.io"))
	k.Make(ing, one)
	line := "x.io /api -> " + k.Blue + "/api:80 [10.0.0.1:80]"

	free := k.start()
	free.proxy.serves(t, line)
	k.says(ing, served...)
	free.stop()

	strict := k.start(requiring)
	strict.proxy.serves(t)
	k.says(ing, refused...)
	if text := message(ing, v1alpha1.ConditionAccepted); !strings.Contains(text, "may not read them") {
		t.Errorf("Accepted says %q", text)
	}

	// What becomes readable later counts from then on.
	k.allow(k.Blue, new("x.io"))
	named := metav1.ObjectMeta{Name: "warren-namespaces-" + k.Blue}
	k.Make(
		&rbacv1.ClusterRole{ObjectMeta: named, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"namespaces"}, ResourceNames: []string{k.Blue}, Verbs: []string{"list", "watch"}}}},
		&rbacv1.ClusterRoleBinding{ObjectMeta: named, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: named.Name},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: k.user}}})
	for deadline := time.Now().Add(2 * fixture.Patience); len(strict.proxy.snapshot().Hosts) == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond) // the client asks again after up to a minute
	}
	strict.proxy.serves(t, line)
	k.says(ing, served...)
}
