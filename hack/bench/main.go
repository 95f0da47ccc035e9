// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	var err error
	if role, args := roleOf(os.Args[1:]); role != "" {
		err = runRole(role, args)
	} else {
		err = runBench(args)
	}
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "bench: interrupted; everything that it started has ended")
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func runBench(args []string) error {
	o, err := parseOptions(flag.NewFlagSet("bench", flag.ExitOnError), args)
	if err != nil {
		return err
	}
	// Children are bound to the thread that starts them. This one lives as long as the process.
	runtime.LockOSThread()
	// The embedded API is started through a library that complains when nobody wants its log.
	log.SetLogger(logr.Discard())

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// After the first signal, a second one ends this process at once. Its children notice and follow.
	context.AfterFunc(ctx, stop)
	return bench(ctx, o)
}
