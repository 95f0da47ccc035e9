// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

const orderSecretType = corev1.SecretType("ingress.warren.dev/acme-order")

// orders returns the working Secrets of the scene's TLSCertificates from the controller's namespace, by the name of the
// TLSCertificate.
func (s *scene) orders(system string) (map[string]*corev1.Secret, error) {
	var list corev1.SecretList
	if err := s.List(s.t.Context(), &list, client.InNamespace(system), client.MatchingLabels{"ingress.warren.dev/certificate-namespace": s.namespace}); err != nil {
		return nil, err
	}
	orders := make(map[string]*corev1.Secret, len(list.Items))
	for i := range list.Items {
		_, name, _ := strings.Cut(list.Items[i].Annotations["ingress.warren.dev/tlscertificate"], "/")
		orders[name] = &list.Items[i]
	}
	return orders, nil
}

// ordersAre waits until there are working Secrets of exactly these TLSCertificates.
func (s *scene) ordersAre(system string, want ...string) {
	s.t.Helper()
	eventually(s.t, patience, "the working Secrets", func() error {
		orders, err := s.orders(system)
		if got := slices.Sorted(maps.Keys(orders)); err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("they are of %v, want %v", got, want)
		}
		return err
	})
}

// asOfBefore moves a TLSCertificate's working Secret to where earlier versions kept it.
func (s *scene) asOfBefore(system string, of *v1alpha1.TLSCertificate) {
	s.t.Helper()
	orders, err := s.orders(system)
	working := orders[of.Name]
	if err != nil || working == nil {
		s.t.Fatalf("the working Secrets are %v (%v), want one of %s", orders, err, of.Name)
	}
	var state map[string]any
	if err := json.Unmarshal(working.Data["order.json"], &state); err != nil {
		s.t.Fatal(err)
	}
	state["controller"] = system + "/warren"
	if working.Data["order.json"], err = json.Marshal(state); err != nil {
		s.t.Fatal(err)
	}
	s.create(formerOrder(of, working.Data))
	s.delete(working)
	s.change(of, func() { delete(of.Annotations, "ingress.warren.dev/ordered-by") })
}

func TestAnUpgradeInTheMiddleOfAnOrderLeadsToNoSecondOne(t *testing.T) {
	// Not while the authority looks, because nobody would answer it.
	for name, path := range map[string]string{"after the order, its answer lost": "/order-plz", "after an authorization": "/authZ/",
		"after finalizing": "/finalize-order/", "after the download": "/certZ/"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			system := kubeapi.Namespace(t, api.Config(t))
			http01, https := ports.address(t), ports.address(t)
			p := s.authorityFor(http01, https, nil)
			arguments := append(p.arguments(), "--namespace="+system, "--http-address="+http01, "--https-address="+https, "--leader-elect=false")
			before := s.start(arguments...)
			var killed atomic.Bool
			p.mu.Lock()
			p.after = func(r *http.Request) bool {
				if strings.Contains(r.URL.Path, path) && killed.CompareAndSwap(false, true) {
					before.kill()
					return true
				}
				return false
			}
			p.mu.Unlock()
			shop := certificate("shop", s.host("shop"))
			shop.Spec.AutoRenew = nil
			s.create(shop, ingress("shop", s.host("shop"), "web"), task("web", startBackend(t, "web-1")))
			eventually(t, patience, "the controller to be killed", func() error {
				if !killed.Load() {
					return errors.New("it is not")
				}
				return nil
			})
			<-before.ended
			s.asOfBefore(system, shop)
			s.start(arguments...)
			s.certifies(p, https, s.host("shop"), 2*orderLimit)
			if n := len(p.orders()); n != 1 {
				t.Errorf("%d orders were placed, want 1", n)
			}
			var former corev1.Secret
			if err := s.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-acme-order"}, &former); err != nil || len(former.Data) > 0 {
				t.Errorf("the former working Secret holds %v (%v), want nothing", slices.Collect(maps.Keys(former.Data)), err)
			}
			s.ordersAre(system)
		})
	}
}

func TestAnOrderGoesWithItsCertificateAndOutlivesItsBeingMadeAnew(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	system := kubeapi.Namespace(t, api.Config(t))
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	var silent atomic.Bool
	silent.Store(true)
	p.mu.Lock()
	p.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if !silent.Load() || !strings.Contains(r.URL.Path, "/authZ/") {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	p.mu.Unlock()
	arguments := append(p.arguments(), "--namespace="+system, "--http-address="+http01, "--https-address="+https, "--leader-elect=false")
	c := s.start(arguments...)
	ordered := func(name string) *v1alpha1.TLSCertificate {
		made := certificate(name, s.host(name))
		made.Spec.AutoRenew = nil
		s.create(made)
		return made
	}
	s.route()
	s.create(task("web", startBackend(t, "web-1")))
	early, late, anew := ordered("early"), ordered("late"), ordered("anew")
	eventually(t, patience, "three orders", func() error {
		if n := len(p.orders()); n != 3 {
			return fmt.Errorf("there are %d", n)
		}
		return nil
	})
	s.delete(early)
	s.ordersAre(system, "anew", "late")
	c.kill()
	s.delete(late)
	s.delete(anew)
	again := ordered("anew")
	silent.Store(false)
	s.start(arguments...)
	s.says(again, func() []metav1.Condition { return again.Status.Conditions }, "Ready=True CertificateValid", "Issuing=False UpToDate")
	s.ordersAre(system)
	if n := len(p.orders()); n != 3 {
		t.Errorf("%d orders were placed, want 3 as before", n)
	}
}
