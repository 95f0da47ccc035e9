// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// redirect has a rule send its requests elsewhere, or those that came over plain HTTP to HTTPS.
func (r *reading) redirect(rule *rules.Rule, host, path string) {
	t := &r.terms
	switch to := r.elsewhere(); {
	case to != nil:
		rule.Policies = insert(rule.Policies, to)
	case !t.forceSSL && (!t.sslRedirect || !r.shared[r.key(host)].tls):
	case slices.ContainsFunc(t.plainPaths, func(beginning string) bool { return strings.HasPrefix(path, beginning) }):
	default:
		rule.Policies = insert(rule.Policies, &policy.HTTPSRedirect{Status: t.httpsCode, NoSlash: !t.keepSlash})
	}
}

// elsewhere returns the redirect of all paths, nil if there is none.
func (r *reading) elsewhere() *policy.Redirect {
	switch t := &r.terms; {
	case t.temporal != "":
		return redirectTo(t.temporal, t.temporalCode)
	case t.permanent != "":
		return redirectTo(t.permanent, t.permanentCode)
	}
	return nil
}

// redirectTo returns the redirect to a URL, which has been checked.
func redirectTo(to string, code int) *policy.Redirect {
	base, keeps := strings.CutSuffix(to, requestURI)
	if !keeps {
		return &policy.Redirect{Status: code, Location: to}
	}
	read := &policy.Redirect{Status: code}
	if parsed, err := url.Parse(base); err == nil {
		read.Scheme, read.Host = parsed.Scheme, parsed.Hostname()
		read.Port, _ = strconv.Atoi(parsed.Port())
		if beginning := strings.TrimSuffix(parsed.Path, "/"); beginning != "" {
			read.Path = policy.PathChange{Prefix: "/", Replacement: beginning + "/"}
		}
	}
	return read
}
