// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"

	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/escape"
)

// decode makes uri of the path: the path as nginx compares it, without escapes.
func (s *State) decode(v *View) {
	s.uri = v.Path
	if bytes.IndexByte(s.uri, '%') < 0 {
		return
	}
	path := v.Path
	if bytes.Contains(path, escapedSlash) {
		// Here an escaped slash separates nothing, there it does.
		if plain, err := canonical.Path(nil, bytes.ReplaceAll(path, escapedSlash, slash)); err == nil {
			path = plain
		}
	}
	begin := len(s.memory)
	s.memory = escape.AppendPlain(s.memory, path)
	s.uri = s.memory[begin:len(s.memory):len(s.memory)]
}

var escapedSlash, slash = []byte("%2F"), []byte("/")

var questionMark = []byte("?")

// encodedPath returns the canonical path of the decoded one.
func (s *State) encodedPath(v *View) ([]byte, error) {
	if !s.rewritten {
		return v.Request.Path, nil
	}
	begin := len(s.memory)
	if s.uri[0] != '/' {
		s.memory = append(s.memory, '/')
	}
	s.memory = escape.AppendPath(s.memory, s.uri)
	made := s.memory[begin:len(s.memory):len(s.memory)]
	room := s.memory[len(s.memory):]
	path, err := canonical.Path(room, made)
	if err == nil && &path[0] != &made[0] && cap(room) >= len(path) {
		s.memory = s.memory[:len(s.memory)+len(path)] // it was written there
	}
	return path, err
}

// encodedQuery returns the query with its question mark.
func (s *State) encodedQuery() []byte {
	if len(s.args) == 0 {
		return nil
	}
	begin := len(s.memory)
	s.memory = append(s.memory, '?')
	s.memory = escape.AppendQuery(s.memory, s.args)
	return s.memory[begin:len(s.memory):len(s.memory)]
}
