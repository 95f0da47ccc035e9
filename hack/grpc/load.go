// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	testpb "google.golang.org/grpc/interop/grpc_testing"
)

// load calls from several goroutines, each one call after another, and prints how many calls there were.
func load(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	to := connectionFlags(flags)
	callers := flags.Int("callers", 8, "`number` of calls at a time")
	size := flags.Int("size", 1000, "`bytes` of each request and response")
	if err := flags.Parse(args); err != nil {
		return err
	}
	conn, err := to.dial()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	var over atomic.Bool
	go func() {
		awaitEnd()
		over.Store(true)
	}()
	request := &testpb.SimpleRequest{
		ResponseSize: int32(*size), Payload: interop.ClientNewPayload(testpb.PayloadType_COMPRESSABLE, *size),
	}
	var calls, failed atomic.Int64
	var fault atomic.Pointer[error]
	var running sync.WaitGroup
	for range *callers {
		running.Go(func() {
			for !over.Load() {
				_, err := testgrpc.NewTestServiceClient(conn).UnaryCall(ctx, request)
				if calls.Add(1) == 1 {
					fmt.Println("calling")
				}
				if err != nil {
					failed.Add(1)
					fault.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	running.Wait()
	fmt.Println(calls.Load(), "calls")
	if n := failed.Load(); n > 0 {
		return fmt.Errorf("%d of %d calls failed, the first one: %w", n, calls.Load(), *fault.Load())
	}
	return nil
}
