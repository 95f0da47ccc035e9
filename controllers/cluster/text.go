// SPDX-License-Identifier: Apache-2.0

package cluster

import "strings"

// FieldOwnerPrefix begins the name under which this controller owns fields of a status. The ingress class follows it.
const FieldOwnerPrefix = "warren-ingress/"

// ClipMessage cuts a text so that it fits into an event's note (1024 bytes) with room for what goes before it.
func ClipMessage(text string) string {
	const limit = 900
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

// ClipTo cuts a text to at most limit bytes, and never within a character.
func ClipTo(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "")
}
