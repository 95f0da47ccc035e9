// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
)

// anything answers whatever reaches it, for requests that were made at random. Its field tells its answer from
// net/http's own answer to something that is no request. Such a thing must never get as far.
type anything struct{}

func (anything) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set(serverField, "anything")
	_, _ = io.WriteString(w, "whatever\n")
}
