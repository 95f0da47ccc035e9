// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"errors"
	"fmt"

	"github.com/warren-dev/ingress/proxy/message"
)

// code says why a stream or a connection ended (RFC 9113, section 7).
type code uint32

const (
	codeNone            code = 0x0
	codeProtocol        code = 0x1
	codeInternal        code = 0x2
	codeFlowControl     code = 0x3
	codeStreamClosed    code = 0x5
	codeFrameSize       code = 0x6
	codeRefusedStream   code = 0x7
	codeCancel          code = 0x8
	codeCompression     code = 0x9
	codeEnhanceYourCalm code = 0xb
)

// connectionError ends the connection. The peer is told the code and the detail.
type connectionError struct {
	code   code
	detail string
	// foreign is set if the peer does not speak HTTP/2 at all.
	foreign bool
}

func (e *connectionError) Error() string { return fmt.Sprintf("%s (code %d)", e.detail, e.code) }

// PeerFault tells [message.IsFault] that the peer is to blame.
func (e *connectionError) PeerFault() {}

// Is returns whether this is a [message.ErrForeign].
func (e *connectionError) Is(target error) bool { return e.foreign && target == message.ErrForeign }

func connectionErrorOf(c code, detail string) *connectionError {
	return &connectionError{code: c, detail: detail}
}

// The faults of a peer that end its connection. Each value is made once, so that a flood of them allocates nothing.
var (
	errPreface           = connectionErrorOf(codeProtocol, "the connection does not begin with the client's preface (RFC 9113, section 3.4)")
	errFrameLong         = connectionErrorOf(codeFrameSize, "a frame is longer than allowed (RFC 9113, section 4.2)")
	errFrameLength       = connectionErrorOf(codeFrameSize, "a frame's length is not that of its type (RFC 9113, section 4.2)")
	errFrameStream       = connectionErrorOf(codeProtocol, "a frame is on a stream where its type has no place (RFC 9113, section 6)")
	errFrameIdle         = connectionErrorOf(codeProtocol, "a frame is on a stream that is idle (RFC 9113, section 5.1)")
	errPadding           = connectionErrorOf(codeProtocol, "the padding is longer than the frame (RFC 9113, section 6.1)")
	errBlockBroken       = connectionErrorOf(codeProtocol, "another frame stands within a header block (RFC 9113, section 4.3)")
	errContinuation      = connectionErrorOf(codeProtocol, "a CONTINUATION continues nothing (RFC 9113, section 6.10)")
	errStreamNumber      = connectionErrorOf(codeProtocol, "a stream's number is even or lower than one before (RFC 9113, section 5.1.1)")
	errStreamReopened    = connectionErrorOf(codeStreamClosed, "a header block is on a stream that was closed (RFC 9113, section 5.1)")
	errPush              = connectionErrorOf(codeProtocol, "something is pushed, which nobody may (RFC 9113, section 8.4)")
	errWindowZero        = connectionErrorOf(codeProtocol, "a WINDOW_UPDATE adds nothing (RFC 9113, section 6.9)")
	errWindowOverflow    = connectionErrorOf(codeFlowControl, "a window exceeds 2^31-1 (RFC 9113, section 6.9.1)")
	errWindowExceeded    = connectionErrorOf(codeFlowControl, "more data came than the window allows (RFC 9113, section 6.9.1)")
	errSettingValue      = connectionErrorOf(codeProtocol, "a setting has a value that it cannot have (RFC 9113, section 6.5.2)")
	errSettingsFirst     = connectionErrorOf(codeProtocol, "the first frame is not SETTINGS (RFC 9113, section 3.4)")
	errDependency        = connectionErrorOf(codeProtocol, "a stream depends on itself (RFC 7540, section 5.3.1)")
	errCompression       = connectionErrorOf(codeCompression, "a header block cannot be decoded (RFC 9113, section 4.3)")
	errBlockLong         = connectionErrorOf(codeEnhanceYourCalm, "a header block is far longer than a head may be")
	errContinuationsMany = connectionErrorOf(codeEnhanceYourCalm, "a header block is in more pieces than anybody needs")
	errControlsMany      = connectionErrorOf(codeEnhanceYourCalm, "more answers wait to be sent than are held")
	errUnproductive      = connectionErrorOf(codeEnhanceYourCalm, "too many frames that bring nothing")
	errHeadMemory        = connectionErrorOf(codeEnhanceYourCalm, "the heads of this connection take more memory than there is for all")
	errSlowTaker         = connectionErrorOf(codeEnhanceYourCalm, "the responses on this connection are taken too slowly")
	errResetsMany        = connectionErrorOf(codeEnhanceYourCalm, "too many streams are reset")
)

// errForeign ends a connection, and its exchanges, if the server does not begin as HTTP/2 does.
var errForeign error = &connectionError{code: codeProtocol, detail: "the server does not answer in HTTP/2 (RFC 9113, section 3.4)", foreign: true}

// The ends of a connection for which nobody is to blame.
var (
	errDrained   = errors.New("the connection was drained")
	errIdle      = errors.New("the connection was idle for too long")
	errSilent    = errors.New("the server sent nothing for too long, not even an answer to a PING")
	errSlowFrame = errors.New("a frame or a header block did not arrive in time")
)

// What ends the work on a stream.
var (
	errStreamReset  = errors.New("the stream was reset")
	errStreamClosed = errors.New("the stream was given up")
	errNotSent      = errors.New("nothing of the request was sent")
)
