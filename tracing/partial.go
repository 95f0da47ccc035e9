// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"strconv"
	"strings"
)

// rejectedOf returns how many spans of a batch the collector rejected, if it answered with success and a complaint. It
// rejected none if it only warns (OTLP specification, Partial Success). The library's error type is internal, so the
// number is taken from its text.
func rejectedOf(err error) (rejected uint64, partial bool) {
	if err == nil {
		return 0, false
	}
	said, begins := strings.CutPrefix(err.Error(), "OTLP partial success: ")
	said, ends := strings.CutSuffix(said, " spans rejected)")
	if !begins || !ends {
		return 0, false
	}
	rejected, err = strconv.ParseUint(said[strings.LastIndexByte(said, '(')+1:], 10, 64)
	return rejected, err == nil
}
