// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Whom a client is compared with if it does not get what it should behind the program.
var (
	// alone is the backend itself.
	alone = []string{"direct"}
	// peers are for what a proxy answers or does by itself.
	peers = []string{"nginx", "haproxy"}
)

// scenario is a case of one client with one transport.
type scenario struct {
	name string
	// want is what the outcome has to match.
	want    string
	against []string
	do      func(t *testing.T, f *front) string
}

// over is a case of one client with a transport.
func over(with transport, name, want string, against []string, do func(*testing.T, *front) string) scenario {
	return scenario{name: name + " over " + string(with), want: want, against: against, do: do}
}

// generic is a case of every client that is able to.
type generic struct {
	name  string
	needs ability
	// only are the transports, or all that the client has.
	only []transport
	job  job
	// want are patterns of a status and a content for each request. A last one that begins with "error" is for an error.
	want    []string
	against []string
}

func get(path string, fields ...string) request {
	r := request{Method: "GET", Path: path, Size: -1}
	for i := 0; i+1 < len(fields); i += 2 {
		r.Headers = append(r.Headers, [2]string{fields[i], fields[i+1]})
	}
	return r
}

func send(method, path string, size int64) request {
	return request{Method: method, Path: path, Size: size}
}

func (r request) chunked() request   { r.Chunked = true; return r }
func (r request) expecting() request { r.Expect = true; return r }
func (r request) following() request { r.Follow = true; return r }
func (r request) old() request       { r.Version = "1.0"; return r }

func one(r request) job { return job{Op: inTurn, Requests: []request{r}} }

// sum is content as outcomes name it.
func sum(content []byte) string {
	s := sha256.Sum256(content)
	return fmt.Sprintf("%d bytes %s", len(content), hex.EncodeToString(s[:4]))
}

// genericCases are those of every client that is able to.
func genericCases() []generic {
	cases := []generic{
		{name: "GET", job: one(get("/hello")), want: []string{"200 hello"}, against: alone},
		{name: "HEAD", job: one(request{Method: "HEAD", Path: "/hello", Size: -1}), want: []string{"200"}, against: alone},
		{name: "a file of 8 MiB", job: one(get("/file")), want: []string{"200 " + sum(file)}, against: alone},
		{name: "404 of nobody", job: one(get("/nowhere")), want: []string{"404 404 page not found"}, against: alone},
		{name: "500 of the backend", job: one(get("/status/500")), want: []string{"500 of the backend"}, against: alone},
		{name: "421 of the backend", job: one(get("/status/421")), want: []string{"421 of the backend"}, against: alone},
		{name: "204", job: one(get("/nothing")), want: []string{"204"}, against: alone},
		{name: "304", needs: turns | fields, job: one(get("/file", "If-None-Match", `"file"`)),
			want: []string{"304"}, against: alone},
		{name: "a range", needs: fields, job: one(get("/file", "Range", "bytes=16-47")),
			want: []string{"206 (0123456789abcdef){2}"}, against: alone},
		{name: "103 Early Hints", job: one(get("/hints")), want: []string{"200 hello"}, against: alone},
		{name: "trailers", job: one(get("/trailers")), want: []string{"200 hello"}, against: alone},
		{name: "content until the connection ends", job: one(get("/until-close")),
			want: []string{"200 hello"}, against: alone},
		{name: "content that breaks off", job: one(get("/torn")), want: []string{"error: .+"}, against: alone},
		{name: "chunks that break off", job: one(get("/torn-chunks")), want: []string{"error: .+"}, against: alone},
		{name: "a response after a second", job: one(get("/slow?ms=1000")), want: []string{"200 slow"}, against: alone},
		{name: "a content coding", needs: decodes, job: one(get("/gzip")), want: []string{"200 compressed"}, against: alone},
		{name: "no content coding", needs: fields, job: one(get("/gzip", "Accept-Encoding", "identity")),
			want: []string{"200 not compressed"}, against: alone},
		{name: "a redirect", needs: follows, job: one(get("/redirect/302").following()),
			want: []string{"200 hello"}, against: alone},
		{name: "a redirect that is not followed", job: one(get("/redirect/302")), want: []string{"302"}, against: alone},
		{name: "a redirect of content", needs: follows | lengths, job: one(send("POST", "/redirect/307", small).following()),
			want: []string{"200 got 1024"}, against: alone},
		{name: "a cookie of 30 KiB", needs: fields, job: one(get("/metadata", "Cookie", "c="+strings.Repeat("v", 30<<10))),
			want: []string{"200 cookies 30722, fields 0"}, against: alone},
		{name: "100 fields", needs: fields, job: one(get("/metadata", manyFields(100)...)),
			want: []string{"200 cookies 0, fields 100"}, against: alone},
		{name: "a cookie of 80 KiB", needs: fields, job: one(get("/metadata", "Cookie", "c="+strings.Repeat("v", 80<<10))),
			want: []string{"431( .*)?"}, against: peers},
		{name: "400 fields", needs: fields, job: one(get("/metadata", manyFields(400)...)),
			want: []string{"431( .*)?"}, against: peers},
		{name: "cookies of 12 KiB in a response", job: one(get("/long-head?bytes=12000")),
			want: []string{"200 hello"}, against: alone},
		{name: "cookies of 40 KiB in a response", job: one(get("/long-head?bytes=40000")),
			want: []string{"200 hello"}, against: alone},
		{name: "PUT", needs: methods | lengths, job: one(send("PUT", "/upload", small)),
			want: []string{"200 got 1024"}, against: alone},
		{name: "PATCH", needs: methods | lengths, job: one(send("PATCH", "/upload", small)),
			want: []string{"200 got 1024"}, against: alone},
		{name: "DELETE", needs: methods, job: one(request{Method: "DELETE", Path: "/hello", Size: -1}),
			want: []string{"200 hello"}, against: alone},
		{name: "OPTIONS", needs: methods, job: one(request{Method: "OPTIONS", Path: "/hello", Size: -1}),
			want: []string{"200 hello"}, against: alone},
		{name: "PROPFIND", needs: methods | lengths, job: one(send("PROPFIND", "/upload", 11)),
			want: []string{"200 got 11"}, against: alone},
		{name: "POST without content", needs: lengths, job: one(send("POST", "/upload", 0)),
			want: []string{"200 got 0"}, against: alone},
		{name: "requests in turn", needs: turns | lengths, job: job{Op: inTurn, Requests: []request{
			get("/hello"), send("POST", "/upload", small), {Method: "HEAD", Path: "/hello", Size: -1}, get("/nothing"), get("/file"),
			send("POST", "/upload", medium), get("/hello"),
		}}, want: []string{"200 hello", "200 got 1024", "200", "204", "200 " + sum(file), "200 got 1048576", "200 hello"}, against: alone},
		{name: "requests after pauses", needs: loops, job: job{Op: inTurn, Gap: 700, Requests: []request{
			get("/hello"), send("POST", "/upload", small), get("/hello"),
		}}, want: []string{"200 hello", "200 got 1024", "200 hello"}, against: alone},
		{name: "a request after a refused upload", needs: turns | lengths, job: job{Op: inTurn, Requests: []request{
			send("POST", "/denied/upload", medium), get("/hello"),
		}}, want: []string{"403( .*)?", "200 hello"}, against: peers},
		{name: "HTTP/1.0", needs: old, only: []transport{plain, tls}, job: one(get("/hello").old()),
			want: []string{"200 hello"}, against: alone},
		{name: "HTTP/1.0, 103", needs: old, only: []transport{plain}, job: one(get("/hints").old()),
			want: []string{"200 hello"}, against: alone},
		{name: "HTTP/1.0, an upload", needs: old | lengths, only: []transport{plain}, job: one(send("POST", "/upload", medium).old()),
			want: []string{"200 got 1048576"}, against: alone},
		{name: "HTTP/1.0, a refused upload", needs: old | lengths, only: []transport{plain}, job: one(send("POST", "/denied/upload", large).old()),
			want: []string{"403( .*)?"}, against: peers},
		{name: "a WebSocket", needs: sockets, only: []transport{plain, tls, h2}, job: job{Op: socket, Requests: []request{get("/socket")}},
			want: []string{"hello, 102400 bytes, closed 1000, protocol echo"}, against: alone},
		{name: "a WebSocket that is refused", needs: sockets, only: []transport{plain, tls, h2}, job: job{Op: socket, Requests: []request{get("/denied/socket")}},
			want: []string{"error: .*403.*"}, against: peers},
		{name: "a half-closed connection", needs: halfCloses, only: []transport{plain}, job: job{Op: halfClosed, Requests: []request{get("/slow?ms=1000")}},
			want: []string{"200 slow"}, against: alone},
	}
	for _, size := range []int64{small, medium, large} {
		var only []transport
		if size == large {
			only = []transport{plain, h2}
		}
		for _, framing := range []bool{false, true} {
			for _, expect := range []bool{false, true} {
				r, needs, how := send("POST", "/upload", size), lengths, ""
				if framing {
					r, needs, how = r.chunked(), chunks, ", chunked"
				}
				if expect {
					r, needs, how = r.expecting(), needs|expects, how+", Expect"
				}
				cases = append(cases, generic{name: "upload " + sizeName(size) + how, needs: needs, only: only, job: one(r),
					want: []string{"200 got " + strconv.FormatInt(size, 10)}, against: alone})
				for _, refusal := range []struct{ what, path, status string }{
					{"denied", "/denied/upload", "403"}, {"limited", "/limited/upload", "429"}, {"nobody's", "/empty/upload", "503"},
					{"refused by the backend", "/early/413", "413"}, {"too long", "/buffered/upload", "413"},
				} {
					// What comes with its length and is too long to be gathered is passed on as it comes.
					if refusal.what == "too long" && (!framing || size == small) {
						continue
					}
					refused := r
					refused.Path = refusal.path
					cases = append(cases, generic{name: refusal.what + " upload " + sizeName(size) + how, needs: needs, only: only, job: one(refused),
						want: []string{refusal.status + "( .*)?"}, against: peers})
				}
			}
		}
	}
	for _, size := range []int{10, 50, 120} {
		want := "200 0 bytes"
		if size > 60 {
			want = `[A-Z_]+ .*(431|header|metadata|Stream|ENHANCE).*`
		}
		cases = append(cases, generic{name: fmt.Sprintf("a call with %d KiB of metadata", size), needs: calls,
			job: one(get("/clients.Echo/Echo", "x-long", strings.Repeat("v", size<<10))), want: []string{want}, against: peers})
	}
	for _, call := range []struct{ name, path, want string }{
		{"a call", "/clients.Echo/Echo", "200 1024 bytes"},
		{"a call that is denied", "/denied/clients.Echo/Echo", "PERMISSION_DENIED .*403.*"},
		{"a call that is limited", "/limited/clients.Echo/Echo", "UNAVAILABLE .*429.*"},
		{"a call of nobody", "/empty/clients.Echo/Echo", "UNAVAILABLE .*503.*"},
	} {
		cases = append(cases, generic{name: call.name, needs: calls, job: one(send("POST", call.path, 1024)),
			want: []string{call.want}, against: peers})
	}
	return append(cases, generic{name: "a call of 8 MiB", needs: calls, job: one(send("POST", "/clients.Echo/Echo", 8<<20)),
		want: []string{"200 8388608 bytes"}, against: alone})
}

func manyFields(n int) (fields []string) {
	for i := range n {
		fields = append(fields, fmt.Sprintf("X-Number-%d", i), "v")
	}
	return fields
}

func sizeName(size int64) string {
	if size < 1<<20 {
		return fmt.Sprintf("of %d KiB", size>>10)
	}
	return fmt.Sprintf("of %d MiB", size>>20)
}

// scenarios are all cases of a client.
func (c *client) scenarios(s *scene, r runner) (all []scenario) {
	for _, with := range c.transports {
		for _, g := range genericCases() {
			if !c.ableTo(g) || g.only != nil && !slices.Contains(g.only, with) {
				continue
			}
			all = append(all, scenario{
				name: g.name + " over " + string(with), want: pattern(c, with, g), against: g.against,
				do: func(t *testing.T, f *front) string {
					t.Helper()
					j := g.job
					j.Transport, j.Base, j.CA, j.folder = with, f.base(with), s.certificate, s.folder
					return r.run(t, j).String()
				},
			})
		}
		if c.can&retries429 != 0 {
			all = append(all, scenario{
				name: "a retry after 429 over " + string(with), want: `^(\S+ 200 hello; )?\S+ 200 hello$`, against: alone,
				do: func(t *testing.T, f *front) string {
					t.Helper()
					path := retryPath(c.name)
					j := job{Op: retried, Transport: with, Base: f.base(with), CA: s.certificate, Requests: []request{get(path), get(path)}}
					return r.run(t, j).String()
				},
			})
		}
	}
	if c.own != nil {
		all = append(all, c.own(s)...)
	}
	return all
}

// ableTo reports whether a case is for the client. One that has only WebSockets, or only calls of gRPC, has no others.
func (c *client) ableTo(g generic) bool {
	switch {
	case c.can&calls != 0 || g.needs&calls != 0:
		return c.can&g.needs&calls != 0
	case c.can == sockets:
		return g.needs == sockets
	}
	return g.needs&^c.can == 0
}

// pattern is what the outcome of a case has to match as a whole.
func pattern(c *client, with transport, g generic) string {
	version := `(1\.1|\?)`
	if with == h2 || with == h2c {
		version = `2`
	}
	if g.needs&old != 0 || c.name == "lynx" {
		version = `1\.[01]`
	}
	var parts []string
	for _, want := range g.want {
		switch {
		case strings.HasPrefix(want, "error"):
			// A part of an answer may come first.
			parts = append(parts, "(.*; )?"+want)
		case g.job.Op == socket:
			parts = append(parts, want)
		case c.name == "nghttp":
			// It shows the content among frames.
			parts = append(parts, version+" "+want[:3])
		default:
			parts = append(parts, version+" "+want)
		}
	}
	return "^" + strings.Join(parts, "; ") + "$"
}

// matches reports whether an outcome is what a case wants. An error is only what wants one.
func (c scenario) matches(got string) bool {
	if strings.Contains(got, "error: ") && !strings.Contains(c.want, "error: ") {
		return false
	}
	return regexp.MustCompile("(?s)" + c.want).MatchString(got)
}
