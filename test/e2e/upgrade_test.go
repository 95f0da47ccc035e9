// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"
)

func TestAnUpgradeFromTheVersionBeforeLosesNoRequestAndNoHost(t *testing.T) {
	helm := warren.charted.(*chart)
	// The former version is no way of its own. The chart of this version removes what it leaves.
	if err := warren.by(t.Context(), nil); err != nil {
		t.Fatalf("uninstalling what another test left: %v", err)
	}
	if err := helm.makeNamespace(t.Context()); err != nil {
		t.Fatal(err)
	}
	warren.current = helm
	if err := helm.applyFormer(t.Context(), "install", "replicas=3"); err != nil {
		t.Fatalf("installing the version before: %v", err)
	}
	eventually(t, "the data plane to be reached", warren.reach)

	// The rival's Ingress for another host is older than the owner's. The contested host belongs to the older one.
	owner, rival := makeScene(t), makeScene(t)
	host, contested := owner.host(), "contested."+owner.host()
	rivals := ingress("rivals", map[string]string{rival.host() + "/": "rival"})
	rival.backend("rival", 1, 0)
	rival.create(rivals)
	owner.backend("owner", 2, 0)
	owners := ingress("owners", map[string]string{host + "/": "owner", contested + "/": "owner"})
	owner.create(owners)
	get := func(host string) request { return request{method: http.MethodGet, host: host, target: "/"} }
	everywhere(t, "the owner's host", get(host), answered("owner"))
	everywhere(t, "the rival's host", get(rival.host()), answered("rival"))
	eventually(t, "the second after the owner's Ingress, for Kubernetes tells ages in whole ones", func(context.Context) error {
		if made := owners.CreationTimestamp.Time; time.Now().Unix() <= made.Unix() {
			return fmt.Errorf("the owner's Ingress is from %s", made)
		}
		return nil
	})
	rival.create(ingress("contests", map[string]string{contested + "/": "rival"}))

	tr := startCheckedTraffic(t, upgradeRate, host, "/", answered("owner"))
	tr2 := startCheckedTraffic(t, rate, contested, "/", answered("owner"))
	if err := helm.apply(t.Context(), "upgrade", "replicas=3"); err != nil {
		t.Fatalf("upgrading: %v", err)
	}
	eventually(t, "the former replicas to go", func(ctx context.Context) error { return warren.replicas(ctx, 3) })

	// An Ingress that is older than the claim takes nothing by being edited.
	rival.change(t, rivals, func() {
		rivals.Spec.Rules = append(rivals.Spec.Rules, ingress("", map[string]string{host + "/": "rival"}).Spec.Rules...)
	})
	rival.says(rivals, "Accepted=False HostOwnedElsewhere", "Programmed=True Programmed", "Ready=False HostOwnedElsewhere",
		"ResolvedRefs=True ResolvedRefs", "Stalled=True HostOwnedElsewhere")
	tr.sends(upgradeRequests)
	tr.finish(0)
	tr2.finish(0)
	everywhere(t, "the rival's own host", get(rival.host()), answered("rival"))
}
