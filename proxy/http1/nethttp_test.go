// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

// compared is a message that we accept, with what net/http's view of it depends on besides its meaning.
type compared struct {
	stream []byte
	// left is how much of the stream we left for the next message.
	left int
	// The path, authority and fields that we read, and the names in Connection, by their canonical spelling.
	path, authority string
	fields          []field
	named           map[string]bool
	// coded is set if there is a Transfer-Encoding.
	coded bool
}

// difference is something that we accept and net/http refuses.
type difference struct {
	// why we are right to accept it.
	why string
	// example is a request that shows it.
	example string
	// applies says whether it is what made net/http return err.
	applies func(c *compared, err error) bool
}

// refusedByNetHTTP lists what we accept and net/http does not.
func refusedByNetHTTP() []difference {
	return []difference{
		{
			why:     "A path is refused for a bad escape by whoever makes it canonical; here it is passed on as it is.",
			example: "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
			applies: func(c *compared, err error) bool {
				return strings.Contains(err.Error(), "invalid URL escape") && !message.HasEscapes([]byte(c.path))
			},
		},
		{
			why:     "Any character of a host may be encoded (RFC 3986, section 3.2.2); net/url wants those of ASCII as they are.",
			example: "GET http://%61/ HTTP/1.1\r\nHost: %61\r\n\r\n",
			applies: func(c *compared, err error) bool {
				return strings.Contains(err.Error(), "invalid URL escape") && strings.Contains(c.authority, "%")
			},
		},
		{
			why:     "Trailer only announces. A trailer that must not be one is refused when it comes.",
			example: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Content-Length\r\n\r\n0\r\n\r\n",
			applies: func(c *compared, err error) bool {
				return strings.Contains(err.Error(), "bad trailer key") && has(c.fields, "Trailer")
			},
		},
		{
			why:     "White space before a chunk's extension is bad, and a recipient has to accept it (RFC 9110, section 5.6.3).",
			example: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 ;a\r\nx\r\n0\r\n\r\n",
			applies: func(c *compared, err error) bool {
				return strings.Contains(err.Error(), "invalid byte in chunk length") && spaceBeforeExtension().Match(c.stream)
			},
		},
		{
			why:     "A value may have control characters but CR, LF and NUL (RFC 9110, section 5.5); net/http refuses all.",
			example: "GET / HTTP/1.1\r\nHost: a\r\nB: \x1b[0m\r\n\r\n",
			applies: func(c *compared, err error) bool {
				return strings.Contains(err.Error(), "malformed MIME header") && controlInValue().Match(c.stream)
			},
		},
	}
}

func TestListedDifferencesFromNetHTTPAreThere(t *testing.T) {
	for i, d := range refusedByNetHTTP() {
		s, c, _, err := readOne(testLimits, []byte(d.example))
		if err != nil {
			t.Errorf("%q: we refuse it: %v", d.example, err)
			continue
		}
		c.stream = []byte(d.example)
		if diff := s.asNetHTTP(&c); diff != "" {
			t.Errorf("%q: %s", d.example, diff)
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(d.example)))
		if err == nil {
			_, err = io.ReadAll(r.Body)
		}
		if err == nil {
			t.Errorf("%q: net/http accepts it by now", d.example)
			continue
		}
		for j, other := range refusedByNetHTTP() {
			if got := other.applies(&c, err); got != (i == j) {
				t.Errorf("%q, %v: excused as %q: %t", d.example, err, other.why, got)
			}
		}
	}
}

func spaceBeforeExtension() *regexp.Regexp { return regexp.MustCompile(`\n[0-9a-fA-F]+[ \t]+;`) }

func controlInValue() *regexp.Regexp {
	return regexp.MustCompile(`\n[^\r\n]*:[^\r\n]*[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]`)
}

func plainStatusLine() *regexp.Regexp {
	return regexp.MustCompile(`^HTTP/1\.[01] [1-9][0-9][0-9][ \r\n]`)
}

func has(fields []field, name string) bool {
	for _, f := range fields {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// excused says whether err is one of the differences that are listed.
func (c *compared) excused(err error) bool {
	for _, d := range refusedByNetHTTP() {
		if d.applies(c, err) {
			return true
		}
	}
	return false
}

// header groups fields as net/http does, without those that it takes out or that say how a message is framed.
func header(fields []field) http.Header {
	h := http.Header{}
	for _, f := range fields {
		h[textproto.CanonicalMIMEHeaderKey(f.Name)] = append(h[textproto.CanonicalMIMEHeaderKey(f.Name)], f.Value)
	}
	return unframed(h)
}

// unframed returns net/http's header without the fields of the connection and the framing. Those are compared by their
// meaning.
func unframed(h http.Header) http.Header {
	left := http.Header{}
	for name, values := range h {
		if k := message.KindOf([]byte(name)); k != message.Other && !k.EndToEnd() || k == message.Trailer {
			continue
		}
		left[name] = values
	}
	return left
}

// compareHeaders compares fields with net/http's header.
func compareHeaders(ours []field, theirs http.Header, dropped map[string]bool) string {
	theirs, mine := unframed(theirs), header(ours)
	if p := theirs["Pragma"]; len(p) > 0 && p[0] == "no-cache" && mine["Cache-Control"] == nil {
		delete(theirs, "Cache-Control") // net/http adds it for the sake of Pragma; a proxy leaves both alone
	}
	for name, values := range theirs {
		// A trailer that was announced and did not come has no values.
		if dropped[name] || len(values) == 0 {
			delete(theirs, name)
		}
	}
	return cmp.Diff(mine, theirs)
}

// forwarding are the trailers that we drop because of what they say about the client, by their canonical names.
func forwarding() map[string]bool {
	return map[string]bool{
		"X-Forwarded-For": true, "X-Forwarded-Host": true, "X-Forwarded-Port": true, "X-Forwarded-Proto": true,
		"X-Real-Ip": true, "Forwarded": true,
	}
}

// namedByConnection are the names in Connection, by their canonical spelling.
func namedByConnection(fields []message.Field) map[string]bool {
	names := map[string]bool{}
	for _, f := range fields {
		if f.Kind == message.Connection {
			message.Elements(f.Value, func(name []byte) bool {
				switch strings.ToLower(string(name)) {
				case "close", "keep-alive", "upgrade": // These say something of the connection, and name no field.
				default:
					names[textproto.CanonicalMIMEHeaderKey(string(name))] = true
				}
				return true
			})
		}
	}
	return names
}

// asNetHTTP returns how net/http reads the request at the start of stream differently from s, or nothing.
func (s *served) asNetHTTP(c *compared) string {
	stream := bytes.TrimPrefix(c.stream, []byte("\r\n")) // the empty line that RFC 9112, section 2.2 forgives
	in := bufio.NewReaderSize(bytes.NewReader(stream), 1<<16)
	r, err := http.ReadRequest(in)
	if err != nil {
		if c.excused(err) {
			return ""
		}
		return fmt.Sprintf("net/http refuses it: %v", err)
	}
	if r.Method != s.Method || r.ProtoAtLeast(1, 1) != (s.Version == "HTTP/1.1") {
		return fmt.Sprintf("net/http reads the method %q of %s", r.Method, r.Proto)
	}
	if diff := s.compareTarget(r); diff != "" {
		return diff
	}
	if diff := compareHeaders(s.Fields, r.Header, c.named); diff != "" {
		return "fields (-ours +net/http):\n" + diff
	}
	if r.ContentLength != s.Length {
		return fmt.Sprintf("net/http reads the length %d", r.ContentLength)
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		if c.excused(err) {
			return ""
		}
		return fmt.Sprintf("net/http refuses the content: %v", err)
	}
	if string(content) != s.Content {
		return fmt.Sprintf("net/http reads the content %q", content)
	}
	if diff := compareHeaders(s.Trailers, r.Trailer, forwarding()); diff != "" {
		return "trailers (-ours +net/http):\n" + diff
	}
	if r.Close == s.Reusable {
		return fmt.Sprintf("net/http wants the connection closed: %t", r.Close)
	}
	if rest, _ := io.ReadAll(in); len(rest) != c.left {
		return fmt.Sprintf("net/http leaves %d bytes for the next request, we %d", len(rest), c.left)
	}
	return ""
}

func (s *served) compareTarget(r *http.Request) string {
	absolute := !strings.HasPrefix(r.RequestURI, "/") && r.RequestURI != "*"
	authority := s.Authority
	if absolute { // net/url decodes the authority
		if decoded, err := url.PathUnescape(authority); err == nil {
			authority = decoded
		}
	}
	if r.Host != authority {
		return fmt.Sprintf("net/http reads the host %q", r.Host)
	}
	if !absolute && r.RequestURI != s.Path+s.Query {
		return fmt.Sprintf("net/http reads the target %q", r.RequestURI)
	}
	path, err := url.PathUnescape(s.Path)
	if err != nil || path != r.URL.Path && (r.URL.Path != "" || path != "/") {
		return fmt.Sprintf("net/http reads the path %q", r.URL.Path)
	}
	if query := "?" + r.URL.RawQuery; s.Query != query && (s.Query != "" || query != "?") {
		return fmt.Sprintf("net/http reads the query %q", r.URL.RawQuery)
	}
	return ""
}

// asNetHTTP returns how net/http reads the response at the start of stream differently from a, or nothing.
func (a *answered) asNetHTTP(c *compared, method string) string {
	if c.coded && a.Version == "HTTP/1.0" {
		return "" // net/http takes such chunks for content
	}
	if !plainStatusLine().Match(c.stream) {
		return "" // net/http wants single spaces, and takes 000 for a status
	}
	in := bufio.NewReaderSize(bytes.NewReader(c.stream), 1<<16)
	r, err := http.ReadResponse(in, &http.Request{Method: method})
	if err != nil {
		// What is said of a coding where there is none says nothing.
		if c.excused(err) || c.coded && strings.Contains(err.Error(), "transfer encoding") {
			return ""
		}
		return fmt.Sprintf("net/http refuses it: %v", err)
	}
	status := strings.Fields(fmt.Sprintf("%d %s", a.Status, a.Reason))
	if r.StatusCode != a.Status || !slices.Equal(strings.Fields(r.Status), status) || r.Proto != a.Version {
		return fmt.Sprintf("net/http reads the status %q of %s", r.Status, r.Proto)
	}
	if diff := compareHeaders(a.Fields, r.Header, c.named); diff != "" {
		return "fields (-ours +net/http):\n" + diff
	}
	// What a response without content announces only matters for HEAD.
	if r.ContentLength != a.Length && (!a.NoContent || method == "HEAD" && a.Status >= 200 && a.Status != 204 && a.Status != 304) {
		return fmt.Sprintf("net/http reads the length %d", r.ContentLength)
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		if c.excused(err) {
			return ""
		}
		return fmt.Sprintf("net/http refuses the content: %v", err)
	}
	if string(content) != a.Content {
		return fmt.Sprintf("net/http reads the content %q", content)
	}
	if diff := compareHeaders(a.Trailers, r.Trailer, forwarding()); diff != "" {
		return "trailers (-ours +net/http):\n" + diff
	}
	if rest, _ := io.ReadAll(in); len(rest) != c.left {
		return fmt.Sprintf("net/http leaves %d bytes, we %d", len(rest), c.left)
	}
	return ""
}
