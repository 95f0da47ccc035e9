// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// prompt begins a command in a block that shows a terminal. Lines without it are what the command prints, or belong to
// a command that is not complete yet.
const prompt = "$ "

// command is a command line: a program and its arguments.
type command struct {
	words []string
	line  int
}

// script is a part of a block that is for a shell, and the line that it begins in.
type script struct {
	file *syntax.File
	line int
}

// commands returns the commands of a block, also those within others.
func (b block) commands() (found []command) {
	for _, s := range b.scripts() {
		syntax.Walk(s.file, func(node syntax.Node) bool {
			if call, ok := node.(*syntax.CallExpr); ok && len(call.Args) > 0 {
				c := command{line: s.line + int(call.Pos().Line()) - 1}
				for _, word := range call.Args {
					c.words = append(c.words, literal(word))
				}
				found = append(found, c)
			}
			return true
		})
	}
	return found
}

// hereDocuments returns what the commands of a block are given on standard input as it stands there.
func (b block) hereDocuments() (found []document) {
	for _, s := range b.scripts() {
		syntax.Walk(s.file, func(node syntax.Node) bool {
			if r, ok := node.(*syntax.Redirect); ok && r.Hdoc != nil {
				found = append(found, document{line: s.line + int(r.Hdoc.Pos().Line()) - 1, text: literal(r.Hdoc)})
			}
			return true
		})
	}
	return found
}

// scripts returns what a block has for a shell. What no shell can read is left out.
func (b block) scripts() (found []script) {
	switch b.language {
	case "bash", "sh", "shell":
		if file, err := parseShell(b.text); err == nil {
			found = append(found, script{file, b.line})
		}
		return found
	case "console":
	default:
		return nil
	}
	lines := strings.Split(b.text, "\n")
	for i, line := range lines {
		text, ok := strings.CutPrefix(line, prompt)
		if !ok {
			continue
		}
		// A command goes on in further lines until it is whole.
		for next := i + 1; ; next++ {
			file, err := parseShell(text)
			if err == nil && !strings.HasSuffix(text, "\\") {
				found = append(found, script{file, b.line + i})
				break
			}
			if next >= len(lines) || strings.HasPrefix(lines[next], prompt) {
				break
			}
			text += "\n" + lines[next]
		}
	}
	return found
}

func parseShell(text string) (*syntax.File, error) {
	return syntax.NewParser().Parse(strings.NewReader(text), "")
}

// literal returns a word as its command gets it. What the shell would fill in is left out.
func literal(word *syntax.Word) string {
	var b strings.Builder
	var write func(parts []syntax.WordPart)
	write = func(parts []syntax.WordPart) {
		for _, part := range parts {
			switch part := part.(type) {
			case *syntax.Lit:
				b.WriteString(part.Value)
			case *syntax.SglQuoted:
				b.WriteString(part.Value)
			case *syntax.DblQuoted:
				write(part.Parts)
			}
		}
	}
	write(word.Parts)
	return b.String()
}
