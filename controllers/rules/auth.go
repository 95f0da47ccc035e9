// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/proxy/auth"
)

// Auth says what a client has to prove. It has to prove all that is not nil. The names are those of objects, which hold
// what it is compared with: with none of that, nobody gets in.
type Auth struct {
	// Any has whom the rule's list of allowed addresses admits prove nothing, and has that list refuse nobody.
	Any      bool
	JWT      *JWTAuth
	Basic    *BasicAuth
	External *ExternalAuth
}

// BasicAuth asks for a user's name and password.
type BasicAuth struct {
	Realm string
	// Users is the Secret that has them.
	Users CredentialName
}

// JWTAuth asks for a signed token.
type JWTAuth struct {
	Issuer string
	// Audiences are sorted. One of them has to be the token's. Empty for any.
	Audiences []string
	// KeysURL or Keys says which keys may have signed it.
	KeysURL string
	Keys    CredentialName
	Leeway  time.Duration
	// Claims are told to the backend.
	Claims []auth.ForwardedClaim
}

// ExternalAuth asks a service.
type ExternalAuth struct {
	// Backend has no weight and no policies. With a fault nobody gets in.
	Backend Backend
	// Asks says how it is asked, without a pool.
	Asks auth.External
}

// Fault returns what the data plane would say against how the service is asked, or nothing. There it would keep all
// else from being served anew.
func (a *ExternalAuth) Fault() string {
	asks := a.Asks
	asks.Pool = a.Backend.Service // which is not empty
	if err := asks.Inspect(); err != nil {
		return err.Error()
	}
	return ""
}

// CredentialName names a Secret with what clients have to prove, and how it has that. An empty namespace stands for the
// object's.
type CredentialName struct {
	types.NamespacedName
	Form CredentialForm
}

// CredentialForm is how a Secret has what clients have to prove.
type CredentialForm uint8

const (
	// Users are the lines of key auth, or if there is no such key, a user in each key.
	Users CredentialForm = iota
	// UserFile is key auth alone.
	UserFile
	// UserMap is a user in each key, whatever its name is.
	UserMap
	// KeySet is a JSON Web Key Set under the key jwks.json.
	KeySet
)

// EachKeysURL calls f with each URL of the keys that tokens are verified by.
func (o *Object) EachKeysURL(f func(url string)) {
	for h := range o.Hosts {
		for r := range o.Hosts[h].Rules {
			if auth := o.Hosts[h].Rules[r].Auth; auth != nil && auth.JWT != nil && auth.JWT.KeysURL != "" {
				f(auth.JWT.KeysURL)
			}
		}
	}
}

// EachCredential calls f with the names of the Secrets that the object's rules have clients prove something by, in
// full.
func (o *Object) EachCredential(f func(CredentialName)) {
	call := func(name CredentialName) {
		if name.Name != "" {
			name.Namespace = cmp.Or(name.Namespace, o.Namespace)
			f(name)
		}
	}
	for h := range o.Hosts {
		for r := range o.Hosts[h].Rules {
			auth := o.Hosts[h].Rules[r].Auth
			if auth == nil {
				continue
			}
			if auth.JWT != nil {
				call(auth.JWT.Keys)
			}
			if auth.Basic != nil {
				call(auth.Basic.Users)
			}
		}
	}
}
