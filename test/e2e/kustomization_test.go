// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	kyaml "sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// kustomization is config/default.
type kustomization struct {
	kube    *cluster
	objects []*unstructured.Unstructured
	// applied is how many of the objects were applied, from the first on.
	applied int
}

func (k *kustomization) install(ctx context.Context) error {
	var err error
	if k.objects, err = render(ctx, setting("E2E_IMAGE", shippedImage+":dev")); err != nil {
		return err
	}
	k.applied = 0
	for _, object := range k.objects {
		there := object.DeepCopy()
		switch err := k.kube.Get(ctx, client.ObjectKeyFromObject(object), there); {
		case err == nil:
			return fmt.Errorf("the %s %s is in the cluster already: these tests install warren-ingress themselves and remove it with all of its objects; uninstall it first, or use a cluster of their own",
				object.GetKind(), object.GetName())
		case !apierrors.IsNotFound(err):
			return fmt.Errorf("looking whether warren-ingress is installed: %w", err)
		}
	}
	for _, object := range k.objects {
		sent := client.ApplyConfigurationFromUnstructured(object.DeepCopy())
		if err := k.kube.Apply(ctx, sent, client.FieldOwner(fieldOwner)); err != nil {
			return fmt.Errorf("applying the %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		k.applied++
	}
	return nil
}

func (k *kustomization) uninstall(ctx context.Context) error {
	applied := slices.Clone(k.objects[:k.applied])
	// What others need came first and goes last: the definitions, the namespace.
	slices.Reverse(applied)
	for _, object := range applied {
		if err := k.kube.Delete(ctx, object.DeepCopy()); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("uninstalling: %w", err)
		}
	}
	for _, object := range applied {
		what := fmt.Sprintf("the %s %s to go", object.GetKind(), object.GetName())
		if err := await(ctx, what, func(ctx context.Context) error { return k.kube.gone(ctx, object) }); err != nil {
			return fmt.Errorf("uninstalling: %w", err)
		}
	}
	return nil
}

// render returns what "kubectl apply -k" would apply, with the image replaced in the documented way.
func render(ctx context.Context, image string) ([]*unstructured.Unstructured, error) {
	checkout, err := kubeapi.Checkout()
	if err != nil {
		return nil, err
	}
	// kustomize is built from a module of its own. make knows how, and does nothing if it is built.
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
	name, tag, digest, err := splitImage(image)
	if err != nil {
		return err
	}
	replaced := map[string]string{"name": shippedImage, "newName": name}
	if digest != "" {
		replaced["digest"] = digest
	} else {
		replaced["newTag"] = tag
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

// splitImage splits a reference, which has a tag or a digest.
func splitImage(image string) (name, tag, digest string, err error) {
	if name, digest, ok := strings.Cut(image, "@"); ok {
		return name, "", digest, nil
	}
	if colon := strings.LastIndexByte(image, ':'); colon > strings.LastIndexByte(image, '/') {
		return image[:colon], image[colon+1:], "", nil
	}
	return "", "", "", fmt.Errorf("image %q has no tag: write one, such as %s:dev", image, shippedImage)
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
