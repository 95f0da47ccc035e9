// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	systemNamespace = "warren-system"
	systemName      = "warren-ingress"
	shippedImage    = "docker.io/warren-ingress"
	fieldOwner      = "warren-e2e"
)

// installation is warren-ingress in the cluster. Tests share it. They decide in which way it is installed.
type installation struct {
	kube *cluster
	// kustomized and charted are the ways that there are.
	kustomized, charted way
	// current is the way that was taken, or nil while nothing is installed. err says how that went.
	current way
	err     error
	// http and https are the addresses of the data plane, with ports, at which this process reaches it.
	http, https string
}

// way gets warren-ingress into a cluster and out of it.
type way interface {
	// install returns when every object is there.
	install(ctx context.Context) error
	// uninstall removes what install made, as far as it got. It returns when all is gone.
	uninstall(ctx context.Context) error
}

// by installs warren-ingress in that way, and in no other. Nil is for none.
func (i *installation) by(ctx context.Context, w way) error {
	if i.current == w {
		return i.err
	}
	if i.current != nil {
		if err := errors.Join(i.kube.removeScenes(ctx), i.current.uninstall(ctx)); err != nil {
			return err
		}
	}
	if i.current, i.err = w, nil; w != nil {
		i.err = i.install(ctx)
	}
	return i.err
}

// install returns when all replicas serve and can be reached.
func (i *installation) install(ctx context.Context) error {
	if err := i.current.install(ctx); err != nil {
		return err
	}
	if err := await(ctx, "the controller's Deployment", i.available); err != nil {
		return err
	}
	return await(ctx, "the data plane to be reached", i.reach)
}

// installed installs warren-ingress by config/default, unless it is.
func installed(t *testing.T) {
	t.Helper()
	if err := warren.by(t.Context(), warren.kustomized); err != nil {
		t.Fatalf("installing: %v", err)
	}
}

// available fails until every replica of the Deployment's present version is ready.
func (i *installation) available(ctx context.Context) error {
	var deployment appsv1.Deployment
	if err := i.kube.Get(ctx, client.ObjectKey{Namespace: systemNamespace, Name: systemName}, &deployment); err != nil {
		return err
	}
	return rolledOut(&deployment)
}

// rolledOut fails until a Deployment has exactly the wanted pods, all of its present version and ready.
func rolledOut(d *appsv1.Deployment) error {
	wanted, is := *d.Spec.Replicas, d.Status
	if is.ObservedGeneration != d.Generation || is.UpdatedReplicas != wanted || is.Replicas != wanted || is.AvailableReplicas != wanted {
		return fmt.Errorf("of %d replicas of %s %d are updated and %d available, and there are %d", wanted, d.Name, is.UpdatedReplicas, is.AvailableReplicas, is.Replicas)
	}
	return nil
}

// reach finds the address at which this process reaches the data plane.
func (i *installation) reach(ctx context.Context) error {
	var service corev1.Service
	if err := i.kube.Get(ctx, client.ObjectKey{Namespace: systemNamespace, Name: systemName}, &service); err != nil {
		return err
	}
	var nodes corev1.NodeList
	if err := i.kube.List(ctx, &nodes); err != nil {
		return err
	}
	var tried []string
	for _, c := range candidates(&service, nodes.Items) {
		if reachable(c.http) && reachable(c.https) {
			i.http, i.https = c.http, c.https
			return nil
		}
		tried = append(tried, c.http)
	}
	return fmt.Errorf("nothing answers at %s: run the tests where one of these is reached", strings.Join(tried, ", "))
}

type addresses struct{ http, https string }

// candidates returns the addresses at which the data plane might be reached.
func candidates(service *corev1.Service, nodes []corev1.Node) []addresses {
	ports := map[string]corev1.ServicePort{}
	for _, port := range service.Spec.Ports {
		ports[port.Name] = port
	}
	at := func(host string, port func(corev1.ServicePort) int32) addresses {
		join := func(name string) string { return net.JoinHostPort(host, strconv.Itoa(int(port(ports[name])))) }
		return addresses{http: join("http"), https: join("https")}
	}
	ofService := func(p corev1.ServicePort) int32 { return p.Port }
	ofNode := func(p corev1.ServicePort) int32 { return p.NodePort }

	found := []addresses{at(service.Spec.ClusterIP, ofService)}
	for _, balancer := range service.Status.LoadBalancer.Ingress {
		found = append(found, at(max(balancer.IP, balancer.Hostname), ofService))
	}
	if ports["http"].NodePort == 0 {
		return found
	}
	for _, node := range nodes {
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP || address.Type == corev1.NodeExternalIP {
				found = append(found, at(address.Address, ofNode))
			}
		}
	}
	return found
}

func reachable(address string) bool {
	conn, err := net.DialTimeout("tcp", address, 2*time.Second)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// gone fails while an object is there.
func (k *cluster) gone(ctx context.Context, object client.Object) error {
	there := object.DeepCopyObject().(client.Object)
	switch err := k.Get(ctx, client.ObjectKeyFromObject(object), there); {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	return errors.New("it is still there")
}

// printLogs prints the log of every replica. If a cluster gives no logs, that is no further failure.
func (i *installation) printLogs(ctx context.Context) {
	var pods corev1.PodList
	if err := i.kube.List(ctx, &pods, client.InNamespace(systemNamespace)); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: finding the controller's pods:", err)
		return
	}
	for _, pod := range pods.Items {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		log, err := i.kube.clientset.CoreV1().Pods(systemNamespace).GetLogs(pod.Name, &corev1.PodLogOptions{}).DoRaw(ctx)
		cancel()
		if err != nil {
			fmt.Fprintf(os.Stderr, "e2e: reading the log of pod %s, which is %s: %v\n", pod.Name, pod.Status.Phase, err)
			continue
		}
		fmt.Fprintf(os.Stderr, "--- the log of pod %s\n%s", pod.Name, log)
	}
}

// setting is an environment variable, or fallback if it is not set.
func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
