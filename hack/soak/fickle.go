// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

// fickleRest is the longest time that serveFickle waits for another request.
const fickleRest = 30 * time.Millisecond

// serveFickle answers properly and closes its idle connections whenever it likes, as any server may.
func serveFickle(c *scriptedConn) {
	// It leaves a new connection alone: whoever made it has something to send.
	for answered := false; ; answered = true {
		if answered {
			_ = c.SetReadDeadline(time.Now().Add(time.Millisecond + rand.N(fickleRest)))
		}
		if _, err := c.in.Peek(1); err != nil {
			if rand.IntN(2) == 0 {
				c.abort()
			}
			return
		}
		_ = c.SetReadDeadline(time.Now().Add(roundLimit))
		r, err := http.ReadRequest(c.in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		_, err = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%s: %s\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s",
			idField, r.Header.Get(idField), fromField, r.Header.Get("X-Forwarded-For"), len(fickleContent), fickleContent)
		if err != nil {
			return
		}
	}
}

const fickleContent = "here for now\n"
