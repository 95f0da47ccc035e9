// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// closedTexts returns those candidates of a host that close all paths beginning with a text.
func closedTexts(candidates []candidate, indexes []int32) (texts []*candidate) {
	for _, i := range indexes {
		if candidates[i].match == snapshot.MatchText {
			texts = append(texts, &candidates[i])
		}
	}
	return texts
}

// closedBy returns the text that closes all requests of a candidate, nil if there is none. texts are those of its host.
func (c *candidate) closedBy(texts []*candidate) *candidate {
	i := slices.IndexFunc(texts, func(text *candidate) bool {
		return len(c.path) >= len(text.path) && strings.EqualFold(c.path[:len(text.path)], text.path) ||
			strings.EqualFold(c.path+"/", text.path)
	})
	if i < 0 {
		return nil
	}
	return texts[i]
}

// closedWith returns the problem of a candidate that another one closes.
func closedWith(host string, c, by *candidate, objects []object) problem {
	has, closed := &objects[by.object], &objects[c.object]
	whose := "the Ingress " + has.ID
	switch {
	case has == closed:
		whose = "this Ingress"
	case has.Namespace != closed.Namespace: // The reader may have no right to know the other one.
		whose = "an Ingress of another namespace"
	}
	text := c.text() + " of " + hostText(host) + " answers 503, because "
	switch {
	case by.closed == rules.ForeignAnnotation:
		text += "an annotation of " + whose + " may say who gets in on the whole host, and is not acted on here"
	case has.Namespace != closed.Namespace:
		text += "a path of " + whose + ", which may say who gets in, cannot be read, and may be meant for it"
	default:
		text += has.where(int(by.entry), int(by.rule)) + " of " + whose +
			", which may say who gets in, cannot be read, and may be meant for it"
	}
	return problem{entry: int(c.entry), rule: int(c.rule), unserved: true, reason: v1alpha1.ReasonPathClosed, text: text}
}
