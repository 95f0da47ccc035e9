// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// identify returns an object that has only what identifies it.
func identify(kind string, object metav1.Object) *rules.Object {
	return &rules.Object{
		Kind: kind, Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(), Generation: object.GetGeneration(),
		Created: object.GetCreationTimestamp().Time,
	}
}

// secretName returns the name of the Secret of an object's tls. written is what the author wrote, object the object's
// name.
func secretName(written, object string) string {
	if written != "" {
		return written
	}
	return object + "-tls"
}

func texts[T ~string](of []T) (list []string) {
	for _, text := range of {
		list = append(list, string(text))
	}
	return list
}
