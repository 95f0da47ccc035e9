// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
)

// collectPause is the pause between two looks for accounts that nothing names. It is longer than it takes a controller
// that begins beside this one to mark its own.
const collectPause = time.Hour

// AccountCollector deletes the Secrets of accounts that no TLSCertificate names any more. The authority keeps the
// account, which nobody can use without its key.
type AccountCollector struct{ *Issuance }

// NeedLeaderElection is true: one replica orders.
func (c *AccountCollector) NeedLeaderElection() bool { return true }

// Start looks for such accounts until ctx is done.
func (c *AccountCollector) Start(ctx context.Context) error {
	logger := log.FromContext(ctx).WithName("accounts")
	if err := c.accounts.mark(ctx); err != nil {
		logger.Error(err, "the account that orders certificates is not marked")
	}
	ticker := time.NewTicker(collectPause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := c.collectAccounts(ctx); err != nil && ctx.Err() == nil {
			logger.Error(err, "accounts that nothing names stay")
		}
	}
}

// mark labels the account that is used where none is named, if an earlier version made it.
func (s *accountStore) mark(ctx context.Context) error {
	secret := &corev1.Secret{}
	if err := s.reader.Get(ctx, s.secretName(s.email), secret); err != nil {
		return client.IgnoreNotFound(err)
	}
	if secret.Labels[accountLabel] == accountOwn {
		return nil
	}
	if secret.Labels == nil {
		secret.Labels = map[string]string{}
	}
	secret.Labels[accountLabel] = accountOwn
	return s.client.Update(ctx, secret)
}

// collectAccounts deletes the accounts with the authority that nothing names. If new accounts have to be bound to an
// external one, it deletes none: some authorities bind one account and no further.
func (i *Issuance) collectAccounts(ctx context.Context) error {
	if i.accounts.external != "" {
		return nil
	}
	named, err := i.namedContacts(ctx)
	if err != nil {
		return err
	}
	var list corev1.SecretList
	if err := i.accounts.reader.List(ctx, &list, client.InNamespace(i.accounts.namespace),
		client.MatchingFieldsSelector{Selector: cluster.SecretsOfType(accountSecretType)}); err != nil {
		return fmt.Errorf("listing the accounts: %w", err)
	}
	for n := range list.Items {
		secret := &list.Items[n]
		email, known := secret.Annotations[emailAnnotation]
		switch {
		case secret.Type != accountSecretType, !known, named[email],
			secret.Annotations[cluster.DirectoryAnnotation] != i.Directory,
			secret.Labels[accountLabel] == accountOwn,
			i.Now().Sub(secret.CreationTimestamp.Time) < collectPause:
			continue
		}
		err := i.client.Delete(ctx, secret, client.Preconditions{UID: &secret.UID, ResourceVersion: &secret.ResourceVersion})
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("deleting an account: %w", err)
		}
		log.FromContext(ctx).Info("deleted an account that no TLSCertificate names", "secret", secret.Name)
	}
	return nil
}

// namedContacts returns the contacts that orders are placed for, or are on their way for.
func (i *Issuance) namedContacts(ctx context.Context) (map[string]bool, error) {
	// Orders are read first: one that begins in between is of a TLSCertificate that is read.
	var orders corev1.SecretList
	if err := i.Orders.Cache.List(ctx, &orders); err != nil {
		return nil, fmt.Errorf("listing the working Secrets: %w", err)
	}
	named := map[string]bool{i.email: true}
	for n := range orders.Items {
		if state, err := decodeOrderState(orders.Items[n].Data[orderStateField]); err == nil && state.Attempt != nil {
			named[state.Attempt.Email] = true
		}
	}
	if !i.accountPerEmail {
		return named, nil
	}
	var certificates v1alpha1.TLSCertificateList
	if err := i.client.List(ctx, &certificates, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the TLSCertificates: %w", err)
	}
	for n := range certificates.Items {
		named[string(certificates.Items[n].Spec.Email)] = true
	}
	return named, nil
}
