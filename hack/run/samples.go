// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	group         = "ingress.warren.dev"
	kustomization = "kustomization.yaml"
)

// readSamples returns the objects of a folder in the order of its kustomization, or of its files' names if it has none.
// An object that names no namespace is in default.
func readSamples(folder string) ([]*unstructured.Unstructured, error) {
	files, err := sampleFiles(folder)
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a sample: %w", err)
		}
		read, err := decode(content)
		if err != nil {
			return nil, fmt.Errorf("reading the sample %s: %w", file, err)
		}
		objects = append(objects, read...)
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("%s holds no samples to serve", folder)
	}
	return objects, nil
}

func sampleFiles(folder string) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(folder, kustomization))
	if errors.Is(err, os.ErrNotExist) {
		files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
		slices.Sort(files)
		return files, err
	}
	if err != nil {
		return nil, fmt.Errorf("reading the list of samples: %w", err)
	}
	var list struct {
		Resources []string `json:"resources"`
	}
	if err := yaml.Unmarshal(content, &list); err != nil {
		return nil, fmt.Errorf("reading the list of samples in %s: %w", filepath.Join(folder, kustomization), err)
	}
	var files []string
	for _, name := range list.Resources {
		files = append(files, filepath.Join(folder, name))
	}
	return files, nil
}

func decode(content []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), len(content)+1)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(object.Object) == 0 {
			continue // a document of comments alone
		}
		if object.GetKind() == "" || object.GetName() == "" {
			return nil, errors.New("every document needs apiVersion, kind and metadata.name")
		}
		if object.GetNamespace() == "" && object.GetKind() != "Namespace" {
			object.SetNamespace("default")
		}
		objects = append(objects, object)
	}
}

// isKind tells the kinds of this project from those of the same name in Kubernetes.
func isKind(object *unstructured.Unstructured, kind string) bool {
	id := object.GroupVersionKind()
	return id.Group == group && id.Kind == kind
}
