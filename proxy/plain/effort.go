// SPDX-License-Identifier: Apache-2.0

package plain

// Effort is what regular expressions took to look at values: instructions times bytes. RE2 may look at each byte with
// each instruction. So thousands of expressions that begin alike, and a value of 60 KiB, would take minutes, and
// nothing could end that. A nil Effort has no bound.
type Effort int

// mostEffort is a few hundredths of a second. Nearly all requests take less than a thousandth of it.
const mostEffort Effort = 2 << 20

// Add adds that an expression of that size is asked for a value. It returns false if that would be too much.
func (e *Effort) Add(size int, value []byte) bool {
	if e != nil {
		*e += Effort(size * len(value))
	}
	return !e.Over()
}

// Over says whether it was too much.
func (e *Effort) Over() bool { return e != nil && *e > mostEffort }
