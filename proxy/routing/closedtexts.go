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

// closedTexts has the texts that a host is closed by, in lower case. The host refuses every path that begins with one
// of them. Either the text closes the whole host, or what follows it in the path of a rule could not be read. What
// follows may be an expression that was meant for any case. So case does not matter.
type closedTexts struct {
	texts map[string]*Route
	// lengths has the lengths of the texts, each once, the longest first.
	lengths []int
}

// find returns the route of the longest text that a path begins with, or nil. A text that ends with a slash also
// matches the path that ends just before that slash.
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

// route returns the route that was added with a text, or nil.
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

// routes returns the routes by their texts.
func (c *closedTexts) routes() map[string]*Route {
	if c == nil {
		return nil
	}
	return c.texts
}

// reread returns the texts as they are, together with the same texts in another reading. That may close more paths, and
// opens none.
func (c *closedTexts) reread(as canonical.Reading) *closedTexts {
	if c == nil {
		return nil
	}
	other := new(closedTexts)
	texts := slices.Sorted(maps.Keys(c.texts))
	for _, text := range texts {
		_ = other.put(text, c.texts[text]) // it cannot fail: each text occurs once
	}
	for _, text := range texts {
		if read, ok := as.Read(nil, []byte(text)); ok {
			_ = other.put(string(read), c.texts[text]) // it fails if the text is closed already
		}
	}
	return other
}
