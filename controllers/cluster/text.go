// SPDX-License-Identifier: Apache-2.0

package cluster

import "strings"

// FieldOwnerPrefix begins the name under which this controller owns fields of a status; the ingress class follows.
const FieldOwnerPrefix = "warren-ingress/"

// ClipMessage cuts a text to what an event's note may hold (1024 bytes), with room for what goes before it.
func ClipMessage(text string) string {
	const limit = 900
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

// ClipTo cuts a text to so many bytes, and at no place within a character.
func ClipTo(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "")
}
