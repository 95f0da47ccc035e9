// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
)

// ValidHost returns whether a host can be matched. It is empty, or labels of lower-case letters, digits and hyphens,
// perhaps after "*.". The API already refuses other hosts. This is for objects that no schema has checked.
func ValidHost(name string) bool {
	if name == "" {
		return true
	}
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimPrefix(name, "*."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
