// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// authentication is how clients prove who they are. Empty: they do not.
type authentication string

const (
	// askAlways has a service asked about each request.
	askAlways authentication = "always"
	// askOnce is the same, but what the service says is kept for verdictKeptFor.
	askOnce authentication = "once"
	// verifyTokens has the clients' tokens verified. A proxy that cannot do that asks the service, as for askAlways.
	verifyTokens authentication = "tokens"
	// verifyRSA is the same for tokens that are signed by RS256.
	verifyRSA authentication = "rsa"
)

// byToken says whether tokens prove who a client is.
func (a authentication) byToken() bool { return a == verifyTokens || a == verifyRSA }

const (
	// authServiceName is the service that is asked. The backends are its instances, too, at verdictPath.
	authServiceName = "auth"
	keysSecretName  = "keys"
	// userField tells a backend who the client is. A token says clientName. A service adds a hyphen, and which instance
	// it is.
	userField  = "X-Auth-Request-User"
	clientName = "alice"

	sessionCookie  = "session"
	sessionValue   = "9f86d081884c7d659a2feaa0c55ad015"
	verdictKeptFor = time.Minute
)

// credential returns the field that proves who a client is. Only where tokens are verified it has the token.
func (a authentication) credential(token string) field {
	if a.byToken() {
		return field{"Authorization", "Bearer " + token}
	}
	return field{"Cookie", sessionCookie + "=" + sessionValue}
}

// proven returns the request once for each token, with what proves who its client is.
func (a authentication) proven(r request, tokens []string) []request {
	all := make([]request, 0, len(tokens))
	for _, token := range tokens {
		one, f := r, a.credential(token)
		one.Fields = append(slices.Clone(r.Fields), f.Name+": "+f.Value)
		all = append(all, one)
	}
	return all
}

// terms is what a path of ours says.
func (a authentication) terms() *v1alpha1.Auth {
	if a.byToken() {
		return &v1alpha1.Auth{JWT: &v1alpha1.JWTAuth{
			Issuer: issuerName, Audiences: []string{audience}, SecretName: keysSecretName,
			ForwardClaims: []v1alpha1.ForwardedClaim{{Claim: "sub", Header: userField}},
		}}
	}
	external := &v1alpha1.ExternalAuth{
		ServiceName: authServiceName, Port: servicePort, Path: verdictPath, ResponseHeaders: []v1alpha1.AuthHeader{userField},
	}
	if a == askOnce {
		external.CacheKey, external.CacheFor = "$cookie_"+sessionCookie, &metav1.Duration{Duration: verdictKeptFor}
	}
	return &v1alpha1.Auth{External: external}
}

// objects returns what the terms refer to: the keys, or the service.
func (a authentication) objects(c *configuration, namespace string) []client.Object {
	if a.byToken() {
		return []client.Object{&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: keysSecretName}, Data: map[string][]byte{"jwks.json": c.KeySet},
		}}
	}
	made := make([]client.Object, 0, len(c.Backends))
	for i, backend := range c.Backends {
		made = append(made, task(namespace, fmt.Sprintf("%s-%d", authServiceName, i+1), authServiceName, backend))
	}
	return made
}
