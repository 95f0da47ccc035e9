// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"io"
	"strconv"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// answer is what a service said.
type answer struct {
	// why says why it said nothing that can be followed, for operators. It is empty if it did.
	why string
	// passes is set if the request may pass, with the verdict, which may be kept as long as fresh.
	passes  bool
	verdict *verdict
	fresh   time.Duration
	// status is how the request is answered otherwise, with the fields, and with the content if it has a type.
	status        int
	fields        []message.Field
	mediaType     []byte
	content       string
	redirectsSelf bool
}

// forEver is how long a verdict may be kept whose service says nothing of that.
const forEver = time.Duration(1<<63 - 1)

// readResponse reads what a service of HTTP answered.
func (a *ask) readResponse(up upstream.Exchange) (whole bool) {
	resp := up.Response()
	s, status := a.service, resp.Status
	made := answer{status: status}
	switch {
	case 200 <= status && status < 300:
		made.passes = true
		made.verdict = s.verdictOf(resp.Fields)
		if made.fresh = freshness(resp.Fields); made.verdict.given != nil {
			made.fresh = 0 // a cookie is for one client, once
		}
	case status == 401:
		made.fields = copyFields(resp.Fields, ofUnauthorized)
	case status == 403:
		made.fields = copyFields(resp.Fields, ofForbidden)
		if s.nginx {
			made.fields = nil
		}
	case !s.nginx && isRedirection(status) && has(resp.Fields, "location"):
		made.fields, made.redirectsSelf = copyFields(resp.Fields, ofRedirection), true
	default:
		made = answer{why: "it answered " + strconv.Itoa(status)}
	}
	up.ReleaseHead()
	content := up.Content()
	if !content.Ended() {
		whole = a.drain(content)
	} else {
		whole = true
	}
	if !whole && made.why == "" {
		made = answer{why: "its answer was too long, or broke off"}
	}
	a.answer = made
	return whole
}

var (
	ofUnauthorized = []string{"www-authenticate", "set-cookie"}
	ofForbidden    = []string{"set-cookie"}
	ofRedirection  = []string{"location", "set-cookie", "cache-control"}
)

func isRedirection(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

func has(fields []message.Field, lower string) bool {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() && message.EqualFold(f.Name, lower) && len(f.Value) > 0 {
			return true
		}
	}
	return false
}

// drain reads content that nobody wants, and says whether that was all of it, and not too much.
func (a *ask) drain(r message.Reader) (whole bool) {
	buffers := a.service.client.buffers
	buf := buffers.Get(1)
	defer buffers.Put(buf)
	for read := 0; !r.Ended(); {
		n, err := r.Read(buf)
		if read += n; err != nil && err != io.EOF || read > longest {
			return false
		}
	}
	return true
}

// freshness returns how long a response may be kept, at most, by what it says (RFC 9111, section 5.2.2).
func freshness(fields []message.Field) time.Duration {
	fresh := forEver
	for i := range fields {
		f := &fields[i]
		if !message.EqualFold(f.Name, "cache-control") {
			continue
		}
		message.Elements(f.Value, func(directive []byte) bool {
			switch {
			case message.EqualFold(directive, "no-store"), message.EqualFold(directive, "no-cache"), message.EqualFold(directive, "private"):
				fresh = 0
			case len(directive) > len(maxAge) && message.EqualFold(directive[:len(maxAge)], maxAge):
				seconds, ok := message.ParseLength(directive[len(maxAge):])
				if !ok {
					seconds = 0
				}
				fresh = min(fresh, time.Duration(min(seconds, 1<<30))*time.Second)
			}
			return true
		})
	}
	return fresh
}

const maxAge = "max-age="

// copyFields returns copies of the fields of some names, in one piece of memory.
func copyFields(from []message.Field, names []string) []message.Field {
	return copyIf(from, func(f *message.Field) bool { return among(f.Name, names) })
}

func copyIf(from []message.Field, wanted func(*message.Field) bool) []message.Field {
	number, size := 0, 0
	for i := range from {
		if f := &from[i]; f.Kind.EndToEnd() && f.Kind != message.Trailer && wanted(f) {
			number++
			size += len(f.Name) + len(f.Value)
		}
	}
	if number == 0 {
		return nil
	}
	to, memory := make([]message.Field, 0, number), make([]byte, 0, size)
	for i := range from {
		f := &from[i]
		if !f.Kind.EndToEnd() || f.Kind == message.Trailer || !wanted(f) {
			continue
		}
		begin := len(memory)
		memory = append(append(memory, f.Name...), f.Value...)
		end := begin + len(f.Name)
		to = append(to, message.Field{Name: memory[begin:end:end], Value: memory[end:len(memory):len(memory)], Kind: f.Kind})
	}
	return to
}
