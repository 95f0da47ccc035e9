package controllers

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// patience is how long a test waits for what must happen. It is only ever waited out by a test that fails.
const patience = time.Minute

// eventually waits until check returns no error.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", patience, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// kubeCluster is what a test has of the API server: an administrator's client and namespaces of its own.
type kubeCluster struct {
	t *testing.T
	client.Client
	config *rest.Config
	// blue is the namespace of most objects, green another one.
	blue, green string
}

// newBaseCluster makes two namespaces, and gives fullUser all rights that the controllers ask for.
func newBaseCluster(t *testing.T, api *kubeapi.Shared) *kubeCluster {
	t.Helper()
	restConfig := api.Config(t)
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		v1alpha1.AddToScheme, coordinationv1.AddToScheme, corev1.AddToScheme, discoveryv1.AddToScheme, networkingv1.AddToScheme,
		rbacv1.AddToScheme, eventsv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	c, err := client.New(restConfig, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	k := &kubeCluster{t: t, Client: c, config: restConfig}
	k.blue, k.green = kubeapi.Namespace(t, restConfig), kubeapi.Namespace(t, restConfig)
	k.grantRights(fullUser, "", func(rbacv1.PolicyRule) bool { return true })
	return k
}

// fullUser has all rights that the controllers ask for.
const (
	fullUser     = "warren-ingress"
	ownNamespace = "warren-system"
)

// grantRights gives a user those of the rights that are generated from the markers in the code that are wanted. The
// names of its roles end in suffix.
func (k *kubeCluster) grantRights(user, suffix string, wanted func(rbacv1.PolicyRule) bool) {
	k.t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		k.t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(checkout, "config", "rbac", "role.yaml"))
	if err != nil {
		k.t.Fatalf(`%v: run "make manifests"`, err)
	}
	k.createOnce(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ownNamespace}})
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}}
	for document := range bytes.SplitSeq(content, []byte("---\n")) {
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		// A Role has the fields of a ClusterRole that are generated.
		var role rbacv1.ClusterRole
		if err := yaml.UnmarshalStrict(document, &role); err != nil {
			k.t.Fatal(err)
		}
		role.Name += suffix
		role.Rules = slices.DeleteFunc(role.Rules, func(rule rbacv1.PolicyRule) bool { return !wanted(rule) })
		ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: role.Kind, Name: role.Name}
		named := metav1.ObjectMeta{Name: role.Name, Namespace: role.Namespace}
		if role.Namespace == "" {
			k.createOnce(&role)
			k.createOnce(&rbacv1.ClusterRoleBinding{ObjectMeta: named, RoleRef: ref, Subjects: subjects})
			continue
		}
		k.createOnce(&rbacv1.Role{ObjectMeta: named, Rules: role.Rules})
		k.createOnce(&rbacv1.RoleBinding{ObjectMeta: named, RoleRef: ref, Subjects: subjects})
	}
}

func (k *kubeCluster) createOnce(object client.Object) {
	k.t.Helper()
	if err := k.Create(k.t.Context(), object); err != nil && !apierrors.IsAlreadyExists(err) {
		k.t.Fatal(err)
	}
}

func (k *kubeCluster) create(objects ...client.Object) {
	k.t.Helper()
	for _, object := range objects {
		if err := k.Create(k.t.Context(), object); err != nil {
			k.t.Fatalf("creating %s: %v", object.GetName(), err)
		}
	}
}

func (k *kubeCluster) delete(object client.Object) {
	k.t.Helper()
	if err := k.Delete(k.t.Context(), object); err != nil {
		k.t.Fatal(err)
	}
}

// change changes an object as it is in the cluster now.
func (k *kubeCluster) change(object client.Object, change func()) {
	k.t.Helper()
	k.read(object)
	before := object.DeepCopyObject().(client.Object)
	change()
	if err := k.Patch(k.t.Context(), object, client.MergeFrom(before)); err != nil {
		k.t.Fatal(err)
	}
}

// changeStatus is change for the status, as another controller does it.
func (k *kubeCluster) changeStatus(object client.Object, change func()) {
	k.t.Helper()
	k.read(object)
	before := object.DeepCopyObject().(client.Object)
	change()
	if err := k.Status().Patch(k.t.Context(), object, client.MergeFrom(before)); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kubeCluster) read(object client.Object) {
	k.t.Helper()
	if err := k.Get(k.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		k.t.Fatal(err)
	}
}
