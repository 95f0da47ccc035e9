// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"mime"
	"os"
	"slices"
	"strings"
	"time"
)

// observation is what one way showed of a case, by aspect: "status", "end", "content", "field location", and what the
// application saw as "seen target" or "seen field cookie". A case of several steps has their numbers in front.
type observation map[string]string

// hop has the fields of one connection, and those that are no server's: what differs in them says nothing.
var hop = map[string]bool{
	"connection": true, "keep-alive": true, "transfer-encoding": true, "date": true, "via": true, "age": true, "content-length": true, "proxy-status": true, "x-request-id": true, "x-cache": true, "x-cache-lookup": true,
}

// added has the fields that proxies tell servers with.
func added(name string) bool {
	return strings.HasPrefix(name, "x-forwarded-") || slices.Contains([]string{"connection", "x-real-ip", "x-request-id", "cdn-loop", "x-varnish"}, name)
}

// observe asks a case in a way and says what was seen.
func observe(w way, c testCase, host, run string, turn func() func()) observation {
	scheme := "http"
	if w.secure {
		scheme = "https"
	}
	word := "run-" + run
	fill := strings.NewReplacer("{host}", host, "{scheme}", scheme, "{way}", word)
	seen := observation{}
	var conn client
	var before answer
	for n, s := range c.steps {
		r := s.request
		r.target = fill.Replace(r.target)
		r.fields = nil
		for _, f := range s.fields {
			r.fields = append(r.fields, field{f.name, fill.Replace(f.value)})
		}
		if s.since != nil {
			r.fields = append(r.fields, s.since(before)...)
		}
		time.Sleep(s.after)
		var a answer
		done := turn()
		began := time.Now()
		conn, a = ask(w, conn, s.anew, r, host)
		if took := time.Since(began); took > 3*time.Second && os.Getenv(showVariable) != "" {
			fmt.Printf("slow: %s, %s, %s took %s and is %s\n", host, c.name, w.name, took.Round(time.Second/10), a.end)
		}
		done()
		prefix := ""
		if len(c.steps) > 1 {
			prefix = fmt.Sprintf("%d ", n+1)
		}
		// What says where it is names the way.
		general := strings.NewReplacer("http://"+host, "{origin}", "https://"+host, "{origin}", host, "{host}", word, "{way}")
		seen.add(prefix, r, a, general.Replace)
		before = a
	}
	if conn != nil {
		conn.close()
	}
	return seen
}

// ask sends a request over a connection if that is there, else over a new one.
func ask(w way, conn client, anew bool, r request, host string) (client, answer) {
	again := conn != nil && !anew && conn.open()
	if !again {
		if conn != nil {
			conn.close()
		}
		var err error
		if conn, err = w.dial(host); err != nil {
			return nil, answer{end: none}
		}
	}
	a := conn.exchange(r, host)
	if again && a.end == none && r.idempotent() {
		// The server closed the connection meanwhile, as it may: every client sends such a request again.
		return ask(w, conn, true, r, host)
	}
	return conn, a
}

func (o observation) add(prefix string, r request, a answer, general func(string) string) {
	o[prefix+"end"] = string(a.end)
	if a.end == none {
		return
	}
	o[prefix+"status"] = fmt.Sprint(a.status)
	// The controller says why it answers by itself. What is in such an answer is no server's.
	if _, reason, ok := strings.Cut(a.get("Proxy-Status"), `details="`); ok {
		o[prefix+"reason"] = strings.TrimSuffix(reason, `"`)
		return
	}
	content := string(a.content)
	kind := a.get("Content-Type")
	if kind, parameters, err := mime.ParseMediaType(kind); err == nil && kind == "multipart/byteranges" && parameters["boundary"] != "" {
		// Each answer has a boundary of its own.
		old := general
		general = func(text string) string { return old(strings.ReplaceAll(text, parameters["boundary"], "{boundary}")) }
	}
	says := strings.HasPrefix(content, "method ") || strings.Contains(r.target, "/echo")
	if strings.HasPrefix(content, "method ") {
		o.application(prefix, content, r, general)
	} else {
		content = general(unpacked(content, a.get("Content-Encoding")))
		o[prefix+"content"] = fmt.Sprintf("%d bytes %.4x", len(content), sha256.Sum256([]byte(content)))
	}
	for _, f := range a.fields {
		name := strings.ToLower(f.name)
		// What the application says of a request makes a tag and a length. What a case has written has a time.
		made := says && (name == "etag" || name == "content-range") ||
			strings.HasPrefix(r.target, "/dav/") && (name == "etag" || name == "last-modified")
		if !hop[name] && !made {
			o[prefix+"field "+name] = general(a.get(name))
		}
	}
	// What the application says of a request is longer for a proxy's, which tells of the client.
	if (r.method == "HEAD" || a.status == 304) && !says {
		o[prefix+"length"] = a.get("Content-Length")
	}
	for _, f := range a.trailers {
		o[prefix+"trailer "+strings.ToLower(f.name)] = general(join(a.trailers, f.name))
	}
}

// unpacked returns what was compressed: when that was done is in the head of the result.
func unpacked(content, encoding string) string {
	if encoding != "gzip" {
		return content
	}
	reader, err := gzip.NewReader(strings.NewReader(content))
	if err != nil {
		return content
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		return content
	}
	return string(text)
}

// application adds what the application saw.
func (o observation) application(prefix, text string, r request, general func(string) string) {
	fields := map[string][]string{}
	for line := range strings.Lines(text) {
		what, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if what != "field" {
			o[prefix+"seen "+what] = general(rest)
			continue
		}
		name, value, _ := strings.Cut(rest, ":")
		fields[name] = append(fields[name], strings.TrimPrefix(value, " "))
	}
	for name, values := range fields {
		// How a content ends that has no length is one connection's affair.
		if added(name) || r.framing == withoutLength && (name == "content-length" || name == "transfer-encoding") {
			continue
		}
		o[prefix+"seen field "+name] = general(strings.Join(values, " | "))
	}
}
