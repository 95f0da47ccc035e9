//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	kyaml "sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/test/kubeapi"
)

const (
	systemNamespace = "warren-system"
	systemName      = "warren-ingress"
	shippedImage    = "docker.io/warren-ingress"
	fieldOwner      = "warren-e2e"
)

// installation is config/default as it is in the cluster.
type installation struct {
	kube    *cluster
	objects []*unstructured.Unstructured
	// applied are the first so many of the objects.
	applied int
	// http and https are the addresses of the data plane, with ports, as far as this process can reach it.
	http, https string
}

// install applies config/default and returns when both replicas serve. What it returns with an error has still to be
// uninstalled, and is nil if there is nothing to uninstall.
func install(ctx context.Context, kube *cluster) (*installation, error) {
	objects, err := render(ctx, setting("E2E_IMAGE", shippedImage+":dev"))
	if err != nil {
		return nil, err
	}
	for _, object := range objects {
		there := object.DeepCopy()
		switch err := kube.Get(ctx, client.ObjectKeyFromObject(object), there); {
		case err == nil:
			return nil, fmt.Errorf("the %s %s is in the cluster already: these tests install warren-ingress themselves and remove it with all of its objects; uninstall it first, or use a cluster of their own",
				object.GetKind(), object.GetName())
		case !apierrors.IsNotFound(err):
			return nil, fmt.Errorf("looking whether warren-ingress is installed: %w", err)
		}
	}
	i := &installation{kube: kube, objects: objects}
	for _, object := range objects {
		sent := client.ApplyConfigurationFromUnstructured(object.DeepCopy())
		if err := kube.Apply(ctx, sent, client.FieldOwner(fieldOwner)); err != nil {
			return i, fmt.Errorf("applying the %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		i.applied++
	}
	if err := await(ctx, "the controller's Deployment", i.available); err != nil {
		return i, err
	}
	return i, await(ctx, "the data plane to be reached", i.reach)
}

// render is what "kubectl apply -k" would apply with the image replaced in the way that the documentation tells.
func render(ctx context.Context, image string) ([]*unstructured.Unstructured, error) {
	checkout, err := kubeapi.Checkout()
	if err != nil {
		return nil, err
	}
	// A module of its own builds kustomize; make knows how, and does nothing if it is built.
	if output, err := exec.CommandContext(ctx, "make", "-C", checkout, "bin/kustomize").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building kustomize: %w\n%s", err, output)
	}
	overlay, err := os.MkdirTemp("", "warren-e2e-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the overlay: %w", err)
	}
	defer func() { _ = os.RemoveAll(overlay) }()
	if err := writeOverlay(overlay, filepath.Join(checkout, "config", "default"), image); err != nil {
		return nil, fmt.Errorf("writing the overlay: %w", err)
	}
	var complaints bytes.Buffer
	build := exec.CommandContext(ctx, filepath.Join(checkout, "bin", "kustomize"), "build", overlay)
	build.Stderr = &complaints
	output, err := build.Output()
	if err != nil {
		return nil, fmt.Errorf("building config/default: %w\n%s", err, complaints.Bytes())
	}
	return parse(output)
}

// writeOverlay writes a kustomization that is base with another image.
func writeOverlay(folder, base, image string) error {
	// Kustomize wants its bases relative, and looks at where symbolic links lead.
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return err
	}
	if base, err = filepath.EvalSymlinks(base); err != nil {
		return err
	}
	if base, err = filepath.Rel(folder, base); err != nil {
		return err
	}
	replaced := map[string]string{"name": shippedImage}
	if name, digest, ok := strings.Cut(image, "@"); ok {
		replaced["newName"], replaced["digest"] = name, digest
	} else if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		replaced["newName"], replaced["newTag"] = image[:colon], image[colon+1:]
	} else {
		return fmt.Errorf("image %q has no tag: write one, such as %s:dev", image, shippedImage)
	}
	content, err := kyaml.Marshal(map[string]any{
		"apiVersion": "kustomize.config.k8s.io/v1beta1",
		"kind":       "Kustomization",
		"resources":  []string{base},
		"images":     []any{replaced},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "kustomization.yaml"), content, 0o600)
}

func parse(manifests []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096); ; {
		object := &unstructured.Unstructured{}
		switch err := decoder.Decode(object); {
		case errors.Is(err, io.EOF):
			return objects, nil
		case err != nil:
			return nil, fmt.Errorf("parsing what kustomize made: %w", err)
		}
		objects = append(objects, object)
	}
}

// available fails until every replica of the Deployment's present form is ready.
func (i *installation) available(ctx context.Context) error {
	var deployment appsv1.Deployment
	if err := i.kube.Get(ctx, client.ObjectKey{Namespace: systemNamespace, Name: systemName}, &deployment); err != nil {
		return err
	}
	return rolledOut(&deployment)
}

// rolledOut fails until all pods of a Deployment, and no others, are of its present form and ready.
func rolledOut(d *appsv1.Deployment) error {
	wanted, is := *d.Spec.Replicas, d.Status
	if is.ObservedGeneration != d.Generation || is.UpdatedReplicas != wanted || is.Replicas != wanted || is.AvailableReplicas != wanted {
		return fmt.Errorf("of %d replicas of %s %d are updated and %d available, and there are %d", wanted, d.Name, is.UpdatedReplicas, is.AvailableReplicas, is.Replicas)
	}
	return nil
}

// reach finds out by which address the data plane can be reached from here.
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

// candidates are the addresses under which the data plane might be reached.
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

// uninstall deletes what install applied, and returns when it is gone.
func (i *installation) uninstall(ctx context.Context) error {
	applied := slices.Clone(i.objects[:i.applied])
	// What others need goes last, as it came first: the definitions, the namespace.
	slices.Reverse(applied)
	for _, object := range applied {
		if err := i.kube.Delete(ctx, object.DeepCopy()); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("uninstalling: %w", err)
		}
	}
	for _, object := range applied {
		what := fmt.Sprintf("the %s %s to go", object.GetKind(), object.GetName())
		if err := await(ctx, what, func(ctx context.Context) error { return i.kube.gone(ctx, object) }); err != nil {
			return fmt.Errorf("uninstalling: %w", err)
		}
	}
	return nil
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

// printLogs shows the log of every replica. A cluster that does not hand out logs is no further failure.
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
