// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
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
	// ingresses is how many there are where one of them changes at a time, each with so many paths. 0: Tasks change.
	ingresses, paths, changes int
	// builds are what is measured in turn, by name and binary.
	builds []build
}

// build is a binary of the controller, and what it is called.
type build struct{ name, program string }

func parseOptions(flags *flag.FlagSet, args []string) (options, error) {
	var o options
	flags.StringVar(&o.program, "program", "bin/warren-ingress", "the controller's binary")
	flags.IntVar(&o.services, "services", 1000, "how many services there are, each with a host of its own")
	flags.IntVar(&o.tasks, "tasks", 10, "how many Tasks each service has")
	flags.IntVar(&o.rate, "rate", 100, "how many Tasks change in a second")
	flags.DurationVar(&o.duration, "duration", time.Minute, "how long they do")
	flags.IntVar(&o.ingresses, "ingresses", 0, "change one of so many Ingresses at a time, and one of 100, in place of Tasks")
	flags.IntVar(&o.paths, "paths", 10, "how many paths each of these Ingresses has")
	flags.IntVar(&o.changes, "changes", 1000, "how many changes of Ingresses there are")
	flags.Func("controller", "with -ingresses, `name=path` of a binary in place of -program; given again, builds take turns", o.addBuild)
	_ = flags.Parse(args) // the set that main passes exits on an error by itself
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: there are only flags, see -help", flags.Arg(0))
	case o.ingresses == 0 && len(o.builds) > 0:
		return o, errors.New("-controller is for -ingresses alone: write -program")
	case o.ingresses != 0 && o.ingresses <= fewIngresses:
		return o, fmt.Errorf("there must be more than %d Ingresses, which those are compared to", fewIngresses)
	case o.ingresses != 0 && (o.paths < 1 || o.changes < 2):
		return o, errors.New("there must be a path, and two changes")
	case o.services <= watchedServices:
		return o, fmt.Errorf("there must be more than %d services", watchedServices)
	case o.tasks < 1 || o.rate < 1 || o.duration < time.Second:
		return o, errors.New("there must be a Task, a change a second, and a second of them")
	}
	if len(o.builds) == 0 {
		o.builds = []build{{"warren", o.program}}
	}
	return o, nil
}

func (o *options) addBuild(text string) error {
	name, program, named := strings.Cut(text, "=")
	if !named || name == "" || program == "" {
		return fmt.Errorf("%q is no binary: write name=path", text)
	}
	o.builds = append(o.builds, build{name, program})
	return nil
}
