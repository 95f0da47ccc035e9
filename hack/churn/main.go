// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	o, err := parseOptions(flag.NewFlagSet("churn", flag.ExitOnError), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "churn:", err)
		os.Exit(2)
	}
	// The embedded API is started through a library that complains when nobody wants its log.
	log.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// After the first signal, a second one ends this process at once. Its children notice and follow.
	context.AfterFunc(ctx, stop)
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "churn:", err)
		os.Exit(1)
	}
}

// options is what the flags say.
type options struct {
	program         string
	services, tasks int
	// rate is in changes a second.
	rate     int
	duration time.Duration
}

func parseOptions(flags *flag.FlagSet, args []string) (options, error) {
	var o options
	flags.StringVar(&o.program, "program", "bin/warren-ingress", "the controller's binary")
	flags.IntVar(&o.services, "services", 1000, "how many services there are, each with a host of its own")
	flags.IntVar(&o.tasks, "tasks", 10, "how many Tasks each service has")
	flags.IntVar(&o.rate, "rate", 100, "how many Tasks change in a second")
	flags.DurationVar(&o.duration, "duration", time.Minute, "how long they do")
	_ = flags.Parse(args) // the set that main passes exits on an error by itself
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: there are only flags, see -help", flags.Arg(0))
	case o.services <= watchedServices:
		return o, fmt.Errorf("there must be more than %d services", watchedServices)
	case o.tasks < 1 || o.rate < 1 || o.duration < time.Second:
		return o, errors.New("there must be a Task, a change a second, and a second of them")
	}
	return o, nil
}
