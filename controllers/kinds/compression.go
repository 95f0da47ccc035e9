// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

const (
	// maxTypes bounds the media types, as the schema does.
	maxTypes = 64
	// maxLeast is the greatest minBytes: with more, nothing would be compressed.
	maxLeast = 64 << 20
)

// mediaType is what the schema requires of a type.
var mediaType = regexp.MustCompile(`^[a-z0-9][-a-z0-9.+_]*/([*]|[a-z0-9][-a-z0-9.+_]*)$`)

// readCompression reads a compression. It returns what is wrong with it as fault.
func readCompression(from *v1alpha1.Compression) (read *policy.Compression, fault string) {
	read = &policy.Compression{Types: texts(from.Types), MinBytes: v1alpha1.DefaultCompressionBytes}
	switch {
	case len(read.Types) > maxTypes:
		return nil, "compression.types has more than " + strconv.Itoa(maxTypes) + " types: write fewer, such as text/*"
	case len(read.Types) == 0:
		read.Types = policy.CompressedTypes
	}
	if i := slices.IndexFunc(read.Types, func(t string) bool { return !mediaType.MatchString(t) }); i >= 0 {
		return nil, "compression.types has " + rules.Quote(read.Types[i]) + ", which is no media type: write one in lower case such as application/json, or text/*"
	}
	if from.MinBytes != nil {
		if read.MinBytes = from.MinBytes.Value(); read.MinBytes < 0 || read.MinBytes > maxLeast {
			written := from.MinBytes.DeepCopy() // String writes its result into the Quantity, which is not ours.
			return nil, "compression.minBytes is " + rules.Clip(written.String()) + ": write 0 to 64Mi, such as 1Ki"
		}
	}
	return read, ""
}
