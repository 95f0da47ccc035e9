// SPDX-License-Identifier: Apache-2.0

package certificates

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"strings"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// DueInput is what decides whether a certificate has to be ordered.
type DueInput struct {
	Now     time.Time
	Hosts   []string
	KeyType v1alpha1.KeyType
	// Directory is that of the authority that is asked. MadeBy is that of the authority that issued the certificate in the
	// Secret, empty if it was not ordered here.
	Directory, MadeBy string
	// Found is set if there is a Secret. Fault is why it cannot be served.
	Found bool
	Fault string
	// Leaf is nil unless the Secret can be served.
	Leaf *x509.Certificate
	// Renewal is when the leaf is due to be renewed.
	Renewal time.Time
}

// duePolicies are asked in turn. The first that returns a reason decides. None of them depends on the time.
func duePolicies() []func(*DueInput) (why string) {
	return []func(*DueInput) string{
		func(in *DueInput) string {
			if !in.Found {
				return "there is no certificate yet"
			}
			return ""
		},
		func(in *DueInput) string {
			if in.Leaf == nil {
				return "what the Secret holds cannot be served: " + in.Fault
			}
			return ""
		},
		func(in *DueInput) string {
			if uncovered := uncoveredHosts(in.Leaf, in.Hosts); len(uncovered) > 0 {
				return "the certificate does not cover " + strings.Join(uncovered, ", ")
			}
			return ""
		},
		func(in *DueInput) string {
			if in.MadeBy != "" && in.MadeBy != in.Directory {
				return "the certificate is from another authority than --acme-directory says"
			}
			return ""
		},
		func(in *DueInput) string {
			if in.MadeBy != "" && KeyTypeOf(in.Leaf.PublicKey) != in.KeyType {
				return "the certificate's key is of another type than keyType says"
			}
			return ""
		},
	}
}

// Due returns why a certificate has to be ordered, empty if it does not have to be. renewal is set if the present one
// is in order, and only time makes another one due.
func Due(in *DueInput) (why string, renewal bool) {
	for _, policy := range duePolicies() {
		if why := policy(in); why != "" {
			return why, false
		}
	}
	if !in.Now.Before(in.Renewal) {
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

// KeyTypeOf returns the type of a public key, empty for a type that is not ordered here.
func KeyTypeOf(public any) v1alpha1.KeyType {
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
