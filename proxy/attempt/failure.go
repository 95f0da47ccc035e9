// SPDX-License-Identifier: Apache-2.0

package attempt

import (
	"cmp"

	"github.com/warren-dev/ingress/proxy/reason"
)

// Failure says why an attempt brought no response. The zero value is no failure.
type Failure struct {
	Reason reason.Reason
	// Detail replaces what the reason always says, unless it is empty.
	Detail string
	// Malformed says what is wrong with the response, if it is malformed.
	Malformed string
	// Again is set if another endpoint may be tried. Then either nothing of the request was sent, or it does no harm twice
	// and nothing of a response came.
	Again bool
	// Rejected is set if the endpoint answered, and the request is tried again because of the status. There is no reason
	// then.
	Rejected bool
	// Left is set if the endpoint went before anything was sent to it.
	Left bool
	// Endpoint is set if the endpoint is to blame: it took no connection, or gave no answer on one. Silent is set if it
	// was only silent for too long.
	Endpoint, Silent bool
	// Untrusted is set if the endpoint's certificate was refused.
	Untrusted bool
	// Stale is set if the endpoint closed an idle connection, as it may at any time, and the request can be sent again on
	// a new one; or if the request was sent with an expectation that the endpoint does not know.
	Stale bool
	// Cause is what the endpoint did, if the client can use that. Told is the same for operators.
	Cause, Told error
}

// Said says for operators what the endpoint did.
func (f *Failure) Said() string {
	text := f.Detail
	if f.Told != nil {
		text = f.Told.Error()
	}
	return f.Reason.String() + ": " + cmp.Or(text, f.Reason.Text())
}

// Text returns what the client is told besides the reason. It is empty if that is what the reason always says.
func (f *Failure) Text() string {
	if f.Detail == "" && f.Malformed != "" {
		return f.Reason.Text() + ": " + f.Malformed
	}
	return f.Detail
}
