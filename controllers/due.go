// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"strings"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// dueInput is what decides whether a certificate has to be ordered.
type dueInput struct {
	now     time.Time
	hosts   []string
	keyType v1alpha1.KeyType
	// directory is that of the authority that is asked, madeBy that which the certificate in the Secret came from; empty
	// if it was not ordered here.
	directory, madeBy string
	// found is whether there is a Secret, fault why it cannot be served.
	found bool
	fault string
	// leaf is nil unless the Secret can be served.
	leaf *x509.Certificate
	// renewal is when the leaf is due to be renewed.
	renewal time.Time
}

// duePolicies are asked in turn; the first that has a reason to order is followed. None is about time.
func duePolicies() []func(*dueInput) (why string) {
	return []func(*dueInput) string{
		func(in *dueInput) string {
			if !in.found {
				return "there is no certificate yet"
			}
			return ""
		},
		func(in *dueInput) string {
			if in.leaf == nil {
				return "what the Secret holds cannot be served: " + in.fault
			}
			return ""
		},
		func(in *dueInput) string {
			if uncovered := uncoveredHosts(in.leaf, in.hosts); len(uncovered) > 0 {
				return "the certificate does not cover " + strings.Join(uncovered, ", ")
			}
			return ""
		},
		func(in *dueInput) string {
			if in.madeBy != "" && in.madeBy != in.directory {
				return "the certificate is from another authority than --acme-directory says"
			}
			return ""
		},
		func(in *dueInput) string {
			if in.madeBy != "" && keyTypeOf(in.leaf.PublicKey) != in.keyType {
				return "the certificate's key is of another type than keyType says"
			}
			return ""
		},
	}
}

// due returns why a certificate has to be ordered, or nothing; and whether that is to renew one that is in order,
// because of the time alone.
func due(in *dueInput) (why string, renewal bool) {
	for _, policy := range duePolicies() {
		if why := policy(in); why != "" {
			return why, false
		}
	}
	if !in.now.Before(in.renewal) {
		return "the certificate is due to be renewed", true
	}
	return "", false
}

func uncoveredHosts(leaf *x509.Certificate, hosts []string) []string {
	var uncovered []string
	for _, host := range hosts {
		if leaf.VerifyHostname(host) != nil {
			uncovered = append(uncovered, host)
		}
	}
	return uncovered
}

// keyTypeOf returns the type of a public key, and nothing for one that is not ordered here.
func keyTypeOf(public any) v1alpha1.KeyType {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		if key.Params().BitSize == 256 {
			return v1alpha1.KeyTypeECDSAP256
		}
	case *rsa.PublicKey:
		if key.N.BitLen() == 2048 {
			return v1alpha1.KeyTypeRSA2048
		}
	}
	return ""
}
