// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
)

// anything answers whatever reaches it, for requests that chance made. Its field tells its answer from the one that
// net/http gives to what is no request: that must never get as far.
type anything struct{}

func (anything) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set(serverField, "anything")
	_, _ = io.WriteString(w, "whatever\n")
}
