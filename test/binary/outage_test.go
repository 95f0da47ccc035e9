// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/test/kubeapi"
)

func TestAnOutageOfTheAPIServerFailsNoRequestAndChangesTakeEffectAfterIt(t *testing.T) {
	t.Parallel()
	gate := newGateway(t)
	data := t.TempDir()
	startAPI := func() *kubeapi.Server {
		server, err := kubeapi.New(kubeapi.Options{DataDir: data})
		if err != nil {
			t.Fatal(err)
		}
		gate.open(server.Config)
		return server
	}
	stopAPI := func(server *kubeapi.Server) {
		gate.close()
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}

	first := startAPI()
	s := newSceneIn(t, gate.config(), kubeapi.Namespace(t, first.Config))
	host := s.host("shop")
	s.create(task("red", startBackend(t, "red-1")), task("blue", startBackend(t, "blue-1")))
	shop := ingress("shop", host, "red")
	s.create(shop)
	c := s.start().ready()
	s.ingressSays(shop, served...)
	tr := startTraffic(t, c.http, []string{host}, sparsePace, answeredBy("red-1"))

	stopAPI(first)
	// The leader loses its Lease, which takes ten seconds. Then there is no control plane.
	eventually(t, patience, "the control plane to end", func() error {
		if !strings.Contains(c.stderr.String(), "the control plane ended") {
			return fmt.Errorf("it has not")
		}
		return nil
	})
	sent := tr.total()
	if err := c.readiness(http.StatusOK); err != nil {
		t.Errorf("without the API server: %v", err)
	}

	second := startAPI()
	t.Cleanup(func() { stopAPI(second) })
	tr.sends(sent + 1)
	tr.finish()
	if err := c.readiness(http.StatusOK); err != nil {
		t.Errorf("with the API server back: %v", err)
	}
	if err := answers(c.http, host, "/", from("red-1")); err != nil {
		t.Errorf("with the API server back: %v", err)
	}

	tr = startTraffic(t, c.http, []string{host}, sparsePace, answeredBy("red-1", "blue-1"))
	s.change(shop, func() { shop.Spec.Rules[0].Paths[0].Backend.ServiceName = "blue" })
	took := eventually(t, patience, "a change to take effect", func() error { return answers(c.http, host, "/", from("blue-1")) })
	t.Logf("a change took effect %s after the API server was back", took)
	s.ingressSays(shop, served...)
	tr.finish()
}
