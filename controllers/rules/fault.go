// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Fault keeps an object, or a rule of one, from being served as it is written.
type Fault struct {
	// Text tells the author what is wrong, and what to write instead. It is empty for a rule whose object has a fault that
	// says it.
	Text string
	// Closing is what becomes of the requests that the rule was meant for.
	Closing Closing
	// Beginning is what all that is closed begins with, where that is more than the rule's place.
	Beginning string
}

// Closing is why a place is closed, in the word that metrics and the list of routes have.
type Closing uint8

const (
	// LeftOut rules close nothing: their place is not known.
	LeftOut Closing = iota
	// InvalidRule rules have a place, and something about them is wrong.
	InvalidRule
	// UnreadablePath closes all that a path may have been meant for.
	UnreadablePath
	// ForeignAnnotation closes an Ingress for which another controller was told who gets in.
	ForeignAnnotation
)

func (c Closing) String() string {
	return [...]string{"", snapshot.Mistaken, "UnreadablePath", "ForeignAnnotation"}[c]
}
