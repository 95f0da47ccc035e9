// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// closedTexts are the beginnings of paths that a host has closed, in lower case. What is behind such a beginning
// could not be read: an expression perhaps, which may be meant in any case.
type closedTexts struct {
	texts map[string]*Route
	// lengths are those of the texts, each once, the longest first.
	lengths []int
}

// find returns the route of the longest text that a path begins with, or nil. A slash at the end of a text need not
// be there where the path ends.
func (c *closedTexts) find(path []byte) *Route {
	var folded [snapshot.MaxClosedText + 1]byte
	n := copy(folded[:snapshot.MaxClosedText], path)
	for i, c := range folded[:n] {
		if 'A' <= c && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	if n == len(path) {
		folded[n] = '/'
		n++
	}
	for _, length := range c.lengths {
		if length <= n {
			if found := c.texts[string(folded[:length])]; found != nil {
				return found
			}
		}
	}
	return nil
}

// route returns the route that was added with a text, nil for none.
func (c *closedTexts) route(text string) *Route { return c.texts[string(bytes.ToLower([]byte(text)))] }

func (c *closedTexts) put(text string, rt *Route) error {
	if len(text) > snapshot.MaxClosedText {
		return fmt.Errorf("text %q is longer than %d bytes", text, snapshot.MaxClosedText)
	}
	folded := string(bytes.ToLower([]byte(text)))
	c.lengths = append(c.lengths, len(folded))
	if c.texts[folded] != nil {
		return fmt.Errorf("path %q occurs twice", folded)
	}
	if c.texts == nil {
		c.texts = make(map[string]*Route)
	}
	c.texts[folded] = rt
	return nil
}

// routes are the routes by their texts.
func (c *closedTexts) routes() map[string]*Route {
	if c == nil {
		return nil
	}
	return c.texts
}

// reread returns the same texts in another reading beside those as they are: more may be closed in it, and nothing is
// open.
func (c *closedTexts) reread(as canonical.Reading) *closedTexts {
	if c == nil {
		return nil
	}
	other := new(closedTexts)
	texts := slices.Sorted(maps.Keys(c.texts))
	for _, text := range texts {
		_ = other.put(text, c.texts[text]) // each is there once
	}
	for _, text := range texts {
		if read, ok := as.Read(nil, []byte(text)); ok {
			_ = other.put(string(read), c.texts[text]) // an error says that it is closed already
		}
	}
	return other
}
