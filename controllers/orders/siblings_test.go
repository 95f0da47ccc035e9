// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// endingOrder is an API in which another order ends right after the first look at anything.
type endingOrder struct {
	client.Client
	order corev1.Secret
	looks int
}

func (e *endingOrder) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	e.looks++
	if secrets, ok := list.(*corev1.SecretList); ok && e.looks == 1 {
		secrets.Items = []corev1.Secret{e.order}
	}
	return nil
}

// Whoever looks for the other's certificate before its order finds neither where the order ends in between, and orders
// what has just come.
func TestAnOrderThatEndsBetweenTwoLooksIsNotPlacedAgain(t *testing.T) {
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	state := func(at time.Time) *State {
		return &State{Attempt: &attempt{Hosts: []string{"a.example.com"}, Began: at}}
	}
	earlier, err := state(began).encode()
	if err != nil {
		t.Fatal(err)
	}
	api := &endingOrder{order: corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "earlier"}, Data: map[string][]byte{orderStateField: earlier},
	}}
	j := &Job{
		Issuance:    &Issuance{client: api, Orders: &Store{reader: api}, Now: func() time.Time { return began }},
		certificate: &v1alpha1.TLSCertificate{},
		working: &Working{Object: &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "later"}},
			State: state(began.Add(time.Second))},
	}
	if after, err := j.share(t.Context()); after != siblingPause || err != nil {
		t.Errorf("it goes on after %s (%v), want that it looks again after %s", after, err, siblingPause)
	}
}
