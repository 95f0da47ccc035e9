// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// fieldOwner is who the applied fields belong to.
const fieldOwner = client.FieldOwner("make-run")

// apply writes the namespaces and then the objects with server-side apply. It removes the Tasks of demo tasks that an
// earlier run had and this one has not. All else that the API stores stays as it is.
func apply(ctx context.Context, config *rest.Config, namespaces []string, objects []*unstructured.Unstructured) error {
	c, err := client.New(config, client.Options{})
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	kept := map[types.NamespacedName]bool{}
	for _, object := range append(namespaceObjects(namespaces, objects), objects...) {
		applied := object.DeepCopy()
		err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(applied), fieldOwner, client.ForceOwnership)
		if err != nil {
			return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		if isKind(object, "Task") {
			kept[client.ObjectKeyFromObject(object)] = true
		}
	}

	tasks := &unstructured.UnstructuredList{}
	tasks.SetGroupVersionKind(schema.GroupVersionKind{Group: group, Version: "v1alpha1", Kind: "TaskList"})
	if err := c.List(ctx, tasks, client.HasLabels{demoLabel}); err != nil {
		return fmt.Errorf("listing the Tasks of earlier runs: %w", err)
	}
	for i := range tasks.Items {
		task := &tasks.Items[i]
		if kept[client.ObjectKeyFromObject(task)] {
			continue
		}
		if err := client.IgnoreNotFound(c.Delete(ctx, task)); err != nil {
			return fmt.Errorf("removing the Task %s of an earlier run: %w", task.GetName(), err)
		}
	}
	return nil
}

// namespaceObjects returns the given namespaces and those that the objects are in. The API makes default by itself, and
// applying it does no harm.
func namespaceObjects(names []string, objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	var made []*unstructured.Unstructured
	seen := map[string]bool{"": true}
	add := func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		namespace := &unstructured.Unstructured{}
		namespace.SetAPIVersion("v1")
		namespace.SetKind("Namespace")
		namespace.SetName(name)
		made = append(made, namespace)
	}
	for _, name := range names {
		add(name)
	}
	for _, object := range objects {
		add(object.GetNamespace())
	}
	return made
}
