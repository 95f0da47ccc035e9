// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/warren-dev/ingress/proxy"
)

// Closing is why a path is closed, in the word that metrics and the list of routes have.
type Closing uint8

const (
	_ Closing = iota // open
	// InvalidRule paths have a place, and something about them is wrong.
	InvalidRule
	// UnreadablePath closes all that the path may have been meant for.
	UnreadablePath
	// ForeignAnnotation closes an Ingress for which another controller was told who gets in.
	ForeignAnnotation
)

func (c Closing) String() string {
	return [...]string{"", proxy.Mistaken, "UnreadablePath", "ForeignAnnotation"}[c]
}
