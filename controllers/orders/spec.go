// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"encoding/json"
	"fmt"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/certificates"
	"github.com/warren-dev/ingress/controllers/ledger"
)

// SpecOf returns a digest of everything in a spec that decides what is ordered, and from where.
func SpecOf(spec *v1alpha1.TLSCertificateSpec, directory string) (string, error) {
	ordered := struct {
		Hosts                     []string
		Email, Profile, Preferred string
		KeyType                   v1alpha1.KeyType
		Types                     []v1alpha1.ChallengeType
		Secret, Directory         string
	}{certificates.HostsOf(spec), string(spec.Email), spec.Profile, spec.PreferredChain, certificates.KeyTypeWanted(spec), challengeTypes(spec), string(spec.SecretName), directory}
	text, err := json.Marshal(ordered)
	if err != nil {
		return "", fmt.Errorf("encoding what is ordered: %w", err)
	}
	return ledger.NameSet([]string{string(text)}), nil
}

func challengeTypes(spec *v1alpha1.TLSCertificateSpec) []v1alpha1.ChallengeType {
	if len(spec.ChallengeTypes) == 0 {
		return []v1alpha1.ChallengeType{v1alpha1.ChallengeHTTP01, v1alpha1.ChallengeTLSALPN01}
	}
	return spec.ChallengeTypes
}

// challengeTypeOf returns the type of the challenges of an attempt after so many failures. The types that are allowed
// take turns.
func challengeTypeOf(spec *v1alpha1.TLSCertificateSpec, failures int32) v1alpha1.ChallengeType {
	types := challengeTypes(spec)
	return types[int(failures)%len(types)]
}
