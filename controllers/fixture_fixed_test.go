package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// fixedObjects are Secrets that never change, read from no API server.
type fixedObjects struct {
	client.Reader
	secrets map[types.NamespacedName]*corev1.Secret
}

func newFixedObjects(secrets ...*corev1.Secret) *fixedObjects {
	f := &fixedObjects{secrets: map[types.NamespacedName]*corev1.Secret{}}
	for _, secret := range secrets {
		secret.ResourceVersion = "1"
		f.secrets[client.ObjectKeyFromObject(secret)] = secret
	}
	return f
}

func (f *fixedObjects) Get(_ context.Context, name types.NamespacedName, object client.Object, _ ...client.GetOption) error {
	f.secrets[name].DeepCopyInto(object.(*corev1.Secret))
	return nil
}

func (f *fixedObjects) Watch(context.Context, func(types.NamespacedName)) error { return nil }

func (f *fixedObjects) WaitForCacheSync(context.Context) bool { return true }

func (f *fixedObjects) Synced() bool { return true }

func (f *fixedObjects) Version(_ context.Context, name types.NamespacedName) (string, bool) {
	secret := f.secrets[name]
	return "1", secret != nil
}
