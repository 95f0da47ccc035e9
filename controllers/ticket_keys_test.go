// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/tickets"
	"github.com/warren-dev/ingress/test/fixture"
)

// told remembers the keys that a data plane was told.
type told struct {
	mu       sync.Mutex
	keys     [][32]byte
	sessions [32]byte
}

func (d *told) tell(keys [][32]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys = keys
}

func (d *told) tellSessions(key [32]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sessions = key
}

func (d *told) latestSessions() [32]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sessions
}

func (d *told) latest() [][32]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.keys
}

// All steps are one test: the rights are for one namespace, which has one Secret of that name.
func TestReplicasShareTheTicketKeysOfOneSecret(t *testing.T) {
	k := newCluster(t)
	name := client.ObjectKey{Namespace: fixture.OwnNamespace, Name: tickets.SecretName}
	inTheWay := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}, Data: map[string][]byte{"mine": []byte("x")}}
	k.Make(inTheWay)
	t.Cleanup(func() {
		if err := k.Delete(context.Background(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}); err != nil {
			t.Error(err)
		}
	})
	var planes [2]told
	var replicas [2]*replica
	for i, suffix := range []string{"a", "b"} {
		replicas[i], _ = k.known(suffix, func(_ *ctrl.Options, o *Options, _ *recordingProxy) {
			o.TicketKeys, o.SessionKey = planes[i].tell, planes[i].tellSessions
		})
	}
	// agreed waits until both were told the same keys and ok returns true for them.
	agreed := func(what string, ok func(keys [][32]byte) bool) [][32]byte {
		t.Helper()
		fixture.Eventually(t, func() error {
			a, b := planes[0].latest(), planes[1].latest()
			if len(a) != 3 || !slices.Equal(a, b) || !ok(a) {
				return errors.New("both are not told " + what)
			}
			return nil
		})
		return planes[0].latest()
	}
	// agreedOnSessions does the same for the key of sessions.
	agreedOnSessions := func(what string, ok func(key [32]byte) bool) [32]byte {
		t.Helper()
		fixture.Eventually(t, func() error {
			if a, b := planes[0].latestSessions(), planes[1].latestSessions(); a == [32]byte{} || a != b || !ok(a) {
				return errors.New("both are not told " + what)
			}
			return nil
		})
		return planes[0].latestSessions()
	}
	secret := func() *corev1.Secret {
		t.Helper()
		object := &corev1.Secret{}
		if err := k.Get(t.Context(), name, object); err != nil {
			t.Fatal(err)
		}
		return object
	}

	for _, r := range replicas {
		k.knows(r, "a", "b")
	}
	if got := secret(); got.UID != inTheWay.UID || string(got.Data["mine"]) != "x" {
		t.Error("a Secret of that name that is somebody else's is not left alone")
	}
	if planes[0].latest() != nil || planes[1].latest() != nil {
		t.Error("there are keys before there is a Secret of them")
	}
	k.Remove(inTheWay)
	first := agreed("the first keys", func([][32]byte) bool { return true })
	if got := secret(); got.Type != tickets.SecretType {
		t.Errorf("the Secret is of type %s", got.Type)
	}
	sessions := agreedOnSessions("the key of sessions", func([32]byte) bool { return true })

	// The time of the next key has come.
	object := secret()
	k.Change(object, func() {
		object.Data[tickets.FieldRotated] = []byte(time.Now().Add(-tickets.KeyUse).UTC().Format(time.RFC3339))
	})
	second := agreed("the next keys", func(keys [][32]byte) bool { return keys[0] == first[1] })
	if second[2] != first[0] {
		t.Error("the key that was in use is not known any more")
	}

	if planes[0].latestSessions() != sessions {
		t.Error("the key of sessions changed with those of tickets: every session would move")
	}

	// A version without sessions wrote the Secret.
	object = secret()
	k.Change(object, func() { delete(object.Data, tickets.FieldSessions) })
	agreedOnSessions("another key of sessions", func(key [32]byte) bool { return key != sessions })
	if kept := planes[0].latest(); !slices.Equal(kept, second) {
		t.Error("the keys of tickets changed with that of sessions")
	}

	// A damaged Secret leaves the data plane with what it has until there is another.
	object = secret()
	k.Change(object, func() { object.Data[tickets.FieldCurrent] = []byte("not thirty-two bytes") })
	third := agreed("new keys for damaged ones", func(keys [][32]byte) bool { return keys[0] != second[0] && keys[0] != second[1] })
	fixture.Eventually(t, func() error {
		var list eventsv1.EventList
		if err := k.List(t.Context(), &list, client.InNamespace(fixture.OwnNamespace)); err != nil {
			return err
		}
		for i := range list.Items {
			if e := &list.Items[i]; e.Reason == "TicketKeysReplaced" && e.Regarding.UID == object.UID && strings.Contains(e.Note, "current has 20 bytes") {
				return nil
			}
		}
		return fmt.Errorf("none of %d Events tells of it", len(list.Items))
	})

	// Somebody who wants new keys at once deletes the Secret.
	k.Remove(secret())
	agreed("new keys for deleted ones", func(keys [][32]byte) bool { return keys[0] != third[0] && keys[0] != third[1] })
}
