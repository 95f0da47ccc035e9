// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// runFiles serves the samples from files, without a Kubernetes API. It returns as run does.
func runFiles(ctx context.Context, o options, paths files, p plan) error {
	if o.acme {
		return errors.New("-acme is given with -files: no certificate is ordered without a Kubernetes API; leave one of the two out")
	}
	if err := writeObjects(paths.objects, p.objects); err != nil {
		return err
	}
	stopDemos, err := startDemos(p.demos)
	if err != nil {
		return err
	}
	defer stopDemos()
	fmt.Printf("Wrote %d samples into %s and started %d demo tasks.\n", len(p.objects), paths.objects, len(p.demos))
	return serve(ctx, o, paths, p)
}

// writeObjects writes each object into a file of the folder. Files of the folder that are none of these stay.
func writeObjects(folder string, objects []*unstructured.Unstructured) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the folder of the samples: %w", err)
	}
	for _, object := range objects {
		text, err := yaml.Marshal(object.Object)
		if err != nil {
			return fmt.Errorf("writing the sample %s: %w", object.GetName(), err)
		}
		if err := os.WriteFile(filepath.Join(folder, fileName(object)), text, 0o644); err != nil {
			return fmt.Errorf("writing the sample %s: %w", object.GetName(), err)
		}
	}
	return nil
}

// fileName is another one for each object of a namespace. Both kinds of Ingress are called Ingress.
func fileName(object *unstructured.Unstructured) string {
	kind := object.GroupVersionKind().GroupKind()
	if kind.Group == group {
		kind.Group = ""
	}
	return strings.ToLower(kind.String()) + "_" + object.GetName() + ".yaml"
}

// howToEdit says how to go on with files.
func howToEdit(paths files, adminPort int) string {
	return fmt.Sprintf("\nEdit what is in %s, or put files there, and look at what is printed here. In another shell:\n\n  %s explain demo.localhost --admin-address=%s\n",
		paths.objects, paths.controller, loopback(adminPort))
}
