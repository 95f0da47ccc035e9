// SPDX-License-Identifier: Apache-2.0

package http2

import "encoding/binary"

// settingsCost is what a SETTINGS frame costs of the budget for frames that bring nothing: each stream has to be looked
// at.
const settingsCost = 10

func (c *conn) processSettings(f frame) error {
	switch {
	case f.stream != 0:
		return errFrameStream
	case f.has(flagAck) && len(f.payload) != 0, len(f.payload)%settingLength != 0:
		return errFrameLength
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.has(flagAck) {
		return c.spendLocked(1)
	}
	if err := c.spendLocked(settingsCost + int64(len(f.payload)/settingLength)); err != nil {
		return err
	}
	for p := f.payload; len(p) > 0; p = p[settingLength:] {
		if err := c.set(setting(binary.BigEndian.Uint16(p)), binary.BigEndian.Uint32(p[2:])); err != nil {
			return err
		}
	}
	return c.control(func(b []byte) []byte { return appendFrameHeader(b, 0, frameSettings, flagAck, 0) })
}

// set takes a setting of the peer (RFC 9113, section 6.5.2). It ignores those that are not listed here: others made the
// heads that we send, so their size is not ours to change.
func (c *conn) set(s setting, value uint32) error {
	switch s {
	case settingTableSize:
		// Our heads use no table, but have to say so when the peer makes its table smaller (RFC 7541, section 4.2).
		if value < defaultTable && !c.shrunk {
			c.shrink = true
		}
	case settingPush, settingNoOldPriorities:
		if value > 1 {
			return errSettingValue
		}
	case settingInitialWindow:
		if value > maxWindow {
			return errWindowOverflow
		}
		return c.setInitialWindow(int64(value))
	case settingMaxFrame:
		if value < maxFrame || value > largestFrame {
			return errSettingValue
		}
	}
	return c.side.set(s, value)
}

// defaultTable is the size of a decoder's table until a setting changes it (RFC 9113, section 6.5.2).
const defaultTable = 4096

// setInitialWindow changes the windows of all open streams, which may become negative (RFC 9113, section 6.9.2).
func (c *conn) setInitialWindow(n int64) error {
	change := n - c.initialWindow
	c.initialWindow = n
	for _, s := range c.streams {
		if s.sendWindow += change; s.sendWindow > maxWindow {
			return errWindowOverflow
		}
		s.out.wakeForWindow()
	}
	return nil
}
