// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"net/netip"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// View is what a script sees of a request, and what it may change.
type View struct {
	// Request is what the endpoint gets.
	Request *message.Request
	// Host and Path are canonical. A program that answers with Again has changed Path. Sent is the path as the client
	// sent it, nil if that does not differ.
	Host, Path, Sent []byte
	Client           netip.Addr
	// Secure is set if the client came over HTTPS.
	Secure bool
	// Preflight is set if the request is an OPTIONS that is answered behind the script, whatever its path is.
	Preflight bool
	// Now is when the request began.
	Now time.Time
	// Own is set while an answer of the proxy's own is changed.
	Own bool
	// State is what scripts remember of the request. A program makes one if it is nil.
	State *State
	// Notes is nil unless somebody only asks about the request. Then a program notes what it does.
	Notes *[]Note
}

// Note is what a step has done.
type Note struct {
	// Passed is set if the request goes on.
	Passed bool
	Text   string
}

// Answer is how a request is answered. The zero value lets it go on.
type Answer struct {
	// Again is set if the route is looked for anew by the view's path.
	Again bool
	// Malformed says why the request is refused, if it is.
	Malformed string
	// Refused is set if the client's address may not come here.
	Refused bool
	// Status and Content are those of an answer, 0 for none. With Redirects it leads to Location.
	Status    int
	Content   *Content
	Redirects bool
	Location  []byte
}

// Answers says whether the request is answered.
func (a *Answer) Answers() bool { return a.Status != 0 || a.Malformed != "" || a.Refused }

// Content is the content of an answer.
type Content struct {
	// Type is a media type.
	Type []byte
	Text string
}
