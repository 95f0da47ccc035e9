// SPDX-License-Identifier: Apache-2.0

// Command docs checks the pages of this checkout. Links lead somewhere, commands and their flags exist, objects have
// the fields of their kinds, sentences are short, and the glossary explains the terms on the README's first screen. It
// prints what is wrong, a line each, and then fails.
//
// Read in this order: page.go (what a page is), then the checks: links.go, sentences.go, objects.go, shell.go and
// commands.go, terms.go.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	program := flag.String("program", "bin/warren-ingress", "`file` of the program that is asked for its commands")
	flag.Parse()
	faults, err := checkAll(*program)
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
	for _, f := range faults {
		fmt.Println(f)
	}
	if len(faults) > 0 {
		fmt.Fprintf(os.Stderr, "docs: %d faults\n", len(faults))
		os.Exit(1)
	}
}

// fault is what is wrong with a line.
type fault struct {
	file string
	line int
	text string
}

func (f fault) String() string { return fmt.Sprintf("%s:%d: %s", f.file, f.line, f.text) }

const (
	readme   = "README.md"
	glossary = "docs/glossary.md"
)

// checkAll checks the checkout that is the working directory.
func checkAll(program string) ([]fault, error) {
	pages, err := readPages()
	if err != nil {
		return nil, err
	}
	known, err := readCommands(program)
	if err != nil {
		return nil, err
	}
	defer known.close()
	faults := checkLinks(pages, exists)
	for _, p := range pages {
		if hasProse(p.name) {
			faults = append(faults, checkSentences(p)...)
		}
		if hasExamples(p.name) {
			faults = append(faults, checkCommands(p, known)...)
			faults = append(faults, checkObjects(p.documents())...)
		}
	}
	examples, err := exampleFiles()
	if err != nil {
		return nil, err
	}
	faults = append(faults, checkObjects(examples)...)
	return append(faults, checkTerms(pages[readme], pages[glossary])...), nil
}

// A changelog says what was, and the chart's page is generated from the chart's values.
const (
	changelog = "CHANGELOG.md"
	chart     = "config/helm/"
)

func hasProse(name string) bool    { return name != changelog && !strings.HasPrefix(name, chart) }
func hasExamples(name string) bool { return name != changelog }

// readPages returns the pages that git knows or would add, by name.
func readPages() (map[string]*page, error) {
	listed, err := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the pages: %w", err)
	}
	pages := map[string]*page{}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
		source, err := os.ReadFile(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // It is deleted and not yet committed.
		}
		if err != nil {
			return nil, fmt.Errorf("reading a page: %w", err)
		}
		pages[name] = readPage(name, source)
	}
	for _, name := range []string{readme, glossary} {
		if pages[name] == nil {
			return nil, fmt.Errorf("there is no %s", name)
		}
	}
	return pages, nil
}

// exampleFiles returns the documents of the manifests that are there to be copied.
func exampleFiles() ([]document, error) {
	var documents []document
	for _, pattern := range []string{"examples/*.yaml", "examples/*/*.yaml", "config/samples/*.yaml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		slices.Sort(names)
		for _, name := range names {
			content, err := os.ReadFile(name)
			if err != nil {
				return nil, fmt.Errorf("reading an example: %w", err)
			}
			documents = append(documents, document{file: name, line: 1, text: string(content)})
		}
	}
	return documents, nil
}

// exists says whether the checkout has a file or folder.
func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
