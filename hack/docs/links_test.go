// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestLinksThatLeadNowhereAreFound(t *testing.T) {
	t.Parallel()
	pages := map[string]*page{}
	for name, text := range map[string]string{
		"README.md":  "# Title\n\n[own](#title), [page](docs/a.md), [folder](docs), [elsewhere](https://example.com/nothing)\n",
		"docs/a.md":  "# One of `these`, and that\n\n## Twice\n\n## Twice\n\n<a id=\"written\"></a>\n",
		"docs/b.md":  "[a](a.md#one-of-these-and-that) [a](a.md#twice-1) [a](a.md#written) [up](../README.md#title)\n",
		"docs/c.md":  "[a](a.md#twice-2)\n\nand\n[no page](nothing.md)\nand ![picture](nothing.svg)\n",
		"docs/d.md":  "| a |\n|---|\n| [out](../../x) |\n| [anchor of a folder](../docs#x) |\n",
		"docs/in.md": "`[code](nothing.md)`\n\n```\n[code](nothing.md)\n```\n",
	} {
		pages[name] = readPage(name, []byte(text))
	}
	exists := func(name string) bool { return pages[name] != nil || name == "docs" }
	requireSaid(t, checkLinks(pages, exists),
		"docs/c.md:1: the link to a.md#twice-2 leads to no heading of docs/a.md",
		"docs/c.md:4: the link to nothing.md leads to no file: there is no docs/nothing.md",
		"docs/c.md:5: the link to nothing.svg leads to no file: there is no docs/nothing.svg",
		"docs/d.md:3: the link to ../../x leads out of the checkout",
		"docs/d.md:4: the link to ../docs#x has an anchor, and docs is no page")
}
