// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"strconv"
	"strings"
)

// rejectedOf says how many spans of a batch the collector rejected that answered with success and a complaint: none
// where it only warns (OTLP specification, Partial Success). The library's error has the number in its text alone, as
// its type is internal.
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
