// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"bytes"
	"strconv"

	"github.com/warren-dev/ingress/proxy/escape"
	"github.com/warren-dev/ingress/proxy/script"
)

// redirect answers with what a rewrite makes.
func (p *Program) redirect(v *View, step *compiledStep) Answer {
	s := v.State
	begin := len(s.memory)
	s.append(v, step.value, true)
	if s.failed {
		return tooLongValue
	}
	text := s.memory[begin:] // values that are kept may be parts of it, so it stays
	begin = len(s.memory)
	s.memory = escape.AppendRedirect(s.memory, text)
	if !step.drop && len(s.args) > 0 {
		mark := byte('?')
		for _, part := range step.value {
			if part.Kind == script.VariableLiteral && bytes.IndexByte(part.Literal, '?') >= 0 {
				mark = '&'
			}
		}
		s.memory = append(append(s.memory, mark), s.args...)
	}
	return p.sendTo(v, step.status, s.memory[begin:len(s.memory):len(s.memory)])
}

// answer answers as return says.
func (p *Program) answer(v *View, step *compiledStep) Answer {
	if isRedirection(step.status) {
		return p.sendTo(v, step.status, p.value(v, step.value))
	}
	s := v.State
	content := step.content
	if content == nil {
		content = &Content{Type: step.contentType, Text: string(p.value(v, step.value))}
		if kind := typeOfExtension(s.uri); kind != "" {
			content.Type = []byte(kind)
		}
	}
	if s.failed {
		return tooLongValue
	}
	return Answer{Status: step.status, Content: content}
}

// sendTo sends the client to another URL.
func (p *Program) sendTo(v *View, status int, location []byte) Answer {
	s := v.State
	switch {
	case s.failed || len(location) > mostSent:
		return tooLongValue
	case !isFieldValue(location):
		return malformedValue
	}
	if len(location) > 0 && location[0] == '/' && !p.relative && len(v.Host) > 0 {
		begin := len(s.memory)
		s.memory = append(s.memory, scheme(v)...)
		s.memory = append(append(s.memory, "://"...), v.Host...)
		s.memory = append(s.memory, location...)
		location = s.memory[begin:len(s.memory):len(s.memory)]
	}
	return Answer{Status: status, Redirects: true, Location: location, Content: movedPage}
}

var (
	htmlContent = []byte("text/html")
	movedPage   = &Content{Type: htmlContent, Text: "<html><body>The rule sends its clients to another URL.</body></html>\n"}
)

// page returns the page that goes with a status.
func page(status int) *Content {
	n := strconv.Itoa(status)
	return &Content{Type: htmlContent, Text: "<html><head><title>" + n + "</title></head><body>The rule answers with " + n + ".</body></html>\n"}
}

// extensions are those of paths that say which type a content has that return answers with.
var extensions = map[string]string{
	"html": "text/html", "htm": "text/html", "css": "text/css", "xml": "text/xml", "gif": "image/gif", "jpeg": "image/jpeg",
	"jpg": "image/jpeg", "js": "application/javascript", "atom": "application/atom+xml", "rss": "application/rss+xml",
	"txt": "text/plain", "png": "image/png", "svg": "image/svg+xml", "ico": "image/x-icon", "json": "application/json",
	"pdf": "application/pdf", "zip": "application/zip", "webp": "image/webp", "woff": "font/woff", "woff2": "font/woff2",
}

// typeOfExtension returns the type that the extension of a path says, or nothing.
func typeOfExtension(path []byte) string {
	name := path[bytes.LastIndexByte(path, '/')+1:]
	dot := bytes.LastIndexByte(name, '.')
	if dot < 0 {
		return ""
	}
	return extensions[string(bytes.ToLower(name[dot+1:]))]
}

func scheme(v *View) string {
	if v.Secure {
		return "https"
	}
	return "http"
}
