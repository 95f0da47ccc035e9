// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/controllers/cluster"
)

// Stdin is the name that stands for standard input.
const Stdin = "-"

// Options say what is made of files.
type Options struct {
	// Namespace is that of objects which name none. Empty is for "default".
	Namespace string
	// Uses returns whether anything is made of objects of a kind. In an object of another kind, a field that the kind does
	// not have is no fault.
	Uses func(client.Object) bool
}

// Set is what files hold.
type Set struct {
	// Objects are in the order in which they were read.
	Objects []client.Object
	// Unnamed is an object that is used and that names no namespace. Nil if there is none. Named is a namespace that
	// another one names.
	Unnamed client.Object
	Named   string
	// Faults are the documents that no object is made of, in the same order.
	Faults []Fault
	// Skipped are the kinds, such as "apps/v1 Deployment", that the controller does not use.
	Skipped []string
}

// Read reads YAML and JSON from files and from folders with all that is below them, or from standard input for [Stdin].
// In folders it leaves out what has another extension than .yaml, .yml and .json, and what is hidden: its name begins
// with a dot. A file may hold several documents. A document that is wrong is a fault of the Set. Read returns an error
// if a file cannot be read at all.
func Read(names []string, stdin io.Reader, o Options) (*Set, error) {
	r, err := newReader(o)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name == Stdin {
			content, err := io.ReadAll(stdin)
			if err != nil {
				return nil, fmt.Errorf("reading standard input: %w", err)
			}
			r.read("standard input", content)
			continue
		}
		files, _, err := find(name)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("reading manifests: %w", err)
			}
			r.read(file, content)
		}
	}
	return &r.set, nil
}

// find returns the manifests and the folders that a name stands for: a file, or a folder and what is below it. The name
// may be a link to either.
func find(name string) (files, folders []string, err error) {
	switch info, err := os.Stat(name); {
	case err != nil:
		return nil, nil, fmt.Errorf("reading manifests: %w", err)
	case !info.IsDir():
		return []string{name}, nil, nil
	}
	err = fs.WalkDir(os.DirFS(name), ".", func(below string, entry fs.DirEntry, err error) error {
		path := filepath.Join(name, filepath.FromSlash(below))
		hidden := below != "." && strings.HasPrefix(entry.Name(), ".")
		switch {
		case errors.Is(err, fs.ErrNotExist) && below != ".":
			return nil // It has gone since its folder was read.
		case err != nil:
			return fmt.Errorf("reading manifests: %w", err)
		case entry.IsDir() && hidden:
			return fs.SkipDir // A mounted ConfigMap has its files there once more.
		case entry.IsDir():
			folders = append(folders, path)
		case !hidden && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(below)):
			files = append(files, path)
		}
		return nil
	})
	return files, folders, err
}

// reader adds documents to a Set.
type reader struct {
	Options
	scheme  *runtime.Scheme
	decoder runtime.Decoder
	set     Set
	// places say where each object was found.
	places map[Key]string
}

func newReader(o Options) (*reader, error) {
	scheme, err := cluster.Scheme()
	if err != nil {
		return nil, err
	}
	return &reader{
		Options: o, scheme: scheme,
		decoder: serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer(),
		places:  make(map[Key]string),
	}, nil
}

// read adds what a file holds.
func (r *reader) read(file string, content []byte) {
	n := 0
	for d := range documents(content) {
		n++
		if err := r.add(place{file, n}, d.text); err != nil {
			r.set.Faults = append(r.set.Faults, Fault{File: file, Document: n, Line: d.line + lineOf(d.text, err) - 1, Err: withoutLine(err)})
		}
	}
}

// place is where an object is.
type place struct {
	file     string
	document int
}

func (p place) String() string { return fmt.Sprintf("%s, document %d", p.file, p.document) }

// add adds one document, which may be a List of objects.
func (r *reader) add(at place, document []byte) error {
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
			if err := r.add(at, item); err != nil {
				return fmt.Errorf("item %d: %w", i, err)
			}
		}
		return nil
	}
	decoded, _, err := r.decoder.Decode(document, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		if now := r.versionOf(head.GroupVersionKind()); now != "" {
			return fmt.Errorf("%s: Kubernetes does not serve the version %s any more: write apiVersion: %s", head.Kind, head.APIVersion, now)
		}
		r.skip(head.APIVersion + " " + head.Kind)
		return nil
	}
	object, ok := decoded.(client.Object)
	switch {
	case err != nil && (ok && r.Uses(object) || !runtime.IsStrictDecodingError(err)):
		return fmt.Errorf("%s: %w", head.Kind, err)
	case !ok:
		r.skip(head.APIVersion + " " + head.Kind)
		return nil
	}
	return r.addObject(at, head.Kind, object)
}

// extensions is the group that Ingresses were in before Kubernetes 1.22.
const extensions = "extensions"

// versionOf returns the group and version in which a kind is served whose own version is too old, or empty if the kind
// is not used.
func (r *reader) versionOf(old schema.GroupVersionKind) string {
	kind := old.GroupKind()
	if kind.Group == extensions {
		kind.Group = networkingv1.GroupName
	}
	for _, version := range r.scheme.VersionsForGroupKind(kind) {
		made, err := r.scheme.New(version.WithKind(kind.Kind))
		if object, ok := made.(client.Object); err == nil && ok && r.Uses(object) {
			return version.String()
		}
	}
	return ""
}

// addObject adds an object as the API server would take it. What is not used need not be right.
func (r *reader) addObject(at place, kind string, object client.Object) error {
	uses := r.Uses(object)
	if uses && object.GetName() == "" {
		return fmt.Errorf("%s: metadata.name is missing", kind)
	}
	r.putIntoNamespace(object, uses)
	if secret, ok := object.(*corev1.Secret); ok {
		moveStringData(secret)
	}
	key := KeyOf(object)
	if first, ok := r.places[key]; ok && uses {
		return fmt.Errorf("%s %s is there twice, first in %s: leave one of them out", kind, key.NamespacedName, first)
	}
	r.places[key] = at.String()
	r.set.Objects = append(r.set.Objects, object)
	return nil
}

// putIntoNamespace gives an object that names no namespace the one that it would be applied to. uses is what Uses says
// of it.
func (r *reader) putIntoNamespace(object client.Object, uses bool) {
	namespace := object.GetNamespace()
	switch object.(type) {
	case *corev1.Namespace, *networkingv1.IngressClass, *gatewayv1.GatewayClass: // They have none.
		return
	}
	switch {
	case namespace == "":
		object.SetNamespace(cmp.Or(r.Namespace, metav1.NamespaceDefault))
		if uses && r.set.Unnamed == nil {
			r.set.Unnamed = object
		}
	case uses && r.set.Named == "":
		r.set.Named = namespace
	}
}

// Key tells an object from all others.
type Key struct {
	kind reflect.Type
	types.NamespacedName
}

// KeyOf returns the key of an object.
func KeyOf(object client.Object) Key {
	return Key{reflect.TypeOf(object), client.ObjectKeyFromObject(object)}
}

func (r *reader) skip(kind string) {
	if !slices.Contains(r.set.Skipped, kind) {
		r.set.Skipped = append(r.set.Skipped, kind)
	}
}

// moveStringData moves a Secret's stringData into data, as the API server does.
func moveStringData(secret *corev1.Secret) {
	for key, text := range secret.StringData {
		if secret.Data == nil {
			secret.Data = make(map[string][]byte, len(secret.StringData))
		}
		secret.Data[key] = []byte(text)
	}
	secret.StringData = nil
}

func withoutComments(document []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(document) {
		if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("#")) {
			kept = append(kept, line...)
		}
	}
	return kept
}
