// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extensionast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// page is what the checks look at in a page. All lines count from 1.
type page struct {
	// name is the file's path in the checkout.
	name    string
	anchors map[string]bool
	links   []link
	blocks  []block
	prose   []passage
	// strong is what is printed in bold.
	strong []string
}

// link is a link or a picture.
type link struct {
	target string
	line   int
}

// block is a fenced block of code. Its first line is that after the fence.
type block struct {
	language, text string
	line           int
}

// passage is what is read in one go: a paragraph, a heading, an item of a list, a cell of a table. A code span in it
// stands between backquotes, and a link is its text.
type passage struct {
	text      string
	line      int
	isHeading bool
}

// document is text in YAML or JSON, and where it begins.
type document struct {
	file string
	line int
	text string
}

// explicitAnchor is an anchor that is written as HTML.
var explicitAnchor = regexp.MustCompile(`<a\s+(?:id|name)="([^"]+)"`)

func readPage(name string, source []byte) *page {
	p := &page{name: name, anchors: map[string]bool{}}
	for _, match := range explicitAnchor.FindAllSubmatch(source, -1) {
		p.anchors[string(match[1])] = true
	}
	r := &pageReader{page: p, source: source}
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	_ = ast.Walk(root, r.visit) // visit returns no error.
	return p
}

type pageReader struct {
	*page
	source []byte
	// last is the line of the last node that has one. An inline node without text has none of its own.
	last int
}

func (r *pageReader) visit(node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	if line, ok := r.lineOf(node); ok {
		r.last = line
	}
	switch node := node.(type) {
	case *ast.Heading:
		heading := r.plain(node)
		r.addAnchor(heading)
		r.prose = append(r.prose, passage{text: heading, line: r.last, isHeading: true})
	case *ast.Paragraph, *ast.TextBlock, *extensionast.TableCell:
		r.prose = append(r.prose, passage{text: r.plain(node), line: r.last})
	case *ast.FencedCodeBlock:
		r.blocks = append(r.blocks, block{string(node.Language(r.source)), string(node.Lines().Value(r.source)), r.last})
	case *ast.Emphasis:
		if node.Level == 2 {
			r.strong = append(r.strong, r.plain(node))
		}
	case *ast.Link:
		r.links = append(r.links, link{string(node.Destination), r.last})
	case *ast.Image:
		r.links = append(r.links, link{string(node.Destination), r.last})
	}
	return ast.WalkContinue, nil
}

// lineOf returns the first line of a node.
func (r *pageReader) lineOf(node ast.Node) (line int, ok bool) {
	start := -1
	if t, isText := node.(*ast.Text); isText {
		start = t.Segment.Start
	} else if node.Type() == ast.TypeBlock && node.Lines() != nil && node.Lines().Len() > 0 {
		start = node.Lines().At(0).Start
	}
	if start < 0 {
		// A cell has no lines, and a link has the line of its first text.
		if child := node.FirstChild(); child != nil {
			return r.lineOf(child)
		}
		return 0, false
	}
	return 1 + bytes.Count(r.source[:start], []byte("\n")), true
}

// plain returns the text of a node's inline children.
func (r *pageReader) plain(node ast.Node) string {
	var b strings.Builder
	r.writePlain(&b, node)
	return strings.Join(strings.Fields(b.String()), " ")
}

func (r *pageReader) writePlain(b *strings.Builder, node ast.Node) {
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		switch child := child.(type) {
		case *ast.Text:
			b.Write(child.Segment.Value(r.source))
			if child.SoftLineBreak() || child.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.CodeSpan:
			b.WriteByte('`')
			r.writePlain(b, child)
			b.WriteByte('`')
		case *ast.AutoLink:
			b.Write(child.URL(r.source))
		default:
			r.writePlain(b, child)
		}
	}
}

// addAnchor adds the anchor that GitHub gives a heading. Of headings with the same text, the second one's ends in -1.
func (p *page) addAnchor(heading string) {
	slug := strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsNumber(c):
			return unicode.ToLower(c)
		}
		return -1
	}, heading)
	name := slug
	for n := 1; p.anchors[name]; n++ {
		name = fmt.Sprintf("%s-%d", slug, n)
	}
	p.anchors[name] = true
}
