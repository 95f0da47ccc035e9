// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"strings"
	"time"
)

type field struct{ name, value string }

// request is one request as a client sends it.
type request struct {
	method, target string
	// fields are those beside Host, and those of the framing.
	fields  []field
	content []byte
	framing framing
	// expect is set if the client waits with the content until it hears that it is wanted.
	expect bool
	// slow is how long the client waits in the midst of the content.
	slow time.Duration
	// old is set for HTTP/1.0.
	old bool
}

// framing says how the content of a request ends.
type framing int

const (
	noContent framing = iota
	withLength
	withoutLength
)

// idempotent is set for what a client sends again when a connection ends that was there before.
func (r request) idempotent() bool { return r.method != "POST" && r.method != "PATCH" }

// answer is what a client got.
type answer struct {
	status           int
	fields, trailers []field
	content          []byte
	end              end
}

// end says how far an answer came.
type end string

const (
	complete end = "complete"
	torn     end = "torn"
	none     end = "none"
)

// get returns the values of a field, in their order.
func (a answer) get(name string) string { return join(a.fields, name) }

func join(fields []field, name string) string {
	var values []string
	for _, f := range fields {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return strings.Join(values, " | ")
}

// client is a connection of a client.
type client interface {
	// exchange sends a request and reads the answer.
	exchange(r request, host string) answer
	// open reports whether another request can be sent, as far as the client can see.
	open() bool
	close()
}

// exchangeTimeout is for one exchange. Some servers never answer some requests.
const exchangeTimeout = 12 * time.Second
