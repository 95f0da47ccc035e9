// SPDX-License-Identifier: Apache-2.0

// Command run serves the samples of this checkout on one machine: a Kubernetes API of its own, the resource
// definitions, demo tasks that answer real HTTP, and the controller as a child process. It prints the curl lines that
// work, and ends everything it started on Ctrl-C. What the API stores stays in .run/ for the next start.
//
// With -files there is no API: the samples are written into .run/try, and the controller serves that folder.
//
// Arguments after the flags go to the controller as they are.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	options := parseOptions(flag.CommandLine, os.Args[1:])
	// The embedded API is started through a library that complains when nobody wants its log.
	log.SetLogger(logr.Discard())

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// After the first signal, a second one ends this process at once. Its children notice and follow.
	context.AfterFunc(ctx, stop)

	err := run(ctx, options)
	if errors.Is(err, context.Canceled) {
		// It was asked to end before it began to serve.
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

// options is what the flags say.
type options struct {
	ports ports
	// acme makes the controller order certificates from an authority of this run's own.
	acme bool
	// files has the controller serve the samples from files, without a Kubernetes API.
	files          bool
	controller     string // the file, empty for the checkout's
	programs       string // the folder of the API's programs, empty for the checkout's
	data           string // the folder, empty for the checkout's
	controllerArgs []string
}

func parseOptions(flags *flag.FlagSet, args []string) options {
	o := options{ports: defaultPorts()}
	for _, p := range o.ports.named() {
		flags.IntVar(p.number, p.flag, *p.number, "`port` on 127.0.0.1: "+p.purpose)
	}
	flags.BoolVar(&o.acme, "acme", false, "run a certificate authority too, for the controller to order from")
	flags.BoolVar(&o.files, "files", false, "serve the samples from files, without a Kubernetes API")
	flags.StringVar(&o.controller, "controller", "", "`file` of the controller (default bin/warren-ingress)")
	flags.StringVar(&o.programs, "programs", "", "`folder` of etcd, kube-apiserver and kubectl (default bin/kube)")
	flags.StringVar(&o.data, "data", "", "`folder` of what is kept for the next start (default .run)")
	// The set that main passes exits on an error by itself.
	_ = flags.Parse(args)
	o.controllerArgs = flags.Args()
	return o
}

// checkPorts returns an error that names each port that cannot be had. demos is the number of demo tasks.
func (o *options) checkPorts(demos int) error {
	var unused []*int
	if !o.acme {
		unused = append(unused, &o.ports.authority)
	}
	if o.files {
		unused = append(unused, &o.ports.api)
	}
	return o.ports.check(demos, unused...)
}

// files are the paths that a run reads and writes.
type files struct {
	controller, plugin, pebble, programs, samples string
	data, kubeconfig, etcdLog, serversLog         string
	// acme is the folder of the files that the authority is trusted by, and objects the one that is served with -files.
	acme, objects string
}

func filesOf(checkout string, o options) files {
	own := filepath.Join(checkout, ".run")
	if o.data != "" {
		own = o.data
	}
	controller := filepath.Join(checkout, "bin", "warren-ingress")
	if o.controller != "" {
		controller = o.controller
	}
	programs := filepath.Join(checkout, "bin", "kube")
	if o.programs != "" {
		programs = o.programs
	}
	return files{
		controller: controller,
		plugin:     filepath.Join(checkout, "bin", "kubectl-warren"),
		pebble:     filepath.Join(checkout, "bin", "pebble"),
		programs:   programs,
		samples:    filepath.Join(checkout, "config", "samples"),
		acme:       filepath.Join(own, "acme"),
		objects:    filepath.Join(own, "try"),
		data:       filepath.Join(own, "etcd"),
		kubeconfig: filepath.Join(own, "kubeconfig"),
		etcdLog:    filepath.Join(own, "etcd.log"),
		serversLog: filepath.Join(own, "kube-apiserver.log"),
	}
}
