// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	// identityTimeout bounds the request that asks the API server who this process is.
	identityTimeout = 10 * time.Second
	// claimInterval is the time between two attempts to claim the Lease of the election.
	claimInterval = 5 * time.Second
)

// ElectionLease is the name of the Lease that the leader of a class holds.
func ElectionLease(class string) string { return "warren-ingress-" + class }

// Owner returns the owner of the objects that the controller makes in its namespace: the controller's ServiceAccount.
// Every way to uninstall the controller deletes the ServiceAccount, and Kubernetes then deletes what it owns. The API
// server tells every client who it is, so this needs no right. Owner returns nil outside of a cluster, and where the
// ServiceAccount is of another namespace.
func Owner(ctx context.Context, config *rest.Config, namespace string) (*metav1.OwnerReference, error) {
	ctx, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("finding out who this process is: %w", err)
	}
	review, err := clientset.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	switch {
	case apierrors.IsForbidden(err):
		// Somebody took away a right that everybody has by default. Only the tidiness of uninstalling depends on it.
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("finding out who this process is: %w", err)
	}
	return serviceAccountOf(&review.Status.UserInfo, namespace), nil
}

// serviceAccountOf returns a reference to the user's ServiceAccount, nil if the user is none of this namespace.
func serviceAccountOf(user *authenticationv1.UserInfo, namespace string) *metav1.OwnerReference {
	name, ok := strings.CutPrefix(user.Username, "system:serviceaccount:"+namespace+":")
	if !ok || user.UID == "" {
		return nil
	}
	return &metav1.OwnerReference{APIVersion: corev1.SchemeGroupVersion.String(), Kind: "ServiceAccount", Name: name, UID: types.UID(user.UID)}
}

// BelongingTo returns the owner as an object's metadata has it.
func BelongingTo(owner *metav1.OwnerReference) []metav1.OwnerReference {
	if owner == nil {
		return nil
	}
	return []metav1.OwnerReference{*owner}
}

// OwnedBy returns the reference that has an object deleted with its owner, and says that it was made for that one. It
// does not hold up a deletion of the owner: OpenShift's API server refuses that to who may not update the owner's
// finalizers.
func OwnedBy(owner metav1.Object, kind schema.GroupVersionKind) metav1.OwnerReference {
	reference := metav1.NewControllerRef(owner, kind)
	reference.BlockOwnerDeletion = nil
	return *reference
}

// LeaseClaim makes the controller own the Lease of the election. The library makes that Lease without an owner.
type LeaseClaim struct {
	Client client.Client
	// Reader asks the API server itself.
	Reader client.Reader
	// Lease is the one of the election.
	Lease client.ObjectKey
	// Owner is what the Lease is to belong to.
	Owner metav1.OwnerReference
}

// NeedLeaderElection is true: once there is a leader there is a Lease, and the leader alone writes it.
func (c *LeaseClaim) NeedLeaderElection() bool { return true }

// Start adds the owner to the Lease. The leader goes on renewing the Lease meanwhile.
func (c *LeaseClaim) Start(ctx context.Context) error {
	err := wait.PollUntilContextCancel(ctx, claimInterval, true, func(ctx context.Context) (bool, error) {
		err := retry.RetryOnConflict(retry.DefaultRetry, func() error { return c.claim(ctx) })
		if err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "the Lease of the election would stay if the controller were uninstalled now", "lease", c.Lease)
		}
		return err == nil, nil
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (c *LeaseClaim) claim(ctx context.Context) error {
	var lease coordinationv1.Lease
	if err := c.Reader.Get(ctx, c.Lease, &lease); err != nil {
		return client.IgnoreNotFound(err) // there is no election
	}
	if slices.ContainsFunc(lease.OwnerReferences, func(r metav1.OwnerReference) bool { return r.UID == c.Owner.UID }) {
		return nil
	}
	// An owner that is a ServiceAccount of an earlier installation would not do.
	lease.OwnerReferences = []metav1.OwnerReference{c.Owner}
	return c.Client.Update(ctx, &lease)
}
