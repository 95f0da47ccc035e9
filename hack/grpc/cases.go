// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// testCase is one thing that a client and a server have to be able to do.
type testCase struct {
	name string
	run  func(context.Context, *grpc.ClientConn) error
}

// cases are grpc-go's that need no cloud service, under the names of gRPC's documentation
// (doc/interop-test-descriptions.md), and then our own.
var cases = []testCase{
	{"empty_unary", interopCase(interop.DoEmptyUnaryCall)},
	{"large_unary", interopCase(interop.DoLargeUnaryCall)},
	{"client_streaming", interopCase(interop.DoClientStreaming)},
	{"server_streaming", interopCase(interop.DoServerStreaming)},
	{"ping_pong", interopCase(interop.DoPingPong)},
	{"empty_stream", interopCase(interop.DoEmptyStream)},
	{"timeout_on_sleeping_server", interopCase(interop.DoTimeoutOnSleepingServer)},
	{"cancel_after_begin", interopCase(interop.DoCancelAfterBegin)},
	{"cancel_after_first_response", interopCase(interop.DoCancelAfterFirstResponse)},
	{"custom_metadata", interopCase(interop.DoCustomMetadata)},
	{"status_code_and_message", interopCase(interop.DoStatusCodeAndMessage)},
	{"special_status_message", interopCase(interop.DoSpecialStatusMessage)},
	{"unimplemented_method", func(ctx context.Context, conn *grpc.ClientConn) error {
		interop.DoUnimplementedMethod(ctx, conn)
		return nil
	}},
	{"unimplemented_service", func(ctx context.Context, conn *grpc.ClientConn) error {
		interop.DoUnimplementedService(ctx, testgrpc.NewUnimplementedServiceClient(conn))
		return nil
	}},
	{"status_details", statusDetails},
	{"huge_messages", hugeMessages},
	{"many_messages", manyMessages},
	{"other_server_each", otherServerEach},
}

func caseNames() []string {
	names := make([]string, len(cases))
	for i := range cases {
		names[i] = cases[i].name
	}
	return names
}

func interopCase(do func(context.Context, testgrpc.TestServiceClient, ...grpc.CallOption)) func(context.Context, *grpc.ClientConn) error {
	return func(ctx context.Context, conn *grpc.ClientConn) error {
		do(ctx, testgrpc.NewTestServiceClient(conn))
		return nil
	}
}

// statusDetails wants an error with the request in its details. The details are binary and travel in a trailer.
func statusDetails(ctx context.Context, conn *grpc.ClientConn) error {
	request := &testpb.SimpleRequest{Payload: interop.ClientNewPayload(testpb.PayloadType_COMPRESSABLE, 999)}
	_, err := testgrpc.NewTestServiceClient(conn).UnaryCall(metadata.AppendToOutgoingContext(ctx, wantDetails, "yes"), request)
	got := status.Convert(err)
	if got.Code() != codes.FailedPrecondition || len(got.Details()) != 1 {
		return fmt.Errorf("got %v with details %v", err, got.Details())
	}
	if detail, ok := got.Details()[0].(proto.Message); !ok || !proto.Equal(detail, request) {
		return fmt.Errorf("the details are %v, want the request", got.Details()[0])
	}
	return nil
}

// hugeMessages sends and receives messages that are longer than any window.
func hugeMessages(ctx context.Context, conn *grpc.ClientConn) error {
	const size = 16 << 20
	reply, err := testgrpc.NewTestServiceClient(conn).UnaryCall(ctx, &testpb.SimpleRequest{
		ResponseSize: size, Payload: interop.ClientNewPayload(testpb.PayloadType_COMPRESSABLE, size),
	})
	if err != nil {
		return err
	}
	if n := len(reply.GetPayload().GetBody()); n != size {
		return fmt.Errorf("got %d bytes, want %d", n, size)
	}
	return nil
}

// manyMessages exchanges messages on one stream. Each is answered before the next is sent.
func manyMessages(ctx context.Context, conn *grpc.ClientConn) error {
	stream, err := testgrpc.NewTestServiceClient(conn).FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for i := range 500 {
		size := int32(i * 7)
		if err := stream.Send(&testpb.StreamingOutputCallRequest{
			ResponseParameters: []*testpb.ResponseParameters{{Size: size}},
			Payload:            interop.ClientNewPayload(testpb.PayloadType_COMPRESSABLE, i*13),
		}); err != nil {
			return err
		}
		reply, err := stream.Recv()
		if err != nil {
			return err
		}
		if n := len(reply.GetPayload().GetBody()); n != int(size) {
			return fmt.Errorf("message %d: got %d bytes, want %d", i, n, size)
		}
	}
	return stream.CloseSend()
}

// otherServerEach wants the calls on one connection to go to two servers in turn, if there are two.
func otherServerEach(ctx context.Context, conn *grpc.ClientConn) error {
	const calls = 20
	answered := make(map[string]int)
	for range calls {
		var header metadata.MD
		if _, err := testgrpc.NewTestServiceClient(conn).UnaryCall(ctx, &testpb.SimpleRequest{}, grpc.Header(&header)); err != nil {
			return err
		}
		answered[fmt.Sprint(header[serverName])]++
	}
	for name, n := range answered {
		if len(answered) > 1 && n != calls/len(answered) {
			return fmt.Errorf("%s answered %d of %d calls: %v", name, n, calls, answered)
		}
	}
	return nil
}
