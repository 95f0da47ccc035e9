// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestTermsThatNobodyExplainsAreFound(t *testing.T) {
	t.Parallel()
	glossary := readPage("docs/glossary.md", []byte("- **Kubernetes API**: this.\n- **Task**: that.\n- **ACME**: other. Not in bold: Secret.\n"))
	readme := readPage("README.md", []byte("# Any Title\n\nThe API has Tasks. Some do ACME and `Kubernetes`.\n\nBut Secrets, TLS and `fooBar`.\n\n## More\n\nAn Orchid.\n"))
	requireSaid(t, checkTerms(readme, glossary),
		`README.md:1: the glossary does not explain "Title"`,
		`README.md:5: the glossary does not explain "Secrets"`,
		`README.md:5: the glossary does not explain "TLS"`,
		`README.md:5: the glossary does not explain "fooBar"`)
}
