// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bytes"
	"iter"
)

// separator begins a document (YAML 1.2.2, section 9.1.2).
const separator = "---"

// document is a part of a file that is to be one object.
type document struct {
	// line is the file's line that the text begins in. The first one is 1.
	line int
	text []byte
}

// documents returns the documents of a file as kubectl finds them. Readers of YAML that find documents by themselves
// know nothing of those behind one that is broken, and those of Kubernetes do not tell the lines.
func documents(content []byte) iter.Seq[document] {
	return func(yield func(document) bool) {
		current, line, at := document{line: 1}, 0, 0
		end := func(upTo int) bool {
			current.text = content[at:upTo]
			return len(bytes.TrimSpace(current.text)) == 0 || yield(current)
		}
		offset := 0
		for text := range bytes.Lines(content) {
			line++
			if isSeparator(text) {
				if !end(offset) {
					return
				}
				current, at = document{line: line + 1}, offset+len(text)
			}
			offset += len(text)
		}
		end(offset)
	}
}

// isSeparator returns whether a line separates two documents. Only white space and a comment may follow the mark.
func isSeparator(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte(separator))
	if !ok {
		return false
	}
	rest = bytes.TrimSpace(rest)
	return len(rest) == 0 || rest[0] == '#'
}
