// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"slices"
	"strconv"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// redirectStatuses are the statuses that a redirect may have.
var redirectStatuses = []int32{301, 302, 303, 307, 308}

// readRedirect reads the redirect of a path. It returns what is wrong with it as fault.
func (r *pathReader) readRedirect(p *v1alpha1.IngressPath) (read *policy.Redirect, fault string) {
	from := p.Redirect
	read = &policy.Redirect{Status: 302, Scheme: from.Scheme, Host: from.Host, Port: int(from.Port)}
	if from.StatusCode != 0 {
		read.Status = int(from.StatusCode)
	}
	switch {
	case *from == v1alpha1.Redirect{}:
		return nil, "redirect leads nowhere: write scheme, host, port, path or replacePrefix"
	case !slices.Contains(redirectStatuses, int32(read.Status)):
		return nil, "redirect.statusCode is " + strconv.Itoa(read.Status) + ": write 301, 302, 303, 307 or 308"
	case from.Scheme != "" && from.Scheme != "http" && from.Scheme != "https":
		return nil, "redirect.scheme is " + rules.Quote(from.Scheme) + ": write http or https"
	case !validReference(from.Host):
		return nil, "redirect.host " + rules.Quote(from.Host) + " is no DNS name in lower case: write one such as example.com, without scheme, port and path"
	case from.Port < 0 || from.Port > 65535:
		return nil, "redirect.port is " + strconv.Itoa(int(from.Port)) + ": write 1 to 65535"
	case from.Path != "" && from.ReplacePrefix != "":
		return nil, "redirect has both path and replacePrefix: write one of them"
	}
	if from.Path != "" {
		read.Path.Replace, fault = r.newPath("redirect.path", from.Path)
	} else if from.ReplacePrefix != "" {
		read.Path, fault = r.prefixChange("redirect.replacePrefix", p, from.ReplacePrefix)
	}
	return read, fault
}

// newPath reads a path that is sent on, and makes it canonical.
func (r *pathReader) newPath(field, path string) (read, fault string) {
	read, err := r.canonical(path)
	if err != nil {
		return "", field + " " + rules.Quote(path) + " is no path: " + pathFault(path, err)
	}
	return read, ""
}

// prefixChange reads what stands in place of the prefix that a path of an Ingress is.
func (r *pathReader) prefixChange(field string, p *v1alpha1.IngressPath, replacement string) (read policy.PathChange, fault string) {
	switch {
	case p.Path == "":
		return read, field + " has no place in an annotation, which is for all paths of the Ingress: write another field"
	case p.PathType != "" && p.PathType != v1alpha1.PathTypePrefix:
		return read, field + " needs pathType Prefix: there is no other prefix to replace"
	}
	if read.Replacement, fault = r.newPath(field, replacement); fault != "" {
		return read, fault
	}
	read.Prefix, fault = r.newPath("path", string(p.Path))
	return read, fault
}
