// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
)

const (
	// collectPause is the pause between two looks for accounts that nothing names. It is longer than it takes a controller
	// that begins beside this one to mark its own.
	collectPause = time.Hour
	// unnamedLimit is for how long an account has to go unnamed before it is deleted. A TLSCertificate that is made anew
	// is missing for a moment.
	unnamedLimit = 24 * time.Hour
)

// AccountCollector deletes the Secrets of accounts that no TLSCertificate names any more. The authority keeps the
// account, which nobody can use without its key.
type AccountCollector struct {
	*Issuance
	// OrdersNothing has the controller order no certificates. It then deletes no account.
	OrdersNothing bool
	// WatchNamespaces are the namespaces whose TLSCertificates the controller sees, none for all. A controller that does
	// not see all of them deletes no account.
	WatchNamespaces []string
}

// NeedLeaderElection is true: one replica orders.
func (c *AccountCollector) NeedLeaderElection() bool { return true }

// Start looks for such accounts until ctx is done.
func (c *AccountCollector) Start(ctx context.Context) error {
	logger := log.FromContext(ctx).WithName("accounts")
	if err := c.accounts.mark(ctx); err != nil {
		logger.Error(err, "the account that orders certificates is not marked")
	}
	if !c.collects() {
		return nil
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

// collects says whether the controller deletes accounts at all. Without an account for each address it makes one only.
// If new accounts have to be bound to an external one, it deletes none: some authorities bind one account and no
// further.
func (c *AccountCollector) collects() bool {
	return c.accountPerEmail && !c.OrdersNothing && len(c.WatchNamespaces) == 0 && c.accounts.external == ""
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

// collectAccounts deletes the accounts with the authority that the class has made and that nothing has named for
// unnamedLimit. It notes on the others since when nothing names them.
func (i *Issuance) collectAccounts(ctx context.Context) error {
	named, err := i.namedContacts(ctx)
	if err != nil {
		return err
	}
	var list corev1.SecretList
	if err := i.accounts.reader.List(ctx, &list, client.InNamespace(i.accounts.namespace),
		client.MatchingFieldsSelector{Selector: cluster.SecretsOfType(accountSecretType)}); err != nil {
		return fmt.Errorf("listing the accounts: %w", err)
	}
	var failed []error
	for n := range list.Items {
		secret := &list.Items[n]
		email, known := secret.Annotations[emailAnnotation]
		switch {
		case secret.Type != accountSecretType, !known,
			secret.Annotations[cluster.DirectoryAnnotation] != i.Directory,
			secret.Labels[accountLabel] == accountOwn,
			secret.Labels[accountClassLabel] != i.accounts.class:
			continue
		}
		if err := i.collectAccount(ctx, secret, named[email]); client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// collectAccount notes on an account's Secret since when nothing names the account, or takes the note away. It deletes
// a Secret whose note is older than unnamedLimit.
func (i *Issuance) collectAccount(ctx context.Context, secret *corev1.Secret, named bool) error {
	note, noted := secret.Annotations[unnamedAnnotation]
	since, err := time.Parse(time.RFC3339, note)
	switch {
	case named && !noted:
		return nil
	case named:
		delete(secret.Annotations, unnamedAnnotation)
		if err := i.client.Update(ctx, secret); err != nil {
			return fmt.Errorf("noting that an account is named: %w", err)
		}
	case err != nil:
		secret.Annotations[unnamedAnnotation] = i.Now().UTC().Format(time.RFC3339)
		if err := i.client.Update(ctx, secret); err != nil {
			return fmt.Errorf("noting that nothing names an account: %w", err)
		}
	case i.Now().Sub(since) > unnamedLimit:
		if err := i.client.Delete(ctx, secret, client.Preconditions{UID: &secret.UID, ResourceVersion: &secret.ResourceVersion}); err != nil {
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
	var certificates v1alpha1.TLSCertificateList
	if err := i.client.List(ctx, &certificates, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("listing the TLSCertificates: %w", err)
	}
	for n := range certificates.Items {
		named[string(certificates.Items[n].Spec.Email)] = true
	}
	return named, nil
}
