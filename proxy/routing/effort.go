// SPDX-License-Identifier: Apache-2.0

package routing

import "github.com/warren-dev/ingress/proxy/plain"

// effort is what it took to find a route, in instructions of regular expressions times bytes of the path. RE2 may look
// at each byte with each instruction. So thousands of expressions that begin alike, and a path of 60 KiB, would take
// minutes, and nothing could end that.
type effort int

// mostEffort is a few hundredths of a second. Nearly all requests take less than a thousandth of it.
const mostEffort effort = 2 << 20

// Overtaxed is in place of a route where finding it would take too long.
var Overtaxed = &Route{Closed: true}

// add adds that an expression is asked for a path. It returns false if that would be too much.
func (e *effort) add(of *plain.Beginning, path []byte) bool {
	*e += effort(of.Size * len(path))
	return *e <= mostEffort
}
