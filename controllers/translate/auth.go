// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/policy"
)

// policies returns the policies of a candidate's route: those of its rule, with what its auth asks in its place.
func (c *candidate) policies(o *object, rule *rules.Rule, pools *pools, known *credentials) []policy.Policy {
	asked := rule.Auth
	if asked == nil {
		return rule.Policies
	}
	list := slices.Clone(rule.Policies)
	if asked.Any {
		suffices(list)
	}
	if asked.JWT != nil {
		list = place(list, known.jwt(o, asked.JWT))
	}
	if asked.Basic != nil {
		basic := &auth.Basic{Realm: asked.Basic.Realm, Namespace: o.Namespace}
		basic.Users, basic.Missing = known.text(o, asked.Basic.Users)
		list = place(list, basic)
	}
	if asked.External != nil {
		external := asked.External.Asks
		external.Pool, external.Missing = c.asked(o, rule, pools)
		list = place(list, &external)
	}
	return list
}

// place returns policies with one more in its place.
func place(list []policy.Policy, p policy.Policy) []policy.Policy {
	at := len(list)
	for at > 0 && policy.Place(list[at-1]) > policy.Place(p) {
		at--
	}
	return slices.Insert(list, at, p)
}

// suffices has whom a list of addresses admits prove nothing else. Without such a list nobody is admitted by that.
func suffices(list []policy.Policy) {
	for i, p := range list {
		if access, ok := p.(*policy.Access); ok && len(access.Allowed) > 0 {
			list[i] = &policy.Access{Allowed: access.Allowed, Denied: access.Denied, Any: true}
		}
	}
}

// jwt returns what asks for a token.
func (c *credentials) jwt(o *object, asked *rules.JWTAuth) *auth.JWT {
	made := &auth.JWT{Issuer: asked.Issuer, Audiences: asked.Audiences, KeysURL: asked.KeysURL, Local: c.local, Leeway: asked.Leeway, ForwardClaims: asked.Claims}
	if asked.Keys.Name != "" {
		made.Keys, made.Missing = c.text(o, asked.Keys)
	}
	if asked.KeysURL != "" {
		made.Missing = c.keySetMissing(o, asked.KeysURL)
	}
	if strings.HasPrefix(asked.KeysURL, "http:") {
		o.noteAuth("", "the keys of "+rules.Quote(asked.Issuer)+" are fetched over plain HTTP: who can get between the controller and their server lets in anybody; write https")
	}
	return made
}

// asked returns the id of the pool of the service that a candidate's auth asks, or why none can be asked.
func (c *candidate) asked(o *object, rule *rules.Rule, pools *pools) (pool, missing string) {
	b := &rule.Auth.External.Backend
	if b.Fault != "" {
		return "", b.Fault
	}
	if pool = pools.serving(c.pools[len(rule.Backends)+len(rule.Mirrors)+len(rule.ErrorPages)], b); pool == "" {
		return "", "there is no service " + rules.Clip(o.NamespaceOf(b)+"/"+b.Service)
	}
	return pool, ""
}
