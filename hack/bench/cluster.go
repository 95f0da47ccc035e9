// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// longestPause is how long the Kubernetes API may stand still. The controller gives up a connection that has been
// silent for 45 seconds, and would then spend time on making new ones.
const longestPause = 15 * time.Second

// cluster is the Kubernetes API that the controller reads. While something is measured it stands still, because it
// would run on the proxy's core as well.
type cluster struct {
	server  *kubeapi.Server
	client  client.Client
	applied map[string]bool
	// servers are the processes of the API.
	servers []int
	paused  time.Time
}

func startCluster() (*cluster, error) {
	server, err := kubeapi.New(kubeapi.Options{})
	if err != nil {
		return nil, err
	}
	c := &cluster{server: server, applied: map[string]bool{}}
	if err := c.connect(); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return c, nil
}

func (c *cluster) connect() error {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme), networkingv1.AddToScheme(scheme)); err != nil {
		return fmt.Errorf("describing the objects: %w", err)
	}
	var err error
	if c.client, err = client.New(c.server.Config, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	ids, err := descendants(os.Getpid())
	if err != nil {
		return err
	}
	for _, id := range ids {
		// Another child may have ended since it was listed.
		if s, err := readStat(id); err == nil && (s.name == "etcd" || s.name == "kube-apiserver") {
			c.servers = append(c.servers, id)
		}
	}
	if len(c.servers) != 2 {
		return fmt.Errorf("found %d processes of the Kubernetes API, want etcd and kube-apiserver", len(c.servers))
	}
	return nil
}

func (c *cluster) kubeconfig() []byte { return c.server.Kubeconfig }

func (c *cluster) stop() error {
	return errors.Join(c.resume(), c.server.Stop())
}

// apply makes a scenario's objects, unless an earlier row did, and returns their namespace.
func (c *cluster) apply(ctx context.Context, of *configuration) (namespace string, err error) {
	namespace = "bench-" + of.name
	if c.applied[namespace] {
		return namespace, nil
	}
	made, err := objects(of, namespace)
	if err != nil {
		return "", err
	}
	for _, object := range made {
		err := c.client.Create(ctx, object)
		if apierrors.IsAlreadyExists(err) && object.GetNamespace() == "" { // Scenarios share the class of ingress-nginx.
			err = nil
		}
		if err != nil {
			return "", fmt.Errorf("applying %T %s: %w", object, object.GetName(), err)
		}
	}
	c.applied[namespace] = true
	return namespace, nil
}

// served returns nil when every Ingress of ours in a namespace says that all of it is served. Others cannot say so.
func (c *cluster) served(ctx context.Context, namespace string) error {
	var ingresses v1alpha1.IngressList
	if err := c.client.List(ctx, &ingresses, client.InNamespace(namespace)); err != nil {
		return fmt.Errorf("listing Ingresses: %w", err)
	}
	for i := range ingresses.Items {
		ingress := &ingresses.Items[i]
		wanted := map[string]string{
			v1alpha1.ConditionAccepted:     v1alpha1.ReasonAccepted,
			v1alpha1.ConditionResolvedRefs: v1alpha1.ReasonResolvedRefs,
			v1alpha1.ConditionProgrammed:   v1alpha1.ReasonProgrammed,
		}
		if ingress.Spec.TLS != nil {
			wanted[v1alpha1.ConditionCertificateReady] = v1alpha1.ReasonCertificateValid
		}
		for kind, reason := range wanted {
			if err := fulfilled(ingress, kind, reason); err != nil {
				return err
			}
		}
	}
	return nil
}

func fulfilled(ingress *v1alpha1.Ingress, kind, reason string) error {
	got := meta.FindStatusCondition(ingress.Status.Conditions, kind)
	switch {
	case got == nil || got.ObservedGeneration != ingress.Generation:
		return fmt.Errorf("the Ingress %s has no condition %s of this generation", ingress.Name, kind)
	case got.Status != metav1.ConditionTrue || got.Reason != reason:
		return fmt.Errorf("the Ingress %s has %s %s, reason %s: %s", ingress.Name, kind, got.Status, got.Reason, strings.TrimSpace(got.Message))
	}
	return nil
}

// pause makes the API stand still. If the API has stood still for long, it first lets it catch up.
func (c *cluster) pause(ctx context.Context) error {
	if !c.paused.IsZero() && time.Since(c.paused) < longestPause {
		return nil
	}
	if err := c.resume(); err != nil {
		return err
	}
	const breath = 300 * time.Millisecond
	if !pause(ctx, breath) {
		return ctx.Err()
	}
	c.paused = time.Now()
	return c.signal(syscall.SIGSTOP)
}

// resume lets the API go on.
func (c *cluster) resume() error {
	c.paused = time.Time{}
	return c.signal(syscall.SIGCONT)
}

func (c *cluster) signal(s syscall.Signal) error {
	for _, id := range c.servers {
		if err := syscall.Kill(id, s); err != nil {
			return fmt.Errorf("sending %s to the Kubernetes API: %w", s, err)
		}
	}
	return nil
}
