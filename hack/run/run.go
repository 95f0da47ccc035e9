// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/warren-dev/ingress/cli/process"
	"github.com/warren-dev/ingress/test/kubeapi"
)

const (
	// controllerNamespace is where the controller keeps its own objects, such as its Lease.
	controllerNamespace = "warren-system"
	// readyLimit and serveLimit are for a machine that is busy with other things. A quiet one needs two seconds for both.
	readyLimit = 60 * time.Second
	serveLimit = 30 * time.Second
)

// run starts everything and prints how to use it. It returns when ctx has ended and everything is stopped, or when a
// part has failed.
func run(ctx context.Context, o options) (err error) {
	checkout, err := kubeapi.Checkout()
	if err != nil {
		return err
	}
	paths := filesOf(checkout, o)
	if _, err := os.Stat(paths.controller); err != nil {
		return fmt.Errorf("the controller is not built (%w): use make run, which builds it", err)
	}
	samples, err := readSamples(paths.samples)
	if err != nil {
		return err
	}
	offered, err := readOffered(o, paths)
	if err != nil {
		return err
	}
	p := makePlan(samples, offered, o.ports.firstDemo, machineAddress())
	if err := o.checkPorts(len(p.demos)); err != nil {
		return err
	}
	if o.files {
		return runFiles(ctx, o, paths, p)
	}

	fmt.Printf("Starting a Kubernetes API on %s; its data are in %s.\n", loopback(o.ports.api), filepath.Dir(paths.data))
	api, closeLogs, err := startAPI(paths, o.ports.api)
	if err != nil {
		return err
	}
	defer func() {
		fmt.Println("Stopping the Kubernetes API.")
		err = errors.Join(err, api.Stop(), closeLogs())
	}()
	kubeconfig, err := process.Note(api.Kubeconfig, loopback(o.ports.admin))
	if err != nil {
		return err
	}
	if err := os.WriteFile(paths.kubeconfig, kubeconfig, 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}

	stopDemos, err := startDemos(p.demos)
	if err != nil {
		return err
	}
	defer stopDemos()
	if err := apply(ctx, api.Config, []string{controllerNamespace}, p.objects); err != nil {
		return err
	}
	fmt.Printf("Applied %d samples and started %d demo tasks.\n", len(samples), len(p.demos))

	return serve(ctx, o, paths, p)
}

// startAPI also opens the files that the API's servers log to. The function that it returns closes them.
func startAPI(paths files, port int) (*kubeapi.Server, func() error, error) {
	if err := os.MkdirAll(paths.data, 0o700); err != nil {
		return nil, nil, fmt.Errorf("making the data folder: %w", err)
	}
	etcdLog, err := os.Create(paths.etcdLog)
	if err != nil {
		return nil, nil, fmt.Errorf("making etcd's log: %w", err)
	}
	serverLog, err := os.Create(paths.serversLog)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("making the API server's log: %w", err), etcdLog.Close())
	}
	closeLogs := func() error { return errors.Join(etcdLog.Close(), serverLog.Close()) }

	api, err := kubeapi.New(kubeapi.Options{Programs: paths.programs, DataDir: paths.data, Port: port, EtcdLog: etcdLog, APIServerLog: serverLog})
	if err != nil {
		return nil, nil, errors.Join(err, closeLogs())
	}
	return api, closeLogs, nil
}

// serve runs the controller, and the authority if there is one. It waits until the samples are served and says how to
// reach them. It stays until ctx ends or one of the two does.
func serve(ctx context.Context, o options, paths files, p plan) error {
	signalled := ctx
	args := controllerArgs(o, paths)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	if o.acme {
		a := newAuthority(o, paths)
		running.Go(func() { cancel(a.run(ctx)) })
		directory, err := a.ready(ctx)
		if err != nil {
			cancel(err)
			running.Wait()
			return context.Cause(ctx)
		}
		args = append([]string{"--acme-directory=" + directory, "--acme-ca-file=" + a.caFile()}, args...)
	}
	c := &child{
		name:         "controller",
		path:         paths.controller,
		args:         args,
		output:       &prefixedLines{to: os.Stdout, prefix: "controller | "},
		news:         os.Stdout,
		restartDelay: restartDelay,
	}
	running.Go(func() { cancel(c.supervise(ctx)) })

	err := announce(ctx, o, paths, p)
	if err == nil {
		<-ctx.Done()
	}
	if signalled.Err() != nil {
		fmt.Println("\nStopping the controller.")
	}
	cancel(err)
	running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// controllerArgs returns the controller's flags. What the user gave comes last, so that it prevails.
func controllerArgs(o options, paths files) []string {
	from := []string{"--kubeconfig=" + paths.kubeconfig, "--namespace=" + controllerNamespace, "--publish-address=127.0.0.1"}
	if o.files {
		from = []string{"--filename=" + paths.objects}
	}
	args := slices.Concat(from, []string{
		"--allow-local-tasks",
		"--drain-timeout=3s",
		"--http-address=" + loopback(o.ports.http),
		"--https-address=" + loopback(o.ports.https),
		"--metrics-address=" + loopback(o.ports.metrics),
		"--health-address=" + loopback(o.ports.health),
		"--admin-address=" + loopback(o.ports.admin),
		// Nothing balances in front of a single replica, so nobody needs time to notice that it goes.
		"--drain-delay=0s",
		"--zap-encoder=console",
		"--zap-time-encoding=rfc3339",
	})
	return append(args, o.controllerArgs...)
}

// announce waits until every sample is served, or has another answer that will not change. Then it prints what to type.
func announce(ctx context.Context, o options, paths files, p plan) error {
	readyz := "http://" + loopback(o.ports.health) + "/readyz"
	err := waitFor(ctx, readyLimit, "the controller did not become ready at "+readyz, func(ctx context.Context) bool {
		return ready(ctx, readyz)
	})
	if err != nil {
		return err
	}
	prober := newProber(o.ports.http)
	answers := make([]answer, len(p.routes))
	err = waitFor(ctx, serveLimit, "not every sample was served", func(ctx context.Context) bool {
		settled := true
		for i, r := range p.routes {
			if !answers[i].settled() {
				answers[i] = prober.try(ctx, r)
			}
			settled = settled && answers[i].settled()
		}
		return settled
	})
	if err != nil && ctx.Err() != nil {
		return err
	}
	// It lists a sample that is not served after all that time with its answer. The rest is still of use.
	next := howToAsk(paths)
	switch {
	case o.files:
		next = howToEdit(paths, o.ports.admin)
	case o.acme:
		next += newAuthority(o, paths).howToOrder(paths, p.offered)
	}
	describe(os.Stdout, prober, p.routes, answers, pageAt(o.ports.admin)+next)
	return nil
}

// pageAt says where the page is.
func pageAt(adminPort int) string {
	return fmt.Sprintf("\nThe page that shows what is served, and why: http://%s/\n", loopback(adminPort))
}

// howToAsk says how to go on with a Kubernetes API.
func howToAsk(paths files) string {
	return fmt.Sprintf("\nTo use kubectl in another shell:\n\n  export KUBECONFIG=%s\n  export PATH=%s:%s:$PATH\n\n"+
		"Then \"kubectl warren ls\" says what is served, and \"kubectl warren explain URL\" why.\n",
		paths.kubeconfig, paths.programs, filepath.Dir(paths.plugin))
}

// describe says what is served. next says how to go on.
func describe(w io.Writer, prober *prober, routes []route, answers []answer, next string) {
	var served, others strings.Builder
	for i, r := range routes {
		if answers[i].serves() {
			fmt.Fprintf(&served, "  %s\n", prober.curl(r))
			continue
		}
		fmt.Fprintf(&others, "  %s   # %s\n", prober.curl(r), answers[i])
	}
	var text strings.Builder
	if served.Len() > 0 {
		text.WriteString("\nServing. These answer 200:\n\n" + served.String())
	}
	if others.Len() > 0 {
		text.WriteString("\nThese answer something else:\n\n" + others.String())
	}
	text.WriteString(next + "\nCtrl-C ends everything.\n\n")
	// Without a terminal to print to there is nobody to tell.
	_, _ = io.WriteString(w, text.String())
}
