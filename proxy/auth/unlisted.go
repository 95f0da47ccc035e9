// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/message"
)

// usualNames and usualPrefixes are fields, in lower case, by which services usually tell endpoints who a client is:
// oauth2-proxy, Authelia, authentik, Pomerium, Vouch, Kong, Grafana, Tailscale, and what clouds have for the same. A
// service that has no list of what it gives may give any of them. No field is among them that a client proves by who
// it is.
var (
	usualNames = []string{
		"x-user", "x-userid", "x-username", "x-user-id", "x-user-name", "x-user-email", "x-user-group", "x-user-groups", "x-user-role",
		"x-user-roles", "x-email", "x-groups", "x-roles", "x-subject", "x-current-user", "x-forwarded-user", "x-forwarded-email",
		"x-forwarded-group", "x-forwarded-groups", "x-forwarded-roles", "x-forwarded-preferred-username", "x-forwarded-access-token",
		"x-auth-user", "x-auth-username", "x-auth-userid", "x-auth-user-id", "x-auth-name", "x-auth-email", "x-auth-group", "x-auth-groups",
		"x-auth-role", "x-auth-roles", "x-auth-subject", "x-remote-user", "x-remote-name", "x-remote-email", "x-remote-group",
		"x-remote-groups", "remote-name", "remote-email", "remote-group", "remote-groups", "x-consumer-id", "x-consumer-username",
		"x-consumer-custom-id", "x-consumer-groups", "x-credential-identifier", "x-anonymous-consumer", "x-ms-client-principal",
	}
	usualPrefixes = []string{
		"x-webauth-", "x-authenticated-", "x-authentik-", "x-pomerium-", "x-vouch-", "x-remote-extra-", "x-ms-client-principal-",
		"x-goog-authenticated-user-", "x-amzn-oidc-", "tailscale-user-", "cf-access-authenticated-user-",
	}
	usual = newGuard(usualNames, usualPrefixes)
)

// IsUsual says whether a field is one by which services usually tell who a client is.
func IsUsual(name []byte) bool { return usual.has(name) }

// Shown returns those of some names, in lower case, by which services usually tell who a client is. A service that the
// rule shows them to, by name, has to see what the client says there. The endpoint may not.
func Shown(names []string) (shown []string) {
	for _, name := range names {
		if usual.has([]byte(name)) {
			shown = append(shown, message.LowerName(name))
		}
	}
	return shown
}

// unlisted takes out of requests what a client may not say itself, because a service may say it that has no list of
// what it gives: the usual names, but for those that the service has to see. These go once it has seen them.
type unlisted struct {
	// shown are those, in lower case.
	shown []string
}

func newUnlisted(forward []string) *unlisted { return &unlisted{Shown(forward)} }

func (u *unlisted) drop(fields []message.Field) {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() && usual.has(f.Name) && !u.shows(f.Name) {
			f.Kind = message.Dropped
		}
	}
}

func (u *unlisted) shows(name []byte) bool {
	return slices.ContainsFunc(u.shown, func(one string) bool { return alike(name, one) })
}
