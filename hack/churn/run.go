// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// These goals are printed beside the figures.
const (
	effectGoal = 500 * time.Millisecond
	writesGoal = 50
)

func run(ctx context.Context, o options) (err error) {
	server, err := kubeapi.New(kubeapi.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("describing the objects: %w", err)
	}
	c, err := client.New(server.Config, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	folder, err := os.MkdirTemp("", "churn-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	backends := [2]backend{startBackend("one"), startBackend("another")}
	defer backends[0].server.Close()
	defer backends[1].server.Close()
	if o.ingresses > 0 {
		compared := &ingressChanges{options: o, client: c, backends: backends, folder: folder, kubeconfig: server.Kubeconfig}
		return compared.run(ctx)
	}
	fmt.Printf("making %d Tasks of %d services\n", o.services*o.tasks, o.services)
	if err := populate(ctx, c, o, backends[0].address); err != nil {
		return err
	}
	proxy, err := newController(ctx, o.program, folder, namespace, server.Kubeconfig)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := proxy.start(ctx); err != nil {
		return err
	}
	defer func() { _ = proxy.stop() }()
	fmt.Printf("served all of them %.1f s after its start; changing %d a second for %v\n", time.Since(began).Seconds(), o.rate, o.duration)
	writes, err := newStatusWrites(server.Config)
	if err != nil {
		return err
	}
	made := &changes{options: o, client: c, address: proxy.http, backends: backends}
	return measure(ctx, made, proxy, writes)
}

// measure makes the changes and prints what came of them.
func measure(ctx context.Context, c *changes, proxy *controller, writes *statusWrites) error {
	before, err := proxy.usage()
	if err != nil {
		return err
	}
	counting, stop := context.WithCancel(ctx)
	defer stop()
	type counted struct {
		most float64
		err  error
	}
	done := make(chan counted, 1)
	go func() {
		most, err := writes.busiest(counting)
		done <- counted{most, err}
	}()
	began := time.Now()
	err = c.run(ctx)
	took := time.Since(began)
	stop()
	status := <-done
	if err := errors.Join(err, status.err); err != nil {
		return fmt.Errorf("%w; the controller's log:\n%s", err, proxy.log.String())
	}
	after, err := proxy.usage()
	if err != nil {
		return err
	}
	slices.Sort(c.effects)
	cpu := after.cpu - before.cpu
	fmt.Printf("changes written           %d in %.1f s, %.0f a second\n", c.written, took.Seconds(), float64(c.written)/took.Seconds())
	fmt.Printf("change to effect          p50 %v, p99 %v, longest %v of %d that were watched (goal: p99 below %v)\n",
		roundedQuantile(c.effects, 0.5), roundedQuantile(c.effects, 0.99), roundedQuantile(c.effects, 1), len(c.effects), effectGoal)
	fmt.Printf("the controller's CPU time %.1f s, %.1f %% of a core\n", cpu.Seconds(), 100*cpu.Seconds()/took.Seconds())
	fmt.Printf("its memory                %d MiB, %d at most\n", after.resident>>10, after.peak>>10)
	fmt.Printf("writes of status          %.0f a second at most, over %v (goal: below %d)\n", status.most, writesInterval, writesGoal)
	return nil
}

// quantile returns the element at a share of a sorted list.
func quantile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}

// roundedQuantile is the same in milliseconds.
func roundedQuantile(sorted []time.Duration, share float64) time.Duration {
	return quantile(sorted, share).Round(time.Millisecond)
}
