// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"crypto/tls"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/translate"
)

// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch

// secretStore holds what Secrets were found to hold, each version of each parsed once: there may be fifty builds a second, and
// the check of one RSA key takes longer than all that a build does for an Ingress. Of a Secret that cannot be served any more
// it remembers what could be, so that a slip with kubectl takes no host down; a process that starts afterwards knows
// nothing of that. It forgets a Secret when nothing names it any more. It belongs to the goroutine that builds.
type secretStore struct {
	parsed map[types.NamespacedName]secretVersion
}

type secretVersion struct {
	uid             types.UID
	resourceVersion string
	content         *translate.Secret
	// good is the content of the latest version that could be served, nil where there was none.
	good *translate.Secret
}

// read returns what those of the Secrets hold that are named. Others are not parsed: a cluster may have many more.
func (s *secretStore) read(objects []corev1.Secret, named map[types.NamespacedName]struct{}) []*translate.Secret {
	secrets := make([]*translate.Secret, 0, len(named))
	parsed := make(map[types.NamespacedName]secretVersion, len(named))
	for i := range objects {
		object := &objects[i]
		name := client.ObjectKeyFromObject(object)
		if _, ok := named[name]; !ok {
			continue
		}
		version, ok := s.parsed[name]
		if !ok || version.uid != object.UID || version.resourceVersion != object.ResourceVersion {
			version = secretVersion{uid: object.UID, resourceVersion: object.ResourceVersion, content: parseSecret(object), good: version.good}
			if version.content.Fault == "" {
				version.good = version.content
			} else if version.good != nil {
				version.content = instead(version.good, translate.Secret{Fault: version.content.Fault})
			}
		}
		parsed[name] = version
		secrets = append(secrets, version.content)
	}
	for name, version := range s.parsed {
		_, wanted := named[name]
		if _, ok := parsed[name]; ok || !wanted || version.good == nil {
			continue
		}
		if !version.content.Gone {
			version = secretVersion{content: instead(version.good, translate.Secret{Gone: true}), good: version.good}
		}
		parsed[name] = version
		secrets = append(secrets, version.content)
	}
	s.parsed = parsed
	return secrets
}

// instead is what a Secret is served by that cannot be served itself: what it held when it could be, and what is to be said.
func instead(good *translate.Secret, said translate.Secret) *translate.Secret {
	served := *good
	served.Fault, served.Gone = said.Fault, said.Gone
	return &served
}

// parseSecret reads a Secret of type kubernetes.io/tls. It checks with the function that the data plane loads certificates
// with: a certificate that were refused there would keep the whole snapshot from being served.
func parseSecret(object *corev1.Secret) *translate.Secret {
	secret := &translate.Secret{Namespace: object.Namespace, Name: object.Name}
	chain, key := object.Data[corev1.TLSCertKey], object.Data[corev1.TLSPrivateKeyKey]
	switch {
	case len(chain) == 0:
		secret.Fault = "tls.crt is empty: put the certificate chain there as PEM, the server's own certificate first"
		return secret
	case len(key) == 0:
		secret.Fault = "tls.key is empty: put the certificate's private key there as PEM"
		return secret
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		secret.Fault = strings.ToValidUTF8(clipMessage(err.Error()), "?") +
			": tls.crt must hold the certificate chain as PEM, the server's own certificate first, and tls.key the private key of that"
		return secret
	}
	secret.Chain, secret.Key = string(chain), string(key)
	secret.NotBefore, secret.NotAfter = pair.Leaf.NotBefore, pair.Leaf.NotAfter
	for _, name := range pair.Leaf.DNSNames {
		secret.Names = append(secret.Names, strings.ToLower(name))
	}
	return secret
}

// untilValidityChanges returns how long it is from now until the first certificate's validity begins or ends, and at most
// limit: a clock may be set, or stand still while a machine sleeps. It is 0 where there is nothing to wait for.
func untilValidityChanges(secrets []*translate.Secret, now time.Time, limit time.Duration) time.Duration {
	wait := time.Duration(0)
	for _, s := range secrets {
		if s.NotAfter.IsZero() {
			continue
		}
		for _, change := range [...]time.Time{s.NotBefore, s.NotAfter} {
			// A certificate is still valid at its notAfter, so it is the second after it that makes the difference.
			left := change.Add(time.Second).Sub(now)
			if left > 0 && (wait == 0 || left < wait) {
				wait = min(left, limit)
			}
		}
	}
	return wait
}
