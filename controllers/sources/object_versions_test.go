// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestEachVersionOfAnObjectIsReadOnce(t *testing.T) {
	object := func(uid types.UID, version string) *v1alpha1.Ingress {
		o := fixture.Ingress("blue", string(uid), "x.io", "api")
		o.UID, o.ResourceVersion = uid, version
		return o
	}
	var v objectVersions[*v1alpha1.Ingress, *rules.Object]
	for i, step := range []struct {
		objects    []*v1alpha1.Ingress
		want, read []string
	}{
		{[]*v1alpha1.Ingress{object("a", "1"), object("b", "2")}, []string{"a1", "b2"}, []string{"a1", "b2"}},
		{[]*v1alpha1.Ingress{object("b", "2"), object("a", "1")}, []string{"b2", "a1"}, nil},
		{[]*v1alpha1.Ingress{object("a", "3"), object("b", "2")}, []string{"a3", "b2"}, []string{"a3"}},
		{[]*v1alpha1.Ingress{object("b", "2")}, []string{"b2"}, nil},
		{[]*v1alpha1.Ingress{object("a", "3"), object("b", "2")}, []string{"a3", "b2"}, []string{"a3"}}, // which was forgotten
		{[]*v1alpha1.Ingress{object("", ""), object("", "")}, []string{"", ""}, []string{"", ""}},       // which are of manifests
	} {
		var read, got []string
		for _, o := range v.read(step.objects, func(o *v1alpha1.Ingress) *rules.Object {
			read = append(read, string(o.UID)+o.ResourceVersion)
			return &rules.Object{ID: string(o.UID) + o.ResourceVersion}
		}) {
			got = append(got, o.ID)
		}
		if diff := cmp.Diff([][]string{step.want, step.read}, [][]string{got, read}); diff != "" {
			t.Errorf("step %d: (-want +got):\n%s", i, diff)
		}
	}
}
