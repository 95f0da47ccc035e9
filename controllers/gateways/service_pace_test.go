// SPDX-License-Identifier: Apache-2.0

package gateways

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
)

func TestAServiceThatOthersChangeIsWrittenBackLessAndLessOften(t *testing.T) {
	service, now := types.NamespacedName{Namespace: "a", Name: "b"}, time.Unix(1e9, 0)
	plan := func() *gatewayapi.ServicePlan { return &gatewayapi.ServicePlan{Name: "b"} }
	w := make(rewrites)
	var waited []time.Duration
	for range 16 {
		wait := w.wait(service, plan(), now)
		waited = append(waited, wait)
		now = now.Add(wait)
		w.wrote(service, plan(), now)
	}
	for i, want := range []time.Duration{0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300} {
		if waited[i] != want*time.Second {
			t.Errorf("write %d waits %v, want %v", i, waited[i], want*time.Second)
		}
	}
	if got := w.wait(service, &gatewayapi.ServicePlan{Name: "b", Type: "ClusterIP"}, now); got != 0 {
		t.Errorf("what is new waits %v", got)
	}
	now = now.Add(rewriteCalm + time.Second)
	w.wrote(service, plan(), now)
	if got := w.wait(service, plan(), now); got != 0 {
		t.Errorf("after a calm time it waits %v", got)
	}
}
