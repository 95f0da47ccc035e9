// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestListedFollowsEvents(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var l Listed[*corev1.Service]
	events := 0
	handler := l.Handler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { events++ }, UpdateFunc: func(any, any) { events++ }, DeleteFunc: func(any) { events++ },
	})
	there := map[types.NamespacedName]*corev1.Service{}
	for n := range 2000 {
		o := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: fmt.Sprint("n", random.IntN(3)), Name: fmt.Sprint("o", random.IntN(20))}}
		name := client.ObjectKeyFromObject(o)
		before, what := there[name], random.IntN(4)
		switch {
		case before == nil:
			handler.OnAdd(o, n == 0)
			there[name] = o
		case what < 2:
			handler.OnUpdate(before, o)
			there[name] = o
		case what == 2:
			handler.OnDelete(before)
			delete(there, name)
		default:
			handler.OnDelete(toolscache.DeletedFinalStateUnknown{Key: name.String()})
			delete(there, name)
		}
		if random.IntN(3) > 0 {
			continue
		}
		var want []*corev1.Service
		for _, name := range slices.SortedFunc(maps.Keys(there), compareNames) {
			want = append(want, there[name])
		}
		got := l.List()
		if !slices.Equal(got, want) {
			t.Fatalf("after %d events there are %d objects, of %d", n+1, len(got), len(want))
		}
		if again := l.List(); len(got) > 0 && &again[0] != &got[0] {
			t.Fatal("without an event it is another list")
		}
	}
	if events != 2000 {
		t.Errorf("%d events were passed on, of 2000", events)
	}
}
