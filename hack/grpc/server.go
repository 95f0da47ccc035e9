// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// maxMessage is more than the 4 MiB that grpc-go takes by default.
const maxMessage = 64 << 20

// service is that of the interop test cases, with what they leave out.
type service struct {
	testgrpc.TestServiceServer
	name string
}

// These names of metadata are the service's own, beyond those of the interop test cases.
const (
	// serverName is how each response says who answered.
	serverName = "server-name"
	// wantDetails asks for an error that has the request among its details.
	wantDetails = "want-details"
)

// UnaryCall implements TestServiceServer.
func (s *service) UnaryCall(ctx context.Context, in *testpb.SimpleRequest) (*testpb.SimpleResponse, error) {
	if asked, _ := metadata.FromIncomingContext(ctx); len(asked[wantDetails]) > 0 {
		detailed, err := status.New(codes.FailedPrecondition, "with details").WithDetails(in)
		if err != nil {
			return nil, err
		}
		return nil, detailed.Err()
	}
	if err := grpc.SetHeader(ctx, metadata.Pairs(serverName, s.name)); err != nil {
		return nil, err
	}
	return s.TestServiceServer.UnaryCall(ctx, in)
}

func serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	address := flags.String("address", "127.0.0.1:0", "`address` to listen at")
	name := flags.String("name", "", "`name` that the server answers under")
	certificate := flags.String("cert", "", "PEM `file` of the certificate; none: no TLS")
	key := flags.String("key", "", "PEM `file` of the certificate's key")
	healthy := flags.Bool("health", true, "serve gRPC's health protocol; a line [SERVICE=]STATUS of standard input changes what it says")
	if err := flags.Parse(args); err != nil {
		return err
	}
	options := []grpc.ServerOption{grpc.MaxRecvMsgSize(maxMessage)}
	if *certificate != "" {
		secure, err := credentials.NewServerTLSFromFile(*certificate, *key)
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(secure))
	}
	l, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	server := grpc.NewServer(options...)
	testgrpc.RegisterTestServiceServer(server, &service{interop.NewTestServer(), *name})
	statuses := health.NewServer()
	if *healthy {
		healthpb.RegisterHealthServer(server, statuses)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	if err := awaitServing(ctx, l.Addr().String(), *certificate != ""); err != nil {
		return err
	}
	// The first line is for whoever started this.
	fmt.Println(l.Addr())
	if err := changeHealth(statuses, os.Stdin); err != nil {
		return err
	}
	server.GracefulStop()
	return <-served
}

// changeHealth changes what the health protocol says as each line demands, until there are no more lines. After each
// change it repeats the line.
func changeHealth(statuses *health.Server, lines io.Reader) error {
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		service, name, ok := strings.Cut(scanner.Text(), "=")
		if !ok {
			service, name = "", service
		}
		status, ok := healthpb.HealthCheckResponse_ServingStatus_value[name]
		if !ok {
			return fmt.Errorf("%q is no status of the health protocol's", name)
		}
		statuses.SetServingStatus(service, healthpb.HealthCheckResponse_ServingStatus(status))
		fmt.Println(scanner.Text())
	}
	return scanner.Err()
}

// awaitServing calls until there is an answer. A server that is stopped before it serves would reset the connections
// that wait.
func awaitServing(ctx context.Context, address string, secure bool) error {
	security := insecure.NewCredentials()
	if secure {
		security = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}) // it is this process that is called
	}
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(security))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = testgrpc.NewTestServiceClient(conn).EmptyCall(ctx, &testpb.Empty{}, grpc.WaitForReady(true))
	return err
}
