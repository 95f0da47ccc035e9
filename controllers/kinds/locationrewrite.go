// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// maxChanges and maxChange bound a list of what is replaced by what, and the length of each, as the schema does.
const (
	maxChanges = 16
	maxChange  = 512
)

// readLocationRewrite reads a locationRewrite. It returns what is wrong with it as fault.
func readLocationRewrite(from *v1alpha1.LocationRewrite) (read *policy.LocationRewrite, fault string) {
	read = new(policy.LocationRewrite)
	if n := len(from.Prefixes); n == 0 || n > maxChanges {
		return nil, "locationRewrite.prefixes has " + strconv.Itoa(n) + ": write 1 to " + strconv.Itoa(maxChanges)
	}
	for _, p := range from.Prefixes {
		for _, text := range [...]string{p.From, p.To} {
			if text == "" || len(text) > maxChange || strings.ContainsFunc(text, isUnprinted) {
				return nil, "locationRewrite.prefixes has " + rules.Quote(text) + ", which is no part of a URL: write printable ASCII, such as http://shop.internal:8080/"
			}
		}
		read.Changes = append(read.Changes, policy.ValueChange{From: p.From, To: p.To})
	}
	return read, ""
}

// isUnprinted returns whether a character is none of printable ASCII, or a space.
func isUnprinted(r rune) bool { return r <= ' ' || r >= 0x7f }
