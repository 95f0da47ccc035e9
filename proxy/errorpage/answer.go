// SPDX-License-Identifier: Apache-2.0

package errorpage

import (
	"bytes"
	"slices"

	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/message"
)

// Answer is what a service answered that was asked for a page. Its owner frees it.
type Answer struct {
	// Service is "namespace/service".
	Service string
	// Handles is set if the answer stands in place of the whole response. Otherwise it does so for the content, and for
	// the fields that describe it.
	Handles bool
	// Status is that of the answer, which is the client's if Handles is set.
	Status int
	// Fields are end to end. ContentLength and NoContent are as in a [message.Response].
	Fields        []message.Field
	ContentLength int64
	NoContent     bool

	content *content.Whole
}

// WriteTo sends the content.
func (a *Answer) WriteTo(w message.Writer) error { return a.content.WriteTo(w) }

// Free gives the memory back.
func (a *Answer) Free() { a.content.Free() }

// keptOfResponse are fields of a response that say what its status means, how long it is good for, and what a client
// has to remember. A page says none of that in its place. Those that begin with keptBeginning let pages of other
// origins read the response.
var keptOfResponse = []string{
	"age", "allow", "cache-control", "expires", "pragma", "proxy-authenticate", "retry-after", "set-cookie",
	"strict-transport-security", "vary", "www-authenticate",
}

const keptBeginning = "access-control-"

// ofPageAlone are fields of a page as a resource of its own, which the response is not.
var ofPageAlone = []string{"accept-ranges", "alt-svc", "content-location", "content-range", "etag", "last-modified", "location", "refresh"}

// CoverOwn puts the page in place of the content of an answer of our own. All stays that it says besides.
func (a *Answer) CoverOwn(own *message.Response) {
	for i := range own.Fields {
		if f := &own.Fields[i]; isOfContent(f.Name) {
			f.Kind = message.Dropped
		}
	}
	a.fill(own)
}

// Cover makes own, which has no fields yet, the response of an endpoint with the page in place of its content. It views
// nothing of the endpoint's.
func (a *Answer) Cover(own, from *message.Response) {
	own.Status = from.Status
	if !a.Handles {
		own.Fields = appendCopies(own.Fields, from.Fields, isKept)
		own.Upgrade = bytes.Clone(from.Upgrade) // a 426 demands it
	}
	a.fill(own)
}

func (a *Answer) fill(own *message.Response) {
	own.Version = message.HTTP11
	if a.Handles {
		own.Status = a.Status
	}
	own.ContentLength, own.NoContent = a.ContentLength, a.NoContent
	own.Fields = append(own.Fields, a.Fields...)
}

// isKept says whether a field of an endpoint's response stays.
func isKept(f *message.Field) bool {
	return among(f.Name, keptOfResponse) ||
		len(f.Name) > len(keptBeginning) && message.EqualFold(f.Name[:len(keptBeginning)], keptBeginning)
}

// describes says whether a field of a page goes on with it. It may vary by what the service chose it by.
func describes(f *message.Field) bool {
	return message.EqualFold(f.Name, "vary") || !isKept(f) && !among(f.Name, ofPageAlone)
}

func among(name []byte, list []string) bool {
	return slices.ContainsFunc(list, func(lower string) bool { return message.EqualFold(name, lower) })
}

// appendCopies appends copies of those of the fields that are wanted.
func appendCopies(to, from []message.Field, wanted func(*message.Field) bool) []message.Field {
	first, size := len(to), 0
	for i := range from {
		if f := &from[i]; f.Kind.EndToEnd() && f.Kind != message.Trailer && wanted(f) {
			to = append(to, *f)
			size += len(f.Name) + len(f.Value)
		}
	}
	copied := make([]byte, 0, size)
	for i := range to[first:] {
		f := &to[first+i]
		for _, v := range [...]*[]byte{&f.Name, &f.Value} {
			begin := len(copied)
			copied = append(copied, *v...)
			*v = copied[begin:len(copied):len(copied)]
		}
	}
	return to
}
