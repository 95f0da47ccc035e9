// SPDX-License-Identifier: Apache-2.0

package canonical

import (
	"bytes"
	"strings"
)

var schemeEnd = []byte("://")

// OriginPattern is an origin of pages, or all that end alike.
type OriginPattern struct {
	scheme string
	// rest is the host, with the port if that is not the usual one of the scheme. If wildcard is set, it is the end of
	// that.
	rest     string
	wildcard bool
	// label has the wildcard stand for one label alone.
	label bool
}

// Origins reads a pattern: an origin, whose host may begin with a wildcard. With label, that stands for one label
// alone, and else for any number.
func Origins(text string, label bool) OriginPattern {
	scheme, rest, _ := strings.Cut(strings.ToLower(text), "://")
	usual := ":443"
	if scheme == "http" {
		usual = ":80"
	}
	rest, wildcard := strings.CutPrefix(strings.TrimSuffix(rest, usual), "*")
	return OriginPattern{scheme: scheme, rest: rest, wildcard: wildcard, label: label}
}

// Matches says whether an origin is one of the pattern. Browsers write an origin in lower case, and no usual port.
func (o *OriginPattern) Matches(from []byte) bool {
	scheme, host, ok := bytes.Cut(from, schemeEnd)
	if !ok || string(scheme) != o.scheme {
		return false
	}
	if !o.wildcard {
		return string(host) == o.rest
	}
	if len(host) <= len(o.rest) || string(host[len(host)-len(o.rest):]) != o.rest {
		return false
	}
	for _, c := range host[:len(host)-len(o.rest)] {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && (c != '.' || o.label) {
			return false
		}
	}
	return true
}
