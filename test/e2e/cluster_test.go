// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	// patience is how long anything may take that a cluster does by itself, on a busy machine.
	patience = 2 * time.Minute
	// interval is the time between two looks.
	interval = 100 * time.Millisecond
)

// cluster is access to the cluster under test.
type cluster struct {
	client.Client
	// clientset is for what client.Client does not do: reading logs.
	clientset kubernetes.Interface
}

func connect() (*cluster, error) {
	if os.Getenv("KUBECONFIG") == "" {
		return nil, errors.New("KUBECONFIG is not set: name the file of the cluster to test against, which need not be the one that kubectl uses")
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 100, 200
	// Tests list kinds that are deprecated too, to see what is left of them.
	config.WarningHandler = rest.NoWarnings{}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("making a scheme: %w", err)
		}
	}
	k := &cluster{}
	if k.Client, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	if k.clientset, err = kubernetes.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	return k, nil
}

// await looks until check returns no error. It returns the last error if that takes longer than patience or ctx.
func await(ctx context.Context, what string, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var last error
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		// An error that comes from the end of ctx says nothing about the cluster.
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w: %w", what, ctx.Err(), last)
		case <-ticker.C:
		}
	}
}

// eventually is await for a test. It returns how long that took.
func eventually(t *testing.T, what string, check func(context.Context) error) time.Duration {
	t.Helper()
	began := time.Now()
	if err := await(t.Context(), what, check); err != nil {
		t.Fatal(err)
	}
	return time.Since(began)
}

// change applies edit to the object as it is in the cluster. It does so again if somebody else was faster.
func (k *cluster) change(t *testing.T, object client.Object, edit func()) {
	t.Helper()
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := k.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		edit()
		return k.Update(t.Context(), object)
	})
	if err != nil {
		t.Fatalf("changing %T %s: %v", object, object.GetName(), err)
	}
}
