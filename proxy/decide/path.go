// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/identity"
)

// told returns the path as the client sent it, if that differs and no part of it would be read as a host.
func (d *Decision) told() []byte {
	if d.sent == nil {
		return nil
	}
	if _, host := canonical.BehindAuthority(d.sent, d.path); host {
		return nil
	}
	return d.sent
}

// Location returns the request's URL under https, at the default port of that scheme.
func (d *Decision) Location() []byte {
	location := append([]byte("https://"), d.Host...)
	path := d.path
	if sent := d.told(); sent != nil {
		path = sent
	}
	location = append(location, path...)
	return append(location, d.Head.Query...)
}

// AskedPath returns the path that the client asked for, as it sent it if that may be told to others.
func (d *Decision) AskedPath() []byte {
	switch {
	case d.askedSent != nil:
		return d.askedSent
	case d.asked != nil:
		return d.asked
	case d.sent != nil:
		return d.sent
	case d.respelled:
		return d.Head.Path
	}
	return d.path
}

// Respelled returns the path that the endpoint gets if that is as the client sent it, and not canonical. It returns nil
// otherwise.
func (d *Decision) Respelled() []byte {
	if !d.respelled {
		return nil
	}
	return d.Head.Path
}

// RecordPaths records the paths, once the request is over.
func (d *Decision) RecordPaths() {
	r := &d.Record
	r.Path, r.Forwarded = identity.WithoutToken(d.path), identity.WithoutToken(d.Head.Path)
	if d.respelled && len(r.Path) < len(d.path) {
		r.Forwarded = r.Path // the token stands in it too, in another spelling
	}
	if d.asked != nil {
		r.Path = identity.WithoutToken(d.asked)
	}
	if d.path == nil { // the head was refused before there was a canonical one
		r.Path = r.Forwarded
	}
}

// Detach makes what is still needed of the request's head views of a copy, so that the head's memory can be given back.
// Of the fields, those of the names are still needed. Detach does nothing and returns false if the copy would be longer
// than most bytes.
func (d *Decision) Detach(most int, names []string) bool {
	if !d.Head.Detach(most, names, &d.Host, &d.path, &d.asked, &d.askedSent, &d.RequestID) {
		return false
	}
	d.View.Detach()
	d.hostBuf, d.pathBuf, d.queryBuf, d.rewriteBuf, d.forwardedBuf = nil, nil, nil, nil, nil
	return true
}
