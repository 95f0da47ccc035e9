// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"strings"
)

// Page returns the tables of docs/ingress-nginx.md: every name with its fate.
func Page() string {
	var b strings.Builder
	writeNames(&b, "### Annotations\n\nEach begins with `"+Prefix+"`.\n", Annotations)
	writeNames(&b, "### Keys of the ConfigMap\n\nThe ConfigMap is the one that `--nginx-configmap` names.\n", Keys)
	writeNames(&b, "### Flags of ingress-nginx\n\nA flag that is acted on has one of ours in its place.\n", Flags)
	return b.String()
}

// writeNames writes a heading, and a table for each fate that a name has.
func writeNames(b *strings.Builder, heading string, list []Name) {
	b.WriteString(heading)
	for _, part := range [...]struct {
		fate  Fate
		title string
		what  string
	}{
		{ActedOn, "Acted on", "what is done"},
		{Closes, "Closes the paths", "why, and what to write instead"},
		{Meaningless, "Means nothing here", "why"},
		{NeverExisted, "Never existed", "what to write instead"},
	} {
		begun := false
		for i := range list {
			n := &list[i]
			if n.Fate != part.fate {
				continue
			}
			if !begun {
				b.WriteString("\n#### " + part.title + "\n\n| name | " + part.what + " |\n|---|---|\n")
				begun = true
			}
			b.WriteString("| `" + n.Name + "` | " + n.sentence() + " |\n")
		}
	}
	b.WriteByte('\n')
}

// sentence returns what the page says of a name.
func (n *Name) sentence() string {
	said := n.Text
	if n.Fate == Closes {
		said = strings.ToUpper(said[:1]) + said[1:] + "."
	}
	if n.Gone != "" {
		said = "Gone since " + n.Gone + ". " + said
	}
	return strings.ReplaceAll(said, "|", `\|`)
}
