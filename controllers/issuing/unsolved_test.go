// SPDX-License-Identifier: Apache-2.0

package issuing

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/orders"
)

// memory is an API that keeps Secrets and one TLSCertificate.
type memory struct {
	client.Client
	ctrl.Manager
	secrets     map[client.ObjectKey]*corev1.Secret
	certificate *v1alpha1.TLSCertificate
	// damaged is why the record of orders cannot be read. Nil if it can.
	damaged error
}

func (m *memory) GetAPIReader() client.Reader { return m }
func (m *memory) GetClient() client.Client    { return m }

func (m *memory) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	switch into := into.(type) {
	case *corev1.Secret:
		if secret, ok := m.secrets[key]; ok {
			secret.DeepCopyInto(into)
			return nil
		}
	case *v1alpha1.TLSCertificate:
		if m.certificate != nil {
			m.certificate.DeepCopyInto(into)
			return nil
		}
	}
	if _, ok := into.(*corev1.ConfigMap); ok && m.damaged != nil {
		return m.damaged
	}
	return apierrors.NewNotFound(schema.GroupResource{}, key.String())
}

func (*memory) List(context.Context, client.ObjectList, ...client.ListOption) error { return nil }

func (m *memory) Update(_ context.Context, object client.Object, _ ...client.UpdateOption) error {
	m.secrets[client.ObjectKeyFromObject(object)] = object.DeepCopyObject().(*corev1.Secret)
	return nil
}

func (m *memory) Delete(_ context.Context, object client.Object, _ ...client.DeleteOption) error {
	delete(m.secrets, client.ObjectKeyFromObject(object))
	return nil
}

// cached is a cache that is never out of date.
type cached struct {
	cache.Cache
	of *memory
}

func (c cached) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	return c.of.Get(ctx, key, into)
}

// unsolved returns the controller of a TLSCertificate. Its working Secret has that content.
func unsolved(t *testing.T, content string) (*Reconciler, *memory) {
	t.Helper()
	api := &memory{secrets: map[client.ObjectKey]*corev1.Secret{}, certificate: &v1alpha1.TLSCertificate{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "tls", UID: "1", Annotations: map[string]string{cluster.OrderedByAnnotation: "system/warren"}},
		Spec:       v1alpha1.TLSCertificateSpec{SecretName: "tls", Hosts: []v1alpha1.CertificateHost{"shop.example.com"}},
	}}
	issuance := orders.New(api, &orders.Config{Namespace: "system", Class: "warren", Working: &orders.WorkingSecrets{Cache: cached{of: api}},
		ACMEOptions: orders.ACMEOptions{Client: &acme.Client{}, Directory: "https://acme.test/directory"}})
	if content != "" {
		working, err := issuance.Orders.Read(t.Context(), api, client.ObjectKeyFromObject(api.certificate))
		if err != nil {
			t.Fatal(err)
		}
		working.Object.ResourceVersion = "1"
		working.Object.Data = map[string][]byte{"order.json": []byte(content)}
		api.secrets[client.ObjectKeyFromObject(working.Object)] = working.Object
	}
	return &Reconciler{Namespace: "system", Class: "warren", Client: api, Reader: api, Working: cached{of: api}, Issuance: issuance,
		renewals: newRenewals(nil)}, api
}

func attemptOf(method string) string {
	return `"id":"a","began":"2026-06-01T00:00:00Z","hosts":["shop.example.com"],"method":"` + method + `"`
}

// Whoever gives up an order lets its solver clean up. If there is none, what the order left behind is not forgotten.
func TestAnOrderIsNotForgottenWhereNothingCleansUpAfterIt(t *testing.T) {
	ways := map[string]func(*Reconciler, *memory) error{
		"its TLSCertificate is gone": func(r *Reconciler, api *memory) error {
			of := client.ObjectKeyFromObject(api.certificate)
			api.certificate = nil
			return r.forget(t.Context(), of)
		},
		"another controller looks after it": func(r *Reconciler, api *memory) error {
			api.certificate.Annotations[cluster.OrderedByAnnotation] = "elsewhere/warren"
			return r.yield(t.Context(), api.certificate)
		},
		"another controller orders it": func(r *Reconciler, api *memory) error {
			api.certificate.Annotations[cluster.OrderedByAnnotation] = "elsewhere/warren"
			_, _, err := r.standAside(t.Context(), api.certificate, nil, &certificateView{state: &orders.State{}}, "elsewhere")
			return err
		},
		"it orders something else": func(r *Reconciler, api *memory) error {
			_, _, err := r.order(t.Context(), api.certificate, nil, &certificateView{state: &orders.State{}})
			return err
		},
	}
	for name, giveUp := range ways {
		for _, key := range []string{"attempt", "closing"} {
			t.Run(name+", "+key, func(t *testing.T) {
				r, api := unsolved(t, `{"certificate":"1","spec":"before","`+key+`":{`+attemptOf("dns-01")+`}}`)
				if err := giveUp(r, api); err == nil || !strings.Contains(err.Error(), "dns-01") {
					t.Errorf("it is given up with %v, want the name of what nothing here solves", err)
				}
				if len(api.secrets) != 1 {
					t.Error("its working Secret is gone")
				}
				r, api = unsolved(t, `{"certificate":"1","spec":"before","`+key+`":{`+attemptOf("http-01")+`}}`)
				err := giveUp(r, api)
				if name == "it orders something else" {
					if err != nil {
						t.Errorf("what replicas solve is given up with %v", err)
					}
				} else if err != nil || len(api.secrets) > 0 {
					t.Errorf("what replicas solve is given up with %v, and %d Secrets are left", err, len(api.secrets))
				}
			})
		}
	}
}

func TestTheStatusSaysWhatKeepsAnAttemptFromBeginning(t *testing.T) {
	r, api := unsolved(t, "")
	api.certificate.Spec.ChallengeTypes = []v1alpha1.ChallengeType{"DNS01"}
	view, _, err := r.order(t.Context(), api.certificate, nil, &certificateView{state: &orders.State{}})
	if err == nil || view.issuing.Reason != v1alpha1.ReasonOrdering || !strings.Contains(view.issuing.Message, "challenges of type DNS01") {
		t.Errorf("the status says %s: %s (%v), want that the certificate is ordered and what is in the way", view.issuing.Reason, view.issuing.Message, err)
	}
}

func TestTheStatusSaysThatAnOrderIsCleanedUp(t *testing.T) {
	r, api := unsolved(t, `{"certificate":"1","spec":"before","closing":{`+attemptOf("dns-01")+`}}`)
	view, _, err := r.order(t.Context(), api.certificate, nil, &certificateView{state: &orders.State{}})
	if err == nil || !strings.Contains(view.issuing.Message, "is cleaned up: nothing here solves challenges of type dns-01") {
		t.Errorf("the status says %s: %s (%v), want what keeps it from being cleaned up", view.issuing.Reason, view.issuing.Message, err)
	}
}

// The next attempt may wait for hours. Cleaning up after the last one does not wait.
func TestAnOrderIsCleanedUpWhileTheNextOneWaits(t *testing.T) {
	r, api := unsolved(t, "")
	spec, err := orders.SpecOf(&api.certificate.Spec, r.Issuance.Directory)
	if err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]string{"http-01": "", "dns-01": "challenges of type dns-01"} {
		r, api := unsolved(t, `{"certificate":"1","spec":"`+spec+`","failures":1,"nextAttempt":"2100-01-01T00:00:00Z","reason":"OrderFailed","fault":"no record",`+
			`"closing":{`+attemptOf(method)+`}}`)
		view, _, err := r.order(t.Context(), api.certificate, nil, &certificateView{state: &orders.State{}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("of %s it is cleaned up after with %v, want %q", method, err, want)
		}
		for _, secret := range api.secrets {
			if kept := strings.Contains(string(secret.Data["order.json"]), "closing"); kept != (want != "") {
				t.Errorf("what is kept of %s is %s", method, secret.Data["order.json"])
			}
		}
		if want == "" && view.issuing.Message != "no record" {
			t.Errorf("the status says %s, want why the next attempt waits", view.issuing.Message)
		}
	}
}

// A record of orders that cannot be read keeps the next attempt waiting, and the status says so. It does not keep the
// last one from being cleaned up after.
func TestADamagedRecordOfOrdersIsToldAndKeepsNothingFromBeingCleanedUp(t *testing.T) {
	r, api := unsolved(t, "")
	spec, err := orders.SpecOf(&api.certificate.Spec, r.Issuance.Directory)
	if err != nil {
		t.Fatal(err)
	}
	r, api = unsolved(t, `{"certificate":"1","spec":"`+spec+`","nextAttempt":"2100-01-01T00:00:00Z","reason":"OrderLimit","fault":"no room",`+
		`"closing":{`+attemptOf("http-01")+`}}`)
	api.damaged = &cluster.Mendable{Text: "the record of orders is damaged"}
	if _, _, err := r.order(t.Context(), api.certificate, nil, &certificateView{state: &orders.State{}}); err != nil {
		t.Errorf("it is cleaned up after with %v", err)
	}
	for _, secret := range api.secrets {
		if strings.Contains(string(secret.Data["order.json"]), "closing") {
			t.Errorf("what is kept is %s", secret.Data["order.json"])
		}
	}
	view, _, err := r.order(t.Context(), api.certificate, nil, &certificateView{state: &orders.State{}})
	if !errors.Is(err, api.damaged) || view == nil || !strings.Contains(view.issuing.Message, "damaged") {
		t.Errorf("the view is %+v (%v), want that the record is damaged", view, err)
	}
}

func TestTheStatusSaysWhatASolverCannotDoAndNotWhyInItsProvidersWords(t *testing.T) {
	r, api := unsolved(t, `{"attempt":{`+attemptOf("http-01")+`}}`)
	working, err := r.Issuance.Orders.Read(t.Context(), api, client.ObjectKeyFromObject(api.certificate))
	if err != nil {
		t.Fatal(err)
	}
	view := &certificateView{state: working.State}
	unsolved := &orders.SolverError{Text: "the answers cannot be presented", Err: errors.New("status 500 of request 4711")}
	if _, _, err := r.failed(view, r.Issuance.Pass(api.certificate, working, nil, false), unsolved); !errors.Is(err, unsolved) {
		t.Errorf("the error is %v, want %v", err, unsolved)
	}
	if want := "the certificate is being ordered: the answers cannot be presented; it is tried again"; view.issuing.Message != want {
		t.Errorf("the status says %q, want %q", view.issuing.Message, want)
	}
}

func TestAnAttemptThatIsUnderWayGoesOnWithoutARule(t *testing.T) {
	_, api := unsolved(t, "")
	spec, err := orders.SpecOf(&api.certificate.Spec, "https://acme.test/directory")
	if err != nil {
		t.Fatal(err)
	}
	for content, want := range map[string]string{
		"": v1alpha1.ReasonHostNotRouted,
		`{"certificate":"1","spec":"` + spec + `","attempt":{` + attemptOf("dns-01") + `}}`: v1alpha1.ReasonOrdering,
	} {
		r, api := unsolved(t, content)
		view, _, err := r.order(t.Context(), api.certificate, nil, &certificateView{state: &orders.State{}, unrouted: "no rule has it"})
		if view == nil || view.issuing.Reason != want {
			t.Errorf("with %q kept, the view is %+v (%v), want %s", content, view, err, want)
		}
	}
}
