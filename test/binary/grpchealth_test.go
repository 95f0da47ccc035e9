// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// checkInterval is the default timeout of a probe.
const checkInterval = time.Second

// grpcServer is a process of grpc-go's server, which ends with the test.
type grpcServer struct {
	t    *testing.T
	port int
	in   io.Writer
	out  *bufio.Reader
}

func startGRPC(t *testing.T) *grpcServer {
	t.Helper()
	command := exec.Command(filepath.Join("..", "..", "bin", "grpc"), "serve")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	err = command.Start()
	switch {
	case errors.Is(err, os.ErrNotExist):
		t.Fatalf(`%v: run "make grpc"`, err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the server of gRPC: %v", err)
		}
	})
	s := &grpcServer{t: t, in: in, out: bufio.NewReader(out)}
	s.port = int(netip.MustParseAddrPort(s.line()).Port())
	return s
}

func (s *grpcServer) line() string {
	s.t.Helper()
	line, err := s.out.ReadString('\n')
	if err != nil {
		s.t.Fatalf("the server of gRPC said %q and then nothing: %v", line, err)
	}
	return strings.TrimSpace(line)
}

// tell changes what the server says of its health.
func (s *grpcServer) tell(change string) {
	s.t.Helper()
	if _, err := fmt.Fprintln(s.in, change); err != nil {
		s.t.Fatal(err)
	}
	s.line()
}

func TestHealthByGRPCIsInTheStatusAndInExplain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	server := startGRPC(t)
	server.tell("shop.v1.Orders=SERVING")
	host := s.host("orders")
	rule := ingress("orders", host, "orders")
	rule.Spec.Rules[0].Paths[0].Backend.Protocol = v1alpha1.ProtocolH2C
	instance := &v1alpha1.Task{ObjectMeta: metav1.ObjectMeta{Name: "orders-1"}, Spec: v1alpha1.TaskSpec{
		ServiceName: "orders", Address: "127.0.0.1",
		Ports:       []v1alpha1.TaskPort{{Port: servicePort, TargetPort: v1alpha1.Port(server.port)}},
		HealthCheck: &v1alpha1.HealthCheck{Type: v1alpha1.HealthCheckGRPC, Service: "shop.v1.Orders", Interval: &metav1.Duration{Duration: checkInterval}},
	}}
	s.create(rule, instance)
	c := s.start().ready()
	says := func(condition, message string) {
		t.Helper()
		s.says(instance, func() []metav1.Condition { return instance.Status.Conditions }, condition)
		if instance.Status.Message != message {
			t.Errorf("the message is %q, want %q", instance.Status.Message, message)
		}
	}
	says("Healthy=True ProbeSucceeded", "the health check succeeds")
	server.tell("shop.v1.Orders=NOT_SERVING")
	// The status is for whoever may read Tasks. What the address answered is for operators, in explain.
	says("Healthy=False ProbeFailed", "the health check fails: the answer is not that of a healthy instance")
	shows(t, c.command("explain", "http://"+host+"/"), "its health check fails: grpc.health.v1.Health/Check of shop.v1.Orders: ", "503 NoHealthyTask")
	s.ingressSays(rule, "ResolvedRefs=False NoEndpoints", "Ready=False NoEndpoints")
	shows(t, c.command("ls", "--in", s.namespace), host, "0/1", "down")
	server.tell("shop.v1.Orders=SERVING")
	says("Healthy=True ProbeSucceeded", "the health check succeeds")
	s.ingressSays(rule, "ResolvedRefs=True", "Ready=True Served")
	if rule.Status.Hosts != host {
		t.Errorf("the hosts are %q, want %q", rule.Status.Hosts, host)
	}
}
