// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/ledger"
)

// +kubebuilder:rbac:groups="",resources=secrets,namespace=warren-system,verbs=get;create;update

const (
	accountSecretPrefix  = "warren-ingress-acme-account-"
	accountSecretType    = corev1.SecretType("ingress.warren.dev/acme-account")
	accountKeyField      = "account.key"
	accountURLField      = "url"
	externalKeyIDField   = "keyID"
	externalHMACKeyField = "hmacKey"
	emailAnnotation      = "ingress.warren.dev/acme-email"
	// accountLabel marks the accounts that are a controller's own, whatever TLSCertificates name. Other controllers in the
	// namespace may have others.
	accountLabel = "ingress.warren.dev/acme-account"
	accountOwn   = "own"
	// accountClassLabel holds the ingress class whose controller made the account. Only that controller deletes it.
	accountClassLabel = "ingress.warren.dev/acme-account-class"
	// unnamedAnnotation is since when nothing names the account. It is absent while something does.
	unnamedAnnotation = "ingress.warren.dev/acme-account-unnamed-since"
)

// accountStore keeps the accounts with an authority in Secrets of the controller's namespace. An account is of one
// email address: an authority knows the contacts of an account, and none of an order.
type accountStore struct {
	reader    client.Reader
	client    client.Client
	authority Authority
	namespace string
	directory string
	// external names the Secret of the external account. It is empty if there is none.
	external string
	// class is the controller's ingress class. It can be a label's value.
	class string
	// owner owns the Secrets, nil for nobody.
	owner *metav1.OwnerReference
	// email is the contact of the account that is used where none is named.
	email string
}

// account returns the account of an address. If there is none, one pass makes its key and the next one registers it. In
// these passes account returns false.
func (s *accountStore) account(ctx context.Context, email string) (account acme.Account, ok bool, err error) {
	secret := &corev1.Secret{}
	key := s.secretName(email)
	switch err := s.reader.Get(ctx, key, secret); {
	case apierrors.IsNotFound(err):
		return acme.Account{}, false, s.make(ctx, key, email)
	case err != nil:
		return acme.Account{}, false, fmt.Errorf("reading the account: %w", err)
	}
	if s.use(secret, email) {
		if err := s.client.Update(ctx, secret); err != nil {
			return acme.Account{}, false, fmt.Errorf("noting that the account is used: %w", err)
		}
	}
	signer, err := parseECKey(secret.Data[accountKeyField])
	if err != nil {
		return acme.Account{}, false, &cluster.Mendable{Text: fmt.Sprintf("the account's key in Secret %s cannot be read: restore the Secret, or delete it to have another account", key)}
	}
	if url := string(secret.Data[accountURLField]); url != "" {
		return acme.Account{Key: signer, URL: url}, true, nil
	}
	external, err := s.externalAccount(ctx)
	if err != nil {
		return acme.Account{}, false, err
	}
	url, err := s.authority.Register(ctx, signer, email, external)
	if failed, ok := errors.AsType[*acme.Error](err); ok && failed.Kind == acme.Refused && failed.Status >= 400 && email != s.email {
		return acme.Account{}, false, cmp.Or(s.forget(ctx, secret), err)
	}
	if err != nil {
		return acme.Account{}, false, err
	}
	secret.Data[accountURLField] = []byte(url)
	if err := s.client.Update(ctx, secret); err != nil {
		return acme.Account{}, false, fmt.Errorf("writing the account: %w", err)
	}
	return acme.Account{}, false, nil
}

// forget deletes a key that the authority has refused to register. Otherwise one would stay for each address that
// somebody thinks of. The controller's own key is not forgotten: there is one.
func (s *accountStore) forget(ctx context.Context, secret *corev1.Secret) error {
	version := secret.ResourceVersion
	err := s.client.Delete(ctx, secret, client.Preconditions{ResourceVersion: &version})
	if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return fmt.Errorf("deleting the key that the authority refused: %w", err)
}

// use writes into an account's Secret that this controller uses the account. Nobody deletes an account that is a
// controller's own or that controllers of two classes use. use returns whether that changes the Secret.
func (s *accountStore) use(secret *corev1.Secret, email string) (changed bool) {
	if _, noted := secret.Annotations[unnamedAnnotation]; noted {
		delete(secret.Annotations, unnamedAnnotation)
		changed = true
	}
	if class, made := secret.Labels[accountClassLabel]; made && class != s.class {
		delete(secret.Labels, accountClassLabel)
		changed = true
	}
	if email == s.email && secret.Labels[accountLabel] != accountOwn {
		if secret.Labels == nil {
			secret.Labels = map[string]string{}
		}
		secret.Labels[accountLabel] = accountOwn
		changed = true
	}
	return changed
}

// secretName returns the name of the Secret that keeps the account of an address.
func (s *accountStore) secretName(email string) client.ObjectKey {
	return client.ObjectKey{Namespace: s.namespace, Name: accountSecretPrefix + ledger.NameSet([]string{s.directory, email})}
}

// make writes a new key. The key is used only once it is read from there, because another replica may have been first.
func (s *accountStore) make(ctx context.Context, name client.ObjectKey, email string) error {
	key, err := newAccountKey()
	if err != nil {
		return err
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name,
			OwnerReferences: cluster.BelongingTo(s.owner),
			Labels:          map[string]string{accountClassLabel: s.class},
			Annotations:     map[string]string{cluster.DirectoryAnnotation: s.directory, emailAnnotation: email}},
		Type: accountSecretType,
		Data: map[string][]byte{accountKeyField: key},
	}
	if email == s.email {
		secret.Labels[accountLabel] = accountOwn
	}
	err = s.client.Create(ctx, secret)
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("writing the account: %w", err)
	}
	return nil
}

// doubt asks the authority about an account whose request it has refused. The store then keeps the account that the
// authority has under the key. If the authority has none, a later pass registers the key again. If the authority has
// closed the account, doubt makes a new key. It returns whether another account is used from now on.
func (s *accountStore) doubt(ctx context.Context, email string, used acme.Account) (another bool, err error) {
	secret := &corev1.Secret{}
	key := s.secretName(email)
	switch err := s.reader.Get(ctx, key, secret); {
	case apierrors.IsNotFound(err):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("reading the account: %w", err)
	}
	signer, err := parseECKey(secret.Data[accountKeyField])
	there := acme.Account{Key: signer, URL: string(secret.Data[accountURLField])}
	if err != nil || used.Key != nil && attemptAccount(there) != attemptAccount(used) {
		return true, nil // Somebody has changed the account meanwhile.
	}
	url, closed, err := s.authority.FindAccount(ctx, signer)
	switch {
	case err != nil:
		return false, err
	case closed:
		if secret.Data[accountKeyField], err = newAccountKey(); err != nil {
			return false, err
		}
	case url != "" && url == there.URL:
		return false, nil
	}
	if url == "" {
		delete(secret.Data, accountURLField)
	} else {
		secret.Data[accountURLField] = []byte(url)
	}
	if err := s.client.Update(ctx, secret); err != nil {
		return false, fmt.Errorf("writing the account: %w", err)
	}
	return true, nil
}

// attemptAccount returns a digest of an account and its key. Answers to challenges are made with that key.
func attemptAccount(account acme.Account) string {
	public, err := x509.MarshalPKIXPublicKey(account.Key.Public())
	if err != nil {
		return "" // A key that was read from a Secret can be encoded.
	}
	return ledger.NameSet([]string{account.URL, string(public)})
}

// externalAccount reads what binds new accounts to an account that the authority knows. It returns nil if nothing does.
func (s *accountStore) externalAccount(ctx context.Context) (*acme.ExternalAccount, error) {
	if s.external == "" {
		return nil, nil
	}
	var secret corev1.Secret
	switch err := s.reader.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: s.external}, &secret); {
	case apierrors.IsNotFound(err):
		return nil, &cluster.Mendable{Text: fmt.Sprintf("there is no Secret %s/%s, which --acme-eab-secret names", s.namespace, s.external)}
	case err != nil:
		return nil, fmt.Errorf("reading the Secret that --acme-eab-secret names: %w", err)
	}
	external := &acme.ExternalAccount{KeyID: string(secret.Data[externalKeyIDField]), HMACKey: string(secret.Data[externalHMACKeyField])}
	if external.KeyID == "" || external.HMACKey == "" {
		return nil, &cluster.Mendable{Text: fmt.Sprintf("Secret %s/%s, which --acme-eab-secret names, must have %s and %s", s.namespace, s.external,
			externalKeyIDField, externalHMACKeyField)}
	}
	return external, nil
}

// newAccountKey makes the key of an account. It returns the key as PEM.
func newAccountKey() ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the account's key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encoding the account's key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func parseECKey(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	return x509.ParseECPrivateKey(block.Bytes)
}
