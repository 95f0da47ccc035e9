// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/warren-dev/ingress/test/fixture"
)

// keepAll keeps all of a Secret.
func keepAll(secret *corev1.Secret) *corev1.Secret { return secret }

// metadataOf returns a cache of the metadata of a kind in the cluster's namespaces, until ctx ends.
func metadataOf(ctx context.Context, k *fixture.Cluster, kind string) *MetadataCache {
	k.T.Helper()
	m := newMetadataCache(kind)
	options := m.options([]string{k.Blue, k.Green})
	options.Scheme = k.Scheme()
	var err error
	if m.Cache, err = cache.New(k.Config, options); err != nil {
		k.T.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.Start(ctx) }()
	k.T.Cleanup(func() {
		if err := <-ended; err != nil {
			k.T.Error(err)
		}
	})
	return m
}

// reading reads named Secrets of the cluster, and counts what it is told.
type reading struct {
	*NamedObjects[*corev1.Secret]
	k      *fixture.Cluster
	ctx    context.Context
	events atomic.Int64
}

// readsSecrets returns a reading of the cluster's Secrets that runs until the test ends.
func readsSecrets(k *fixture.Cluster) *reading {
	k.T.Helper()
	ctx, cancel := context.WithCancel(k.T.Context())
	r := &reading{k: k, ctx: ctx}
	r.NamedObjects = NewNamedObjects(metadataOf(ctx, k, "Secret"), ReadSecret(k.Client), keepAll, func() { r.events.Add(1) })
	if err := r.Begin(ctx); err != nil {
		k.T.Fatal(err)
	}
	if !r.Metadata.WaitForCacheSync(ctx) {
		k.T.Fatal("the metadata of Secrets is not known")
	}
	k.T.Cleanup(func() { cancel(); r.Wait() })
	return r
}

// holds returns what is held while these are named, each with the beginning of its tls.crt.
func (r *reading) holds(names ...string) []string {
	r.k.T.Helper()
	set := make(map[types.NamespacedName]struct{})
	for _, name := range names {
		set[types.NamespacedName{Namespace: r.k.Blue, Name: name}] = struct{}{}
	}
	if err := r.LookUp(r.ctx, set, fixture.Patience); err != nil {
		r.k.T.Fatal(err)
	}
	there, unknown := r.Objects()
	if len(unknown) > 0 {
		r.k.T.Errorf("unknown: %v", unknown)
	}
	var held []string
	for _, secret := range there {
		text := string(secret.Data[corev1.TLSCertKey])
		held = append(held, secret.Name+" "+text[:min(len(text), 20)])
	}
	slices.Sort(held)
	return held
}

func (r *reading) eventuallyHolds(names []string, want ...string) {
	r.k.T.Helper()
	fixture.Eventually(r.k.T, func() error {
		if diff := cmp.Diff(want, r.holds(names...)); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
}

func TestWhatIsNamedIsReadAndNothingElse(t *testing.T) {
	t.Parallel()
	k := fixture.New(t, &api)
	named, other := fixture.SecretOfTexts("", "first", "key"), fixture.SecretOfTexts("", "another", "key")
	for name, secret := range map[string]*corev1.Secret{"named": named, "other": other} {
		secret.Namespace, secret.Name, secret.UID = k.Blue, name, ""
		secret.Annotations = map[string]string{"note": strings.Repeat("x", 1000)}
	}
	k.Make(named, other)
	r := readsSecrets(k)
	r.eventuallyHolds([]string{"named", "missing"}, "named first")
	k.Change(named, func() { named.Data[corev1.TLSCertKey] = []byte("second") })
	r.eventuallyHolds([]string{"named", "missing"}, "named second")

	// Changes of an object that nothing names trigger nothing: a later change has been reported, and none of these was.
	before := r.events.Load()
	k.Change(other, func() { other.Data[corev1.TLSCertKey] = []byte("other second") })
	k.Change(named, func() { named.Data[corev1.TLSCertKey] = []byte("third") })
	r.eventuallyHolds([]string{"named", "missing"}, "named third")
	if n := r.events.Load() - before; n > 2 {
		t.Errorf("%d events follow one change of what is named, want 1, or 2 where nobody waited for it", n)
	}

	r.eventuallyHolds([]string{"named", "other"}, "named third", "other other second") // It comes to be named, and is read then.
	k.Remove(other)
	r.eventuallyHolds([]string{"named", "other"}, "named third")
	again := fixture.SecretOfTexts("", "anew", "key")
	again.Namespace, again.Name, again.UID = k.Blue, "other", ""
	k.Make(again)
	r.eventuallyHolds([]string{"named", "other"}, "named third", "other anew")
	if got := r.holds(); len(got) != 0 || len(r.held) != 0 {
		t.Errorf("%v are held that nothing names any more", got)
	}
}

// However many objects are named, each is read, and a Secret of another namespace does not wait for all of them.
func TestManyThatAreNamedAreReadInTurn(t *testing.T) {
	q := newFairQueue()
	var many []types.NamespacedName
	for i := range 1000 {
		many = append(many, types.NamespacedName{Namespace: "blue", Name: fmt.Sprint(i)})
	}
	q.add(many)
	q.add(many) // which changes nothing
	q.add([]types.NamespacedName{{Namespace: "green", Name: "a"}})
	var taken []string
	for {
		name, ok := q.take()
		if !ok {
			break
		}
		taken = append(taken, name.String())
	}
	if at := slices.Index(taken, "green/a"); at != 1 || len(taken) != 1001 {
		t.Errorf("green/a is taken at %d of %d, want 1 of 1001", at, len(taken))
	}
}

// While an object cannot be read, builds go on without waiting for it, and it is read again after a while.
func TestWhatCannotBeReadHoldsNothingUp(t *testing.T) {
	fixed := fixture.NewFixedObjects(fixture.SecretOfTexts("", "chain", "key"))
	var failing atomic.Bool
	failing.Store(true)
	events := make(chan struct{}, 10)
	n := NewNamedObjects(fixed, func(ctx context.Context, name types.NamespacedName, version string) (*corev1.Secret, error) {
		if failing.Load() {
			return nil, fmt.Errorf("the API server does not answer")
		}
		return ReadSecret(fixed)(ctx, name, version)
	}, keepAll, func() { events <- struct{}{} })
	ctx, cancel := context.WithCancel(t.Context())
	defer n.Wait()
	defer cancel()
	name := types.NamespacedName{Namespace: "blue", Name: "s"}
	named := map[types.NamespacedName]struct{}{name: {}}
	for range 3 {
		if err := n.LookUp(ctx, named, fixture.Patience); err != nil {
			t.Fatal(err)
		}
		if there, unknown := n.Objects(); len(there) != 0 || unknown[name] != "has not been read yet" {
			t.Fatalf("%v are there, %v unknown", there, unknown)
		}
	}
	failing.Store(false)
	<-events // after retryRead
	if err := n.LookUp(ctx, named, fixture.Patience); err != nil {
		t.Fatal(err)
	}
	if there, unknown := n.Objects(); len(there) != 1 || len(unknown) != 0 {
		t.Errorf("%v are there, %v unknown", there, unknown)
	}
}

// An API server that streams no lists is asked for pages, which are small where objects are large.
func TestMetadataIsListedInPagesOfFewBytes(t *testing.T) {
	const objects = 300
	for name, size := range map[string]int{"small objects": 0, "objects of 256 KiB": 256 << 10} {
		t.Run(name, func(t *testing.T) {
			largest := 0
			listed, err := listPages(t.Context(), metav1.ListOptions{ResourceVersion: "0"}, func(_ context.Context, o metav1.ListOptions) (runtime.Object, error) {
				from := 0
				if o.Continue != "" {
					if _, err := fmt.Sscan(o.Continue, &from); err != nil {
						return nil, err
					}
				}
				page := &metav1.PartialObjectMetadataList{ListMeta: metav1.ListMeta{ResourceVersion: "9"}}
				for i := from; i < min(from+int(o.Limit), objects); i++ {
					page.Items = append(page.Items, metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint(i),
						Annotations: map[string]string{"note": strings.Repeat("x", size)}}})
				}
				if next := from + len(page.Items); next < objects {
					page.Continue = fmt.Sprint(next)
				}
				largest = max(largest, page.Size())
				return page, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			list := listed.(*metav1.PartialObjectMetadataList)
			kept := 0
			for i := range list.Items {
				kept += len(list.Items[i].Annotations)
			}
			if len(list.Items) != objects || list.ResourceVersion != "9" || kept != 0 || largest > 5<<20 {
				t.Errorf("%d objects in version %s, %d annotations are kept, the largest page has %d bytes", len(list.Items), list.ResourceVersion, kept, largest)
			}
		})
	}
}
