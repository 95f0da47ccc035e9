// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// cookieDomain is what the schema requires of a domain.
var cookieDomain = regexp.MustCompile(`^[-.0-9A-Za-z]{1,253}$`)

// readCookieRewrite reads a cookieRewrite. It returns what is wrong with it as fault. A semicolon in a path would begin
// another attribute.
func readCookieRewrite(from *v1alpha1.CookieRewrite) (read *policy.CookieRewrite, fault string) {
	read = new(policy.CookieRewrite)
	switch {
	case len(from.Domains)+len(from.Paths) == 0:
		return nil, "cookieRewrite changes nothing: list domains or paths, or leave it out"
	case len(from.Domains) > maxChanges, len(from.Paths) > maxChanges:
		return nil, "cookieRewrite lists more than " + strconv.Itoa(maxChanges) + " domains or paths: write fewer"
	}
	for _, d := range from.Domains {
		for _, text := range [...]string{d.From, d.To} {
			if !cookieDomain.MatchString(text) {
				return nil, "cookieRewrite.domains has " + rules.Quote(text) + ", which is no domain: write one such as shop.internal"
			}
		}
		read.Domains = append(read.Domains, policy.ValueChange{From: d.From, To: d.To})
	}
	for _, p := range from.Paths {
		for _, text := range [...]string{p.From, p.To} {
			if !strings.HasPrefix(text, "/") || len(text) > maxChange || strings.ContainsFunc(text, isUnprinted) || strings.Contains(text, ";") {
				return nil, "cookieRewrite.paths has " + rules.Quote(text) + ", which is no path of a cookie: begin with a slash, and write printable ASCII without a semicolon"
			}
		}
		read.Paths = append(read.Paths, policy.ValueChange{From: p.From, To: p.To})
	}
	return read, ""
}
