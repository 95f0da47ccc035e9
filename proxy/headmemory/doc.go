// SPDX-License-Identifier: Apache-2.0

// Package headmemory bounds what long heads take of memory, of all connections together and of each: heads that are
// incomplete, on their way, or needed again. It does not know what is in a head, nor who sent it.
package headmemory
