// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func TestWhatArtifactHubShowsIsTrue(t *testing.T) {
	chart := group(t, "Chart.yaml")
	for _, field := range []string{"icon", "home", "description"} {
		if s, _ := chart[field].(string); s == "" {
			t.Errorf("the chart has no %s", field)
		}
	}
	for _, field := range []string{"sources", "maintainers", "keywords"} {
		if s, _ := chart[field].([]any); len(s) == 0 {
			t.Errorf("the chart has no %s", field)
		}
	}
	annotations := chart["annotations"].(map[string]any)
	var shown []struct{ Kind, Name, Version string }
	if err := yaml.Unmarshal([]byte(annotations["artifacthub.io/crds"].(string)), &shown); err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, crd := range shown {
		got = append(got, fmt.Sprintf("%s %s %s", crd.Name, crd.Kind, crd.Version))
	}
	rendered, err := render(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range parse(t, rendered) {
		if object.GetKind() == "CustomResourceDefinition" {
			want = append(want, fmt.Sprintf("%s %s %s", object.GetName(), look(object, "spec names kind"), look(object, "spec versions 0 name")))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("definitions (-of the chart +as shown):\n%s", diff)
	}
	for _, name := range []string{"links", "crdsExamples"} {
		var list []map[string]any
		if err := yaml.Unmarshal([]byte(annotations["artifacthub.io/"+name].(string)), &list); err != nil || len(list) == 0 {
			t.Errorf("artifacthub.io/%s is no list: %v", name, err)
		}
	}
}
