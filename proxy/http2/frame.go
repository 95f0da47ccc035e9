// SPDX-License-Identifier: Apache-2.0

package http2

import "encoding/binary"

// frameHeader is the length of the header before each frame's payload (RFC 9113, section 4.1).
const frameHeader = 9

// maxFrame is the longest payload that we take and send. Every peer has to take that much. It is short enough for
// streams to share a connection.
const maxFrame = 16 << 10

type frameType uint8

const (
	frameData           frameType = 0x0
	frameHeaders        frameType = 0x1
	framePriority       frameType = 0x2
	frameReset          frameType = 0x3
	frameSettings       frameType = 0x4
	framePush           frameType = 0x5
	framePing           frameType = 0x6
	frameGoAway         frameType = 0x7
	frameWindowUpdate   frameType = 0x8
	frameContinuation   frameType = 0x9
	framePriorityUpdate frameType = 0x10 // RFC 9218, section 7.1
)

const (
	flagAck        = 0x1
	flagEndStream  = 0x1
	flagEndHeaders = 0x4
	flagPadded     = 0x8
	flagPriority   = 0x20
)

// frame is a frame that was received. Its payload is a view of the connection's buffer.
type frame struct {
	kind    frameType
	flags   uint8
	stream  uint32
	payload []byte
}

func (f *frame) has(flag uint8) bool { return f.flags&flag != 0 }

// readFrameHeader reads the first nine bytes of b. It ignores the reserved bit.
func readFrameHeader(b []byte) (f frame, length int) {
	length = int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	f.kind, f.flags = frameType(b[3]), b[4]
	f.stream = binary.BigEndian.Uint32(b[5:9]) & (1<<31 - 1)
	return f, length
}

func appendFrameHeader(b []byte, length int, kind frameType, flags uint8, stream uint32) []byte {
	return append(b, byte(length>>16), byte(length>>8), byte(length), byte(kind), flags,
		byte(stream>>24), byte(stream>>16), byte(stream>>8), byte(stream))
}

// unpad returns the payload of a DATA or HEADERS frame without its padding (RFC 9113, section 6.1).
func (f *frame) unpad() ([]byte, error) {
	p := f.payload
	if !f.has(flagPadded) {
		return p, nil
	}
	if len(p) == 0 {
		return nil, errFrameLength
	}
	padding := int(p[0])
	if p = p[1:]; padding > len(p) {
		return nil, errPadding
	}
	return p[:len(p)-padding], nil
}

// setting is the number of a setting (RFC 9113, section 6.5.2).
type setting uint16

const (
	settingTableSize       setting = 0x1
	settingPush            setting = 0x2
	settingMaxStreams      setting = 0x3
	settingInitialWindow   setting = 0x4
	settingMaxFrame        setting = 0x5
	settingMaxHeaderList   setting = 0x6
	settingConnectProtocol setting = 0x8 // RFC 8441, section 3
	settingNoOldPriorities setting = 0x9 // RFC 9218, section 2.1
)

// The lengths of payloads, or the least that they can be.
const (
	settingLength       = 6
	resetLength         = 4
	pingLength          = 8
	goAwayLeast         = 8
	priorityLength      = 5
	windowUpdateLength  = 4
	priorityUpdateLeast = 4
)

const (
	// maxWindow is what no window may exceed. defaultWindow is the size of a window until a peer changes it (RFC 9113,
	// section 6.9).
	maxWindow     = 1<<31 - 1
	defaultWindow = 1<<16 - 1
	largestFrame  = 1<<24 - 1
	highestStream = 1<<31 - 1
)

func appendSetting(b []byte, s setting, value uint32) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(s))
	return binary.BigEndian.AppendUint32(b, value)
}

func appendReset(b []byte, stream uint32, c code) []byte {
	b = appendFrameHeader(b, resetLength, frameReset, 0, stream)
	return binary.BigEndian.AppendUint32(b, uint32(c))
}

// appendPing appends a PING that asks for an answer. Only one is open at a time, so its content does not matter.
func appendPing(b []byte) []byte {
	b = appendFrameHeader(b, pingLength, framePing, 0, 0)
	return append(b, 0, 0, 0, 0, 0, 0, 0, 0)
}

func appendWindowUpdate(b []byte, stream uint32, n int64) []byte {
	b = appendFrameHeader(b, windowUpdateLength, frameWindowUpdate, 0, stream)
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

func appendGoAway(b []byte, last uint32, c code, detail string) []byte {
	b = appendFrameHeader(b, goAwayLeast+len(detail), frameGoAway, 0, 0)
	b = binary.BigEndian.AppendUint32(b, last)
	b = binary.BigEndian.AppendUint32(b, uint32(c))
	return append(b, detail...)
}

// checkGoAway returns what is wrong with a GOAWAY frame.
func (f *frame) checkGoAway() error {
	switch {
	case f.stream != 0:
		return errFrameStream
	case len(f.payload) < goAwayLeast:
		return errFrameLength
	}
	return nil
}
