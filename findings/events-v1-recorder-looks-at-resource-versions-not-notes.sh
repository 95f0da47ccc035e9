#!/usr/bin/env bash
# An EventRecorder of k8s.io/client-go/tools/events (which controller-runtime's GetEventRecorder returns) takes two events
# for the same, and throws the note of the second away, when they differ in their note alone. What counts is the object
# with its resourceVersion, the related object, the type, the reason and the action. So while the object stays as it is, a
# second note only counts up the series of the first, which kubectl shows with the time of the last, for six minutes or
# more. And once the object is written, the same note makes another Event, however often.
#
# One would guess the opposite of both, as the older recorder (tools/record) does: another note is another Event, and the
# same note of the same object counts up, whatever its resourceVersion. The API calls Events of a series isomorphic, and
# its fields say nothing of what that takes (k8s.io/api/events/v1, Event and EventSeries).
#
# Who is hurt: controllers that go over to the newer recorder, as the older one is deprecated in controller-runtime. What
# they say of an object because of others is lost: "Service a has no port 80" is repaired, "Service b has no port 90" comes
# after it, the Ingress was not written, and it reads as the first fault twice. Where a controller writes a status each
# time, no series ever forms. It helps to name the cause as the related object.
#
# Version: k8s.io/client-go v0.37.2 (tools/events/event_broadcaster.go, getKey; kubernetes/kubernetes#112365 has been through
# the note as a part of the key). Seen on linux/amd64:
#
#   tools/record, notes a, b of an object that stays: a once, b once
#   tools/events, notes a, b of an object that stays: a 2 times
#   tools/events, notes a, b of an object that stays, with related objects: a once, b once
#   tools/record, notes a, a of an object that is written: a 2 times
#   tools/events, notes a, a of an object that is written: a once, a once
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.26.8 GOFLAGS=-mod=mod
cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	k8s.io/api v0.37.2
	k8s.io/apimachinery v0.37.2
	k8s.io/client-go v0.37.2
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/record"
)

var (
	stays   = []runtime.Object{object("web", "1"), object("web", "1")}
	written = []runtime.Object{object("web", "1"), object("web", "2")}
	nothing = []runtime.Object{nil, nil}
)

func main() {
	older("notes a, b of an object that stays", stays, "a", "b")
	newer("notes a, b of an object that stays", stays, nothing, "a", "b")
	newer("notes a, b of an object that stays, with related objects", stays,
		[]runtime.Object{object("a", "1"), object("b", "1")}, "a", "b")
	older("notes a, a of an object that is written", written, "a", "a")
	newer("notes a, a of an object that is written", written, nothing, "a", "a")
}

// older has the older recorder record the notes of the objects.
func older(name string, objects []runtime.Object, notes ...string) {
	client := fake.NewClientset()
	broadcaster := record.NewBroadcaster()
	broadcaster.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	defer broadcaster.Shutdown()
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "controller"})
	recordAll("tools/record, "+name, notes, func(i int) {
		recorder.Event(objects[i], corev1.EventTypeWarning, "BackendNotFound", notes[i])
	}, func() (said []string, total int) {
		found, err := client.CoreV1().Events("shop").List(context.Background(), metav1.ListOptions{})
		must(err)
		for _, event := range found.Items {
			said, total = append(said, event.Message+times(event.Count)), total+int(event.Count)
		}
		return said, total
	})
}

// newer has the newer recorder record the notes of the objects, with the related ones.
func newer(name string, objects, related []runtime.Object, notes ...string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := fake.NewClientset()
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: client.EventsV1()})
	must(broadcaster.StartRecordingToSinkWithContext(ctx))
	defer broadcaster.Shutdown()
	recorder := broadcaster.NewRecorder(scheme.Scheme, "example.com/controller")
	recordAll("tools/events, "+name, notes, func(i int) {
		recorder.Eventf(objects[i], related[i], corev1.EventTypeWarning, "BackendNotFound", "Resolve", notes[i])
	}, func() (said []string, total int) {
		found, err := client.EventsV1().Events("shop").List(ctx, metav1.ListOptions{})
		must(err)
		for _, event := range found.Items {
			count := int32(1)
			if event.Series != nil {
				count = event.Series.Count
			}
			said, total = append(said, event.Note+times(count)), total+int(count)
		}
		return said, total
	})
}

// recordAll records the notes, each when the one before has arrived, and prints what there is then.
func recordAll(name string, notes []string, record func(int), list func() ([]string, int)) {
	for i := range notes {
		record(i)
		for tries := 0; ; tries++ {
			if _, total := list(); total == i+1 {
				break
			}
			if tries == 1000 {
				panic("nothing was recorded within 10 seconds")
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	said, _ := list()
	slices.Sort(said)
	fmt.Printf("%s: %s\n", name, strings.Join(said, ", "))
}

func times(count int32) string {
	if count == 1 {
		return " once"
	}
	return fmt.Sprintf(" %d times", count)
}

func object(name, version string) runtime.Object {
	return &corev1.Service{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, ResourceVersion: version}}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >want <<'EOF'
tools/record, notes a, b of an object that stays: a once, b once
tools/events, notes a, b of an object that stays: a 2 times
tools/events, notes a, b of an object that stays, with related objects: a once, b once
tools/record, notes a, a of an object that is written: a 2 times
tools/events, notes a, a of an object that is written: a once, a once
EOF
go run . >got
diff want got
cat got
