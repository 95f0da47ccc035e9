// SPDX-License-Identifier: Apache-2.0

// Command soak puts the data plane under a mixed load for a while and says whether it withstood it. One process has a
// proxy.Proxy on loopback, good and bad endpoints behind it, and good and bad clients of many kinds in front of it. The
// configuration is swapped every tenth of a second. Each answer is compared with what the configuration allows at that
// moment.
//
// It fails if an answer has no explanation, if memory grows, or if a goroutine or a descriptor is left after everything
// was stopped. It measures no speed: the clients rest between their rounds.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	o, err := parseOptions(flag.NewFlagSet("soak", flag.ExitOnError), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// The first signal ends the load early, and everything is still checked. A second one ends the process.
	context.AfterFunc(ctx, stop)
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Println("FAILED:", err)
		os.Exit(1)
	}
	fmt.Println("passed")
}

// options is what the flags say.
type options struct {
	duration time.Duration
	seed     uint64
	// kinds are the kinds of clients to run. All if it is empty.
	kinds []string
}

// shortest is long enough for every kind of client to do some rounds.
const shortest = 5 * time.Second

func parseOptions(flags *flag.FlagSet, args []string) (options, error) {
	o := options{seed: uint64(time.Now().UnixNano())}
	var kinds string
	flags.DurationVar(&o.duration, "duration", 10*time.Minute, "how long the load lasts")
	flags.Uint64Var(&o.seed, "seed", o.seed, "what the clients' and the configuration's choices begin with")
	flags.StringVar(&kinds, "kinds", "", "the kinds of clients to run, comma-separated; all where it is empty")
	// The set that main passes exits on an error by itself.
	_ = flags.Parse(args)
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: there are only flags, see -help", flags.Arg(0))
	}
	if o.duration < shortest {
		return o, fmt.Errorf("a duration of %s is too short to say anything: use at least %s", o.duration, shortest)
	}
	if kinds != "" {
		o.kinds = strings.Split(kinds, ",")
	}
	return o, nil
}
