// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsWrittenIsWhatWasPlanned(t *testing.T) {
	p := makePlan(readFolder(t, map[string]string{
		"own.yaml":      "apiVersion: ingress.warren.dev/v1alpha1\nkind: Ingress\nmetadata: {name: shop}\nspec: {rules: [{host: a.io, paths: [{path: /, backend: {serviceName: web, port: 80}}]}]}\n",
		"standard.yaml": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop}\nspec: {}\n",
	}), nil, 18101, "")
	folder := filepath.Join(t.TempDir(), "try")
	if err := writeObjects(folder, p.objects); err != nil {
		t.Fatal(err)
	}
	written, err := readSamples(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := func(n int, name func(int) string) (all []string) {
		for i := range n {
			all = append(all, name(i))
		}
		slices.Sort(all)
		return all
	}
	want := names(len(p.objects), func(i int) string { return fileName(p.objects[i]) })
	got := names(len(written), func(i int) string { return fileName(written[i]) })
	if diff := cmp.Diff(want, got); diff != "" || len(got) != 4 {
		t.Errorf("objects (-planned +written):\n%s", diff)
	}
}
