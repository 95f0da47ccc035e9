// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/test/fixture"
)

// forNginx has a replica serve the class nginx, by a ConfigMap if that has a name.
func (k *testCluster) forNginx(configMap string) func(*ctrl.Options, *Options, *recordingProxy) {
	return func(_ *ctrl.Options, o *Options, _ *recordingProxy) {
		o.Nginx, o.PublishAddress = nginx.Options{Class: "nginx"}, "203.0.113.7"
		if configMap != "" {
			o.Nginx.ConfigMap = types.NamespacedName{Namespace: k.Blue, Name: configMap}
		}
	}
}

// bodies waits until the first route of the snapshot has this bound for the content of requests, and is closed or not.
func (p *recordingProxy) bodies(t *testing.T, want int64, closed bool) {
	t.Helper()
	fixture.Eventually(t, func() error {
		s := p.snapshot()
		if s == nil || len(s.Hosts) == 0 || len(s.Hosts[0].Routes) == 0 {
			return fmt.Errorf("there is no route")
		}
		route, most := &s.Hosts[0].Routes[0], int64(0)
		for _, of := range route.Policies {
			if limit, ok := of.(*policy.MaxRequestBytes); ok {
				most = limit.Bytes
			}
		}
		if most != want || (route.Closed != "") != closed {
			return fmt.Errorf("the bound is %d, and the route is closed by %q; want %d, closed: %t", most, route.Closed, want, closed)
		}
		return nil
	})
}

func TestAnIngressOfIngressNginxIsServedWhileItsClassIs(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	shop := standard(k.Blue, "shop", "shop.io", "web")
	shop.Spec.IngressClassName = new("nginx")
	shop.Annotations = map[string]string{nginx.Prefix + "proxy-body-size": "8m", nginx.Prefix + "proxy-buffering": "on"}
	k.Make(shop, fixture.Task(k.Blue, "one", "web", "10.0.0.1"))
	without := k.start(publishing("203.0.113.7"))
	without.isReady(t)
	without.proxy.serves(t)
	without.stop()

	r := k.start(k.forNginx(""))
	r.proxy.serves(t, "shop.io / -> "+k.Blue+"/web:80 [10.0.0.1:80]")
	r.proxy.bodies(t, 8<<20, false)
	k.published(shop, "203.0.113.7")
	k.tells(shop, "Normal Programmed Programmed", "Normal AnnotationsIgnored Accepted")

	k.Change(shop, func() { shop.Annotations[nginx.Prefix+"auth-url"] = "https://auth.io" })
	r.proxy.bodies(t, 0, true)
	k.Change(shop, func() { delete(shop.Annotations, nginx.Prefix+"auth-url") })
	r.proxy.bodies(t, 8<<20, false)
}

func TestIngressesOfIngressNginxAreClosedWithoutItsConfigMap(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	shop := standard(k.Blue, "shop", "shop.io", "web")
	shop.Spec.IngressClassName = new("nginx")
	k.Make(shop, fixture.Task(k.Blue, "one", "web", "10.0.0.1"))
	r := k.start(k.forNginx("settings"))
	r.proxy.bodies(t, 0, true)

	settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: k.Blue, Name: "settings"}, Data: map[string]string{"proxy-body-size": "2m"}}
	k.Make(settings)
	r.proxy.bodies(t, 2<<20, false)
	k.Change(settings, func() { settings.Data["proxy-body-size"] = "3m" })
	r.proxy.bodies(t, 3<<20, false)
	k.Change(settings, func() { settings.Data["global-auth-url"] = "https://auth.io" })
	r.proxy.bodies(t, 0, true)
	k.Change(shop, func() { shop.Annotations = map[string]string{nginx.Prefix + "enable-global-auth": "false"} })
	r.proxy.bodies(t, 3<<20, false)

	// One that goes leaves what it said, until the controller starts anew. The author of each Ingress is told.
	k.Remove(settings)
	fixture.Eventually(t, func() error {
		if !slices.Contains(k.events(shop), "Normal AnnotationsIgnored Accepted") {
			return errors.New("nobody is told that the ConfigMap has gone")
		}
		return nil
	})
	r.proxy.bodies(t, 3<<20, false)
	r.stop()
	k.start(k.forNginx("settings")).proxy.bodies(t, 0, true)
}

// A change of the ConfigMap that an Ingress names is noticed as one of the Ingress is.
func TestFieldsOfAConfigMapThatAnIngressOfIngressNginxNames(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	shop := standard(k.Blue, "shop", "shop.io", "web")
	shop.Spec.IngressClassName = new("nginx")
	shop.Annotations = map[string]string{nginx.Prefix + "custom-headers": "fields"}
	fields := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: k.Blue, Name: "fields"}, Data: map[string]string{"X-A": "1"}}
	settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: k.Blue, Name: "settings"},
		Data: map[string]string{"global-allowed-response-headers": "X-A"}}
	k.Make(shop, fields, settings, fixture.Task(k.Blue, "one", "web", "10.0.0.1"))
	r := k.start(k.forNginx("settings"))
	r.proxy.bodies(t, 1<<20, false)
	k.Change(fields, func() { fields.Data["X-B"] = "2" }) // which the settings do not allow
	r.proxy.bodies(t, 0, true)
	k.Change(settings, func() { settings.Data["global-allowed-response-headers"] = "X-A,X-B" })
	r.proxy.bodies(t, 1<<20, false)
}
