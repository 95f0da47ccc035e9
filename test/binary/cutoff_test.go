// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// wire is a TCP connection to the Kubernetes API that can be cut. What is sent then goes nowhere, and nobody is told.
type wire struct {
	t       *testing.T
	address string
	behind  string
	// whole is closed while the wire is not cut. cut and mend replace it.
	mu    sync.Mutex
	whole chan struct{}
}

// newWire returns a wire to an API server, and access through it with the server's credentials and certificate.
func newWire(t *testing.T, config *rest.Config) (*wire, *rest.Config) {
	t.Helper()
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, address: ports.address(t), behind: target.Host, whole: make(chan struct{})}
	close(w.whole)
	listener, err := net.Listen("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go w.carry(conn)
		}
	}()
	through := rest.CopyConfig(config)
	through.Host = "https://" + w.address
	return w, through
}

// carry copies both ways. Before each piece it waits while the wire is cut.
func (w *wire) carry(from net.Conn) {
	to, err := net.Dial("tcp", w.behind)
	if err != nil {
		_ = from.Close()
		return
	}
	for _, pair := range [...][2]net.Conn{{from, to}, {to, from}} {
		go func() {
			_, _ = io.Copy(pair[1], held{pair[0], w}) // whatever ends a connection ends both halves
			_ = pair[0].Close()
			_ = pair[1].Close()
		}()
	}
}

// held reads what was sent. It waits until the wire is whole.
type held struct {
	net.Conn
	wire *wire
}

func (h held) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.wire.mu.Lock()
	whole := h.wire.whole
	h.wire.mu.Unlock()
	select {
	case <-whole:
		return n, err
	case <-h.wire.t.Context().Done():
		return 0, io.EOF
	}
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.whole = make(chan struct{})
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.whole)
}

// tells fails unless the replica tells this of the Kubernetes API, on /healthz, which stays 200, and as a metric.
func (c *controller) tells(health, metric string) error {
	if err := c.running(); err != nil {
		c.t.Fatal(err)
	}
	status, text, err := read("http://" + c.health + "/healthz?verbose")
	if err != nil {
		return err
	}
	if status != http.StatusOK || !strings.Contains(text, "kubernetes api: "+health) {
		return fmt.Errorf("/healthz?verbose is %d %q, want 200 with the API %s", status, text, health)
	}
	got, err := c.scrape()
	if err != nil {
		return err
	}
	if value := fmt.Sprint(got["warren_ingress_api_connected"]); value != metric {
		return fmt.Errorf("warren_ingress_api_connected is %s, want %s", value, metric)
	}
	return nil
}

func TestAReplicaThatIsCutOffServesOnAndSaysSo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	host := s.host("shop")
	shop := ingress("shop", host, "web")
	s.create(shop, task("web", startBackend(t, "web-1")))
	config := api.Config(t)
	wire, through := newWire(t, config)
	s.kubeconfig = writeKubeconfig(t, through)
	away := s.start("--leader-elect=false").ready()
	s.kubeconfig = writeKubeconfig(t, config)
	near := s.start("--leader-elect=false").ready()
	eventually(t, patience, "the replica to be connected", func() error { return away.tells("connected", "1") })
	tr := startTraffic(t, away.http, []string{host}, sparsePace, answeredBy("web-1"))

	wire.cut()
	took := eventually(t, patience, "the replica to say that it is cut off", func() error { return away.tells("cut off", "0") })
	t.Logf("it said so %s after it was cut off", took)
	if err := near.tells("connected", "1"); err != nil {
		t.Errorf("the other replica: %v", err)
	}
	if err := away.readiness(http.StatusOK); err != nil {
		t.Errorf("while it is cut off: %v", err)
	}
	// Only the replica that hears of something new serves it. Both serve what was there before.
	s.create(ingress("new", s.host("new"), "web"))
	eventually(t, patience, "a new Ingress to be served by the other replica", func() error { return answers(near.http, s.host("new"), "/", from("web-1")) })
	if err := answers(away.http, s.host("new"), "/", notFound); err != nil {
		t.Errorf("what the replica cannot know: %v", err)
	}
	tr.sends(tr.total() + 1)

	wire.mend()
	took = eventually(t, patience, "the replica to be connected again", func() error { return away.tells("connected", "1") })
	t.Logf("it was connected %s after the wire was mended", took)
	eventually(t, patience, "it to serve what is new", func() error { return answers(away.http, s.host("new"), "/", from("web-1")) })
	tr.finish()
}
