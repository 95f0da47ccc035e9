// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// readRewrite reads a rewrite. It returns what is wrong with it as fault. It makes the path canonical, as every path is
// that an endpoint gets. If the path's headers say what becomes of X-Forwarded-Prefix, that holds.
func (r *pathReader) readRewrite(p *v1alpha1.IngressPath) (read *policy.Rewrite, fault string) {
	from := p.Rewrite
	read = &policy.Rewrite{Host: from.Host}
	var ways []string
	if strip := string(from.StripPrefix); strip != "" {
		ways = append(ways, "stripPrefix")
		strip, err := r.canonical(strip)
		if err != nil {
			return nil, "rewrite.stripPrefix " + rules.Quote(string(from.StripPrefix)) + " cannot be stripped: " + err.Error()
		}
		read.StripPrefix, read.Untold = strip, changesField(p.Headers, "X-Forwarded-Prefix")
	}
	if replace := string(from.ReplacePath); replace != "" {
		ways = append(ways, "replacePath")
		replace, err := r.canonical(replace)
		if err != nil {
			return nil, "rewrite.replacePath " + rules.Quote(string(from.ReplacePath)) + " cannot be forwarded: " + err.Error()
		}
		read.Path.Replace = replace
	}
	if from.ReplacePrefix != "" {
		ways = append(ways, "replacePrefix")
		if read.Path, fault = r.prefixChange("rewrite.replacePrefix", p, from.ReplacePrefix); fault != "" {
			return nil, fault
		}
	}
	if from.Regex != nil {
		ways = append(ways, "regex")
		if read.Path, fault = readSubstitution(from.Regex); fault != "" {
			return nil, fault
		}
	}
	switch {
	case len(ways) > 1:
		return nil, "rewrite has both " + ways[0] + " and " + ways[1] + ": write one of them"
	case !validAuthority(from.Host):
		return nil, "rewrite.host " + rules.Quote(from.Host) + " is no host: write a DNS name in lower case such as internal.example.com, with a port if it needs one"
	case len(ways) == 0 && from.Host == "":
		return nil, "rewrite has neither stripPrefix nor replacePath, replacePrefix, regex or host: write one of them, or leave rewrite out"
	}
	return read, ""
}

// readSubstitution reads an expression and what stands in its place. What that makes of a path is only known when a
// request comes, and is made canonical then.
func readSubstitution(from *v1alpha1.Substitution) (read policy.PathChange, fault string) {
	if from.Pattern == "" {
		return read, "rewrite.regex has no pattern: write one, such as ^/api/(.*)$"
	}
	if fault := ExpressionFault("rewrite.regex.pattern", from.Pattern); fault != "" {
		return read, fault
	}
	if at := strings.IndexFunc(from.Substitution, isUnspelled); at >= 0 || len(from.Substitution) > maxExpression {
		return read, "rewrite.regex.substitution " + rules.Quote(from.Substitution) + " is no part of a path: write printable ASCII without ? and #, such as /$1"
	}
	return policy.PathChange{Expression: from.Pattern, Substitution: from.Substitution}, ""
}

// validAuthority returns whether a text is empty, or a host with an optional port.
func validAuthority(text string) bool {
	host, port, hasPort := strings.Cut(text, ":")
	number, err := strconv.ParseUint(port, 10, 16)
	return validReference(host) && (host != "" || text == "") && (!hasPort || err == nil && number > 0)
}
