// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Fault keeps an object, or one of its rules, from being served as it is written.
type Fault struct {
	// Text tells the author what is wrong, and what to write instead. It is empty for a rule if a fault of the object says
	// so already.
	Text string
	// Closing is what becomes of the requests that the rule was meant for.
	Closing Closing
	// Beginning is the beginning of all paths that are closed, if those are more than the rule's place.
	Beginning string
}

// Closing is why a place is closed. String returns the word for metrics and for the list of routes.
type Closing uint8

const (
	// LeftOut rules close nothing, because their place is not known.
	LeftOut Closing = iota
	// InvalidRule rules have a place, but something else about them is wrong.
	InvalidRule
	// UnreadablePath closes all that an unreadable path may have been meant for.
	UnreadablePath
	// ForeignAnnotation closes an Ingress that tells another controller, and not this one, who gets in.
	ForeignAnnotation
)

func (c Closing) String() string {
	return [...]string{"", snapshot.Mistaken, "UnreadablePath", "ForeignAnnotation"}[c]
}
