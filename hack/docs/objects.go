// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kubernetesscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// strictScheme has the kinds of this project and those of Kubernetes itself.
var strictScheme = sync.OnceValues(func() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(v1alpha1.AddToScheme(scheme), kubernetesscheme.AddToScheme(scheme))
})

// documents returns the YAML and JSON of a page: its blocks, and what its commands are given on standard input.
func (p *page) documents() (found []document) {
	for _, b := range p.blocks {
		switch b.language {
		case "yaml", "yml", "json":
			found = append(found, document{p.name, b.line, b.text})
		}
		for _, given := range b.hereDocuments() {
			// It may be for another program than kubectl.
			if strings.HasPrefix(given.text, "apiVersion:") || strings.Contains(given.text, "\napiVersion:") {
				found = append(found, document{p.name, given.line, given.text})
			}
		}
	}
	return found
}

// checkObjects returns what is wrong with documents: text that is no YAML, a field that an object's kind does not
// have, and a kind that its group does not have. A document that is no object, such as a chart's values, only has to
// be YAML. So have objects of other projects.
func checkObjects(documents []document) (faults []fault) {
	scheme, err := strictScheme()
	if err != nil {
		return []fault{{text: fmt.Sprintf("registering kinds: %v", err)}}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	for _, d := range documents {
		if err := decodeAll(scheme, decoder, d.text); err != nil {
			faults = append(faults, fault{d.file, d.line, strings.Join(strings.Fields(err.Error()), " ")})
		}
	}
	return faults
}

func decodeAll(scheme *runtime.Scheme, decoder runtime.Decoder, text string) error {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for n := 1; ; n++ {
		content, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = decode(scheme, decoder, content)
		}
		if err != nil {
			return fmt.Errorf("object %d: %w", n, err)
		}
	}
}

func decode(scheme *runtime.Scheme, decoder runtime.Decoder, content []byte) error {
	var value any
	if err := yaml.UnmarshalStrict(content, &value); err != nil {
		return err
	}
	var head metav1.TypeMeta
	// What is no object at all, a list for instance, has no kind either.
	if err := yaml.Unmarshal(content, &head); err != nil || head.Kind == "" || head.APIVersion == "" {
		return nil
	}
	kind := schema.FromAPIVersionAndKind(head.APIVersion, head.Kind)
	if !scheme.IsGroupRegistered(kind.Group) {
		return nil
	}
	if !scheme.Recognizes(kind) {
		return fmt.Errorf("%s has no kind %s", head.APIVersion, head.Kind)
	}
	_, _, err := decoder.Decode(bytes.TrimSpace(content), nil, nil)
	return err
}
