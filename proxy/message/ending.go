// SPDX-License-Identifier: Apache-2.0

package message

import (
	"errors"
	"fmt"
)

// The ways in which an exchange ends before its response is whole, for all versions of HTTP.
var (
	// ErrClosed: the connection ended.
	ErrClosed = errors.New("the connection is closed")
	// ErrUnprocessed: the server did nothing with the request. So it may be sent again, whatever it asks for (RFC 9113,
	// section 8.7).
	ErrUnprocessed = errors.New("the server did nothing with the request")
	// ErrForeign: the server speaks another protocol.
	ErrForeign = errors.New("the server speaks another protocol")
)

// Reset is the code with which the server ended an exchange.
type Reset uint32

func (r Reset) Error() string {
	return fmt.Sprintf("the server reset the stream with code %d", uint32(r))
}

// IsFault returns whether a connection ended because of what the peer sent.
func IsFault(err error) bool {
	_, ok := errors.AsType[interface {
		error
		PeerFault()
	}](err)
	return ok
}
