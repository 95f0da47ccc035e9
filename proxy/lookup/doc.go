// SPDX-License-Identifier: Apache-2.0

// Package lookup finds values by names among ten thousand that hardly ever change. All of it is in table.go.
package lookup
