// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// chart is the Helm chart. Its release has the name and the namespace that config/default has.
type chart struct {
	kube *cluster
	// folder is where Helm keeps its files.
	folder string
}

// helm runs Helm.
func (c *chart) helm(ctx context.Context, arguments ...string) error {
	checkout, err := kubeapi.Checkout()
	if err != nil {
		return err
	}
	// Helm is built from a module of its own. make knows how, and does nothing if it is built.
	if output, err := exec.CommandContext(ctx, "make", "-C", checkout, "bin/helm").CombinedOutput(); err != nil {
		return fmt.Errorf("building Helm: %w\n%s", err, output)
	}
	command := exec.CommandContext(ctx, filepath.Join(checkout, "bin", "helm"), append(arguments, "--namespace="+systemNamespace)...)
	command.Env = append(os.Environ(), "HELM_CACHE_HOME="+c.folder, "HELM_CONFIG_HOME="+c.folder, "HELM_DATA_HOME="+c.folder)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("helm %s: %w\n%s", strings.Join(arguments, " "), err, output)
	}
	return nil
}

// apply installs the chart or upgrades it, with values as for --set. It returns when Helm says that all is ready.
func (c *chart) apply(ctx context.Context, verb string, values ...string) error {
	checkout, err := kubeapi.Checkout()
	if err != nil {
		return err
	}
	folder := filepath.Join(checkout, "config", "helm", "warren-ingress")
	return c.applyFrom(ctx, verb, folder, setting("E2E_IMAGE", shippedImage+":dev"), values...)
}

// applyFormer is apply with the chart and the image of the former version.
func (c *chart) applyFormer(ctx context.Context, verb string, values ...string) error {
	checkout, err := kubeapi.Checkout()
	if err != nil {
		return err
	}
	folder := setting("E2E_FORMER_CHART", filepath.Join(checkout, "bin", "former", "chart"))
	if _, err := os.Stat(folder); err != nil {
		return fmt.Errorf("the chart of the version before is not there (%w): run \"make former\" first", err)
	}
	return c.applyFrom(ctx, verb, folder, setting("E2E_FORMER_IMAGE", shippedImage+":former"), values...)
}

func (c *chart) applyFrom(ctx context.Context, verb, folder, image string, values ...string) error {
	name, tag, digest, err := splitImage(image)
	if err != nil {
		return err
	}
	arguments := []string{verb, systemName, folder, "--wait", "--timeout=" + patience.String()}
	for _, value := range append([]string{
		"image.repository=" + name, "image.tag=" + tag, "image.digest=" + digest,
		// Helm would wait for the address of a load balancer. Not every cluster makes one.
		"service.type=NodePort",
	}, values...) {
		arguments = append(arguments, "--set="+value)
	}
	return c.helm(ctx, arguments...)
}

func (c *chart) install(ctx context.Context) error {
	if err := c.makeNamespace(ctx); err != nil {
		return err
	}
	return c.apply(ctx, "install", "replicas=3")
}

func (c *chart) makeNamespace(ctx context.Context) error {
	// It is as strict as in config/default.
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: systemNamespace,
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"}}}
	if err := c.kube.Create(ctx, namespace); err != nil {
		return fmt.Errorf("making the namespace: %w", err)
	}
	return nil
}

// uninstall also deletes the definitions, which the chart leaves.
func (c *chart) uninstall(ctx context.Context) error {
	err := c.helm(ctx, "uninstall", systemName, "--ignore-not-found", "--wait", "--timeout="+patience.String())
	left := []client.Object{&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: systemNamespace}}}
	for _, plural := range []string{"ingresses", "routepolicies", "tasks", "tlscertificates"} {
		definition := &unstructured.Unstructured{}
		definition.SetAPIVersion("apiextensions.k8s.io/v1")
		definition.SetKind("CustomResourceDefinition")
		definition.SetName(plural + ".ingress.warren.dev")
		left = append(left, definition)
	}
	for _, object := range left {
		err = errors.Join(err, client.IgnoreNotFound(c.kube.Delete(ctx, object)))
	}
	for _, object := range left {
		err = errors.Join(err, await(ctx, object.GetName()+" to go", func(ctx context.Context) error { return c.kube.gone(ctx, object) }))
	}
	return err
}

// fleeting are kinds whose objects come and go by themselves.
var fleeting = []string{"events", "componentstatuses", "certificatesigningrequests", "namespaces", "nodes"}

// everything lists what is in the controller's namespace and what is in no namespace. It names each object by its
// resource and name.
func (k *cluster) everything(ctx context.Context) ([]string, error) {
	resources, err := k.clientset.Discovery().ServerPreferredResources()
	if err != nil {
		return nil, fmt.Errorf("asking for the kinds that there are: %w", err)
	}
	var found []string
	for _, group := range resources {
		version, err := schema.ParseGroupVersion(group.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, resource := range group.APIResources {
			if !slices.Contains(resource.Verbs, "list") || slices.Contains(fleeting, resource.Name) {
				continue
			}
			list := &metav1.PartialObjectMetadataList{}
			list.SetGroupVersionKind(version.WithKind(resource.Kind + "List"))
			in := client.InNamespace("")
			if resource.Namespaced {
				in = systemNamespace
			}
			if err := k.List(ctx, list, in); err != nil {
				return nil, fmt.Errorf("listing %s: %w", resource.Name, err)
			}
			for _, item := range list.Items {
				found = append(found, resource.Name+"/"+item.Name)
			}
		}
	}
	slices.Sort(found)
	return found, nil
}
