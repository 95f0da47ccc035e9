// SPDX-License-Identifier: Apache-2.0

package shown

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	kubeyaml "sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/dashboard/control"
)

// objectKinds are the kinds that have routes, by what stands before "namespace/name" in an object's id.
var objectKinds = map[string]schema.GroupVersionKind{
	"":                  v1alpha1.GroupVersion.WithKind(v1alpha1.IngressKind),
	"networking.k8s.io": {Group: "networking.k8s.io", Version: "v1", Kind: "Ingress"},
	"httproute":         {Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"},
	"grpcroute":         {Group: "gateway.networking.k8s.io", Version: "v1", Kind: "GRPCRoute"},
}

// lastApplied is kubectl's own copy of an object.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// Object implements control.Plane. It asks the API itself, by the right to list: what is in caches is not whole.
func (c *Cluster) Object(ctx context.Context, id, place string) (o control.Object, found bool, err error) {
	prefix, rest := "", id
	if strings.Count(id, "/") == 2 {
		prefix, rest, _ = strings.Cut(id, "/")
	}
	kind, known := objectKinds[prefix]
	namespace, name, ok := strings.Cut(rest, "/")
	from := c.from.Load()
	if from == nil || !known || !ok || namespace == "" || name == "" {
		return o, false, nil
	}
	var list unstructured.UnstructuredList
	list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
	if err := from.API.List(ctx, &list, client.InNamespace(namespace), client.MatchingFields{"metadata.name": name}); err != nil {
		return o, false, fmt.Errorf("reading %s %s/%s: %w", kind.Kind, namespace, name, err)
	}
	if len(list.Items) == 0 {
		return o, false, nil
	}
	object := &list.Items[0]
	object.SetGroupVersionKind(kind)
	o = control.Object{Kind: kind.Kind, APIVersion: kind.GroupVersion().String(), Namespace: namespace, Name: name}
	o.Text, o.First, o.Last, err = marked(object, place, prefix)
	return o, err == nil, err
}

// marked returns an object in YAML, without what only programs read, and the lines of a place in it. These are 0 if it
// has no such place.
func marked(object *unstructured.Unstructured, place, prefix string) (text string, first, last int, err error) {
	object.SetManagedFields(nil)
	annotations := object.GetAnnotations()
	delete(annotations, lastApplied)
	if len(annotations) == 0 {
		annotations = nil
	}
	object.SetAnnotations(annotations)
	written, err := kubeyaml.Marshal(object.Object)
	if err != nil {
		return "", 0, 0, fmt.Errorf("writing the object: %w", err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(written, &root); err != nil {
		return "", 0, 0, fmt.Errorf("reading what was written of the object: %w", err)
	}
	node := &root
	for _, step := range stepsTo(place, prefix) {
		if node = child(node, step); node == nil {
			return string(written), 0, 0, nil
		}
	}
	if node == &root {
		return string(written), 0, 0, nil
	}
	return string(written), node.Line, lastLine(node), nil
}

// stepsTo returns the names and indexes that lead to a place: "rule.path" of an Ingress, or what leads there as people
// write it. It returns nil if there is nothing to mark.
func stepsTo(place, prefix string) []string {
	rule, path, ok := strings.Cut(place, ".")
	i, ruleErr := strconv.Atoi(rule)
	j, pathErr := strconv.Atoi(path)
	switch {
	case !ok || ruleErr != nil || pathErr != nil:
		return strings.FieldsFunc(place, func(r rune) bool { return r == '.' || r == '[' || r == ']' })
	case i < 0:
		return []string{"spec", "defaultBackend"}
	case j < 0:
		return []string{"spec", "rules", rule}
	case prefix == "":
		return []string{"spec", "rules", rule, "paths", path}
	}
	return []string{"spec", "rules", rule, "http", "paths", path}
}

// child returns the field or the item of a node, nil if it has none of that name or index.
func child(node *yaml.Node, step string) *yaml.Node {
	switch node.Kind {
	case yaml.DocumentNode:
		return child(node.Content[0], step)
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(node.Content) {
			return node.Content[i]
		}
	}
	return nil
}

// lastLine returns the last line that a node is on.
func lastLine(node *yaml.Node) int {
	last := node.Line + strings.Count(strings.TrimSuffix(node.Value, "\n"), "\n")
	if node.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		last++ // The text begins below.
	}
	for _, c := range node.Content {
		last = max(last, lastLine(c))
	}
	return last
}
