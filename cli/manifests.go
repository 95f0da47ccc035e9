// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	yamlreader "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/controllers/cluster"
)

// manifests are objects that were read from files.
type manifests struct {
	decoder runtime.Decoder
	objects []client.Object
	// faults are what is wrong with documents that no object is made of. Without keepsGoing, there is none: the first one
	// ends the reading.
	faults     []fileFault
	keepsGoing bool
	// skipped are the kinds, such as "apps/v1 Deployment", that the controller does not use.
	skipped []string
}

// fileFault is a document that is no object, or one with a field that its kind does not have.
type fileFault struct{ where, text string }

// readManifests reads YAML and JSON from files and folders, or from standard input for "-". A file may hold several
// documents. An object without a namespace is in "default". A field that a kind does not have is an error.
func readManifests(names []string, stdin io.Reader) (*manifests, error) {
	m := &manifests{}
	return m, m.read(names, stdin)
}

func (m *manifests) read(names []string, stdin io.Reader) error {
	scheme, err := cluster.Scheme()
	if err != nil {
		return err
	}
	m.decoder = serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	for _, name := range names {
		if name == "-" {
			err = m.readFrom("standard input", stdin)
		} else {
			err = m.walk(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// walk reads a file, or every manifest below a folder.
func (m *manifests) walk(root string) error {
	return filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("reading manifests: %w", err)
		case entry.IsDir(), name != root && !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)):
			return nil
		}
		file, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("reading manifests: %w", err)
		}
		defer func() { _ = file.Close() }()
		return m.readFrom(name, file)
	})
}

func (m *manifests) readFrom(name string, r io.Reader) error {
	documents := yamlreader.NewYAMLReader(bufio.NewReader(r))
	for n := 1; ; n++ {
		document, err := documents.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		}
		switch err := m.add(document); {
		case err == nil:
		case m.keepsGoing:
			m.faults = append(m.faults, fileFault{fmt.Sprintf("%s, document %d", name, n), strings.Join(strings.Fields(err.Error()), " ")})
		default:
			return fmt.Errorf("%s, document %d: %w", name, n, err)
		}
	}
}

// add adds one document, which may be a List of objects.
func (m *manifests) add(document []byte) error {
	var head struct {
		metav1.TypeMeta
		Items []json.RawMessage
	}
	if err := yaml.Unmarshal(document, &head); err != nil {
		return err
	}
	switch {
	case head.Kind == "" && len(bytes.TrimSpace(withoutComments(document))) == 0:
		return nil // nothing but comments
	case head.Kind == "" || head.APIVersion == "":
		return errors.New("it is no Kubernetes object: apiVersion and kind are missing")
	case head.Kind == "List" && head.APIVersion == "v1":
		for i, item := range head.Items {
			if err := m.add(item); err != nil {
				return fmt.Errorf("item %d: %w", i, err)
			}
		}
		return nil
	}
	decoded, _, err := m.decoder.Decode(document, nil, nil)
	switch {
	case runtime.IsNotRegisteredError(err):
		m.skip(head.APIVersion + " " + head.Kind)
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", head.Kind, err)
	}
	object, ok := decoded.(client.Object)
	if !ok {
		m.skip(head.APIVersion + " " + head.Kind)
		return nil
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(metav1.NamespaceDefault)
	}
	m.objects = append(m.objects, object)
	return nil
}

func (m *manifests) skip(kind string) {
	if !slices.Contains(m.skipped, kind) {
		m.skipped = append(m.skipped, kind)
	}
}

func withoutComments(document []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(document) {
		if text := strings.TrimSpace(string(line)); !strings.HasPrefix(text, "#") && text != "---" {
			kept = append(kept, line...)
		}
	}
	return kept
}
