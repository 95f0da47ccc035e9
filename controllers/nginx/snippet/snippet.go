// SPDX-License-Identifier: Apache-2.0

package snippet

import (
	"fmt"
	"regexp"
	"time"

	"github.com/warren-dev/ingress/proxy/policy"
)

// MostBytes bounds a snippet.
const MostBytes = 8 << 10

// MostExpressions bounds the regular expressions of the snippets of a path: compiling one may take milliseconds.
const MostExpressions = 64

// Kind is the annotation that a snippet stands in.
type Kind uint8

// The annotations.
const (
	Configuration Kind = iota
	Server
	Asked
)

// String is the annotation's name, without its prefix.
func (k Kind) String() string {
	return [...]string{"configuration-snippet", "server-snippet", "auth-snippet"}[k]
}

// Snippets are the texts that concern one path. Server is that of its host, whichever Ingress has it.
type Snippets struct{ Configuration, Server string }

// Context is what a snippet's meaning depends on besides its text: the location that ingress-nginx writes around it.
type Context struct {
	// Host is the host of the rule. Empty for every host.
	Host string
	// Path is the regular expression by which the location is found, as ingress-nginx writes it behind ~*, such as
	// ^/app(/|$)(.*). Empty where the location is no expression.
	Path string
	// RewritePath and RewriteTarget are what rewrite-target adds at the end of the location. The target is empty for none.
	RewritePath, RewriteTarget string
	// Namespace and the others are the variables of ingress-nginx.
	Namespace, Ingress, Service, ServicePort, LocationPath string
	// CORS is set if enable-cors is. ingress-nginx then answers an OPTIONS of an origin that may read before the snippet.
	CORS bool
}

// Result is what becomes of the snippets of a path.
type Result struct {
	// Script is nil if there is nothing for it to do. It has the rewrite-target of the context in it.
	Script *policy.Script
	// Access is what allow and deny of the configuration-snippet say, in their order, and ServerAccess those of the
	// server-snippet. The latter hold where neither the former nor an annotation says anything. [AccessOf] makes a policy
	// of either.
	Access, ServerAccess []AccessRule
	// SatisfyAny is set by satisfy any.
	SatisfyAny bool
	// ConnectTimeout, SendTimeout and ReadTimeout are those of the backend. 0 for what else they are.
	ConnectTimeout, SendTimeout, ReadTimeout time.Duration
	// Tries is how many endpoints are tried. 0 for what else it is.
	Tries int
	// MaxRequestBytes bounds the content of requests: 0 for no bound, -1 for what else it is.
	MaxRequestBytes int64
	// CookiePaths and Redirects are what proxy_cookie_path and proxy_redirect replace.
	CookiePaths, Redirects []Replacement
	// UpstreamName is what proxy_ssl_name says that backends' certificates are for, if it is not the host of the request,
	// which UpstreamNameOfRequest says.
	UpstreamName          string
	UpstreamNameOfRequest bool
	// Given are fields that a backend gets of the answer of the service that is asked who gets in: each has the name that
	// the backend gets, and as its value the name that the answer has.
	Given []policy.Header
	// Locations stand beside the path of the Ingress (server-snippet) or in it (configuration-snippet), in their order.
	Locations []Location
	// Effects has a line for each directive, in their order.
	Effects []Effect
}

// Replacement is a text that is replaced by another.
type Replacement struct{ From, To string }

// Changes returns what replacements change.
func Changes(list []Replacement) (made []policy.ValueChange) {
	for _, r := range list {
		made = append(made, policy.ValueChange{From: r.From, To: r.To})
	}
	return made
}

// Location is a location that a snippet adds. It has no backend: see [Location.Policies].
type Location struct {
	Kind  Kind
	Line  int
	Match LocationMatch
	// Path is a path, or a regular expression that is not anchored.
	Path string
	// Script is nil if there is nothing for it to do. Access has the rules that hold in the location.
	Script *policy.Script
	Access []AccessRule
	text   string
}

// Text is the directive as it was written, without its block.
func (l *Location) Text() string { return l.text }

// Pattern returns the regular expression that the paths of the location match as a whole.
func (l *Location) Pattern() string {
	switch l.Match {
	case Exact:
		return regexp.QuoteMeta(l.Path)
	case Expression:
		return ".*(?:" + l.Path + ").*"
	case FoldedExpression:
		return "(?i).*(?:" + l.Path + ").*"
	}
	return regexp.QuoteMeta(l.Path) + ".*"
}

// Policies returns the policies of a rule for the location, in their order. What its script and its rules of access let
// pass gets 404, because nginx looks for a file and there is none. It returns false if the rules of access need too
// many prefixes.
func (l *Location) Policies() (list []policy.Policy, ok bool) {
	if l.Script != nil {
		list = append(list, l.Script)
	}
	access, ok := AccessOf(l.Access)
	if access != nil {
		list = append(list, access)
	}
	return append(list, &policy.FixedResponse{Status: 404, ContentType: "text/html", Body: noFile}), ok
}

// noFile is the page of a location that answers nothing.
const noFile = "<html><head><title>404</title></head><body>There is nothing here.</body></html>\n"

// LocationMatch is how a location is found.
type LocationMatch uint8

// The ways to find a location, in the order in which nginx prefers them: an exact path, the longest prefix if that is
// a Final one, the first expression, the longest prefix.
const (
	Exact LocationMatch = iota
	Final
	Expression
	FoldedExpression
	Prefix
)

// Effect is what becomes of one directive.
type Effect struct {
	Kind      Kind
	Line      int
	Directive string
	// Kept is set if the directive does here what it did there. Otherwise it means nothing, for the reason in Text.
	Kept bool
	Text string
}

// Fault is why a snippet cannot be kept.
type Fault struct {
	Kind Kind
	Line int
	// Directive is empty if the snippet cannot be read.
	Directive, Text string
}

func (f Fault) String() string {
	if f.Directive == "" {
		return fmt.Sprintf("%s, line %d: %s", f.Kind, f.Line, f.Text)
	}
	return fmt.Sprintf("%s, line %d: %s %s", f.Kind, f.Line, f.Directive, f.Text)
}
