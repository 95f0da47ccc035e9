// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bufio"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// grpc is grpc-go's client or server, see hack/grpc.
func grpc(t *testing.T, arguments ...string) *exec.Cmd {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(filepath.Join(checkout, "bin", "grpc"), arguments...)
}

// startGRPCServer starts a server that runs until the test ends, as a backend.
func startGRPCServer(t *testing.T, name string) *backend {
	t.Helper()
	command := grpc(t, "serve")
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf(`%v: run "make grpc"`, err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the gRPC server: %v", err)
		}
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the gRPC server said %q and then nothing: %v", line, err)
	}
	return &backend{name: name, port: int32(netip.MustParseAddrPort(strings.TrimSpace(line)).Port())}
}

func TestGRPCReachesABackendOfH2C(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c := s.start("--h2c").ready()
	host := s.host("calls")
	calls := ingress("calls", host, "orders")
	calls.Spec.Rules[0].Paths[0].Backend.Protocol = v1alpha1.ProtocolH2C
	s.create(task("orders", startGRPCServer(t, "orders-1")), calls)
	s.says(calls, func() []metav1.Condition { return calls.Status.Conditions }, "ResolvedRefs=True", "Programmed=True")

	said, err := grpc(t, "ask", "-address="+c.http, "-host="+host,
		"empty_unary", "client_streaming", "server_streaming", "ping_pong", "status_details").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	shows(t, c.command("explain", "http://"+host+"/orders.v1.Orders/Get"), "in HTTP/2 without TLS", "task/"+s.namespace+"/orders-1")
}
