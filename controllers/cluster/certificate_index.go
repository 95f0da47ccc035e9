// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// The fields that the cache finds TLSCertificates by. With 10,000 Ingresses that have one each, looking through all of
// them for each Ingress and each Secret would keep a starting replica busy for minutes.
const (
	ByOwner  = "owner"  // the UID of the Ingress that the TLSCertificate was made for
	BySecret = "secret" // the name of its Secret
)

// IndexCertificates has the cache find TLSCertificates by these fields.
func IndexCertificates(ctx context.Context, cache client.FieldIndexer) error {
	for field, value := range map[string]func(*v1alpha1.TLSCertificate) string{
		ByOwner: func(c *v1alpha1.TLSCertificate) string {
			if owner := metav1.GetControllerOfNoCopy(c); owner != nil {
				return string(owner.UID)
			}
			return ""
		},
		BySecret: func(c *v1alpha1.TLSCertificate) string { return string(c.Spec.SecretName) },
	} {
		err := cache.IndexField(ctx, &v1alpha1.TLSCertificate{}, field, func(object client.Object) []string {
			if found := value(object.(*v1alpha1.TLSCertificate)); found != "" {
				return []string{found}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("indexing the TLSCertificates by %s: %w", field, err)
		}
	}
	return nil
}
