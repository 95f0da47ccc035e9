// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeFiles writes what servers of files serve. All of it is equally old, so that it has the same tags as long as a
// run takes.
func writeFiles(t *testing.T, folder string) {
	t.Helper()
	files := map[string]string{
		"index.html":        "<!DOCTYPE html><title>fleet</title>\n",
		"file.txt":          string(text(1000)),
		"big.bin":           strings.Repeat("big file ", 100_000),
		"empty.txt":         "",
		"page.html":         "<!DOCTYPE html><title>page</title>" + strings.Repeat("<p>text</p>", 200) + "\n",
		"with space.txt":    "a space\n",
		"caf\u00e9.txt":     "an accent\n",
		"a;b.txt":           "a semicolon\n",
		"folder/index.html": "<!DOCTYPE html><title>folder</title>\n",
		"folder/file.txt":   "in a folder\n",
		"bare/file.txt":     "in a folder without index\n",
		"data.json":         `{"a": 1}` + "\n",
	}
	for name, content := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		then := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		if err := os.Chtimes(file, then, then); err != nil {
			t.Fatal(err)
		}
	}
}

// fileCases are for servers of files.
func fileCases() []testCase {
	var all []testCase
	for _, target := range []string{
		"/", "/folder", "/folder/", "/bare/", "/missing", "/missing/", "/folder/file.txt", "/folder%2ffile.txt", "//folder//file.txt",
		"/folder/../file.txt", "/folder/%2e%2e/file.txt", "/folder/./file.txt", "/with%20space.txt", "/caf%C3%A9.txt", "/caf\xc3\xa9.txt",
		"/a;b.txt", "/a%3Bb.txt", "/empty.txt", "/page.html", "/data.json", "/big.bin", "/../file.txt", "/folder?x=1", "//", "/folder//",
	} {
		all = append(all, one(request{target: target}, ""))
	}
	for _, target := range []string{"/", "/folder", "/folder/", "/missing", "/big.bin", "/empty.txt"} {
		all = append(all, one(request{method: "HEAD", target: target}, ""))
	}
	for _, ranges := range []string{
		"bytes=0-99", "bytes=-100", "bytes=900-", "bytes=0-0", "bytes=5000-", "bytes=0-1,10-12", "bytes=abc", "bytes=5-2", "lines=1-2",
		"bytes=0-9999", "bytes=-0", "bytes=0-1, 3-4, -5",
	} {
		all = append(all, one(request{target: "/file.txt", fields: []field{{"Range", ranges}}}, ranges))
	}
	all = append(all,
		one(request{method: "HEAD", target: "/file.txt", fields: []field{{"Range", "bytes=0-99"}}}, "a range"),
		one(request{target: "/big.bin", fields: []field{{"Range", "bytes=100000-599999"}}}, "a long range"),
		one(request{target: "/big.bin", old: true}, "HTTP/1.0"),
		one(request{target: "/page.html", fields: []field{{"Accept-Encoding", "gzip"}}}, "gzip"),
		one(request{target: "/file.txt", fields: []field{{"If-Modified-Since", "Mon, 05 Jan 2026 00:00:00 GMT"}}}, "not modified since"),
		one(request{target: "/file.txt", fields: []field{{"If-Modified-Since", "Mon, 05 Jan 2015 00:00:00 GMT"}}}, "modified since"),
		one(request{target: "/file.txt", fields: []field{{"If-Modified-Since", "Friday, 02-Jan-26 03:04:05 GMT"}}}, "an old kind of date"),
		one(request{target: "/file.txt", fields: []field{{"If-Modified-Since", "yesterday"}}}, "no date"),
		one(request{target: "/file.txt", fields: []field{{"If-Unmodified-Since", "Mon, 05 Jan 2015 00:00:00 GMT"}}}, "unmodified since"),
		one(request{target: "/file.txt", fields: []field{{"If-None-Match", `"a", W/"b"`}}}, "other tags"),
		one(request{target: "/file.txt", fields: []field{{"If-Range", `"a"`}, {"Range", "bytes=0-9"}}}, "a range of another tag"),
		one(request{target: "/missing", fields: []field{{"If-None-Match", "*"}}}, "If-None-Match: *"),
	)
	for n := range all {
		if all[n].steps[0].old {
			all[n].http1 = true
		}
	}
	known := func(name, method string, since func(before answer) []field) {
		all = append(all, testCase{name: method + " /file.txt, " + name, steps: []step{
			{request: request{method: "GET", target: "/file.txt"}}, {request: request{method: method, target: "/file.txt"}, since: since}}})
	}
	known("its own tag", "GET", func(b answer) []field { return []field{{"If-None-Match", b.get("ETag")}} })
	known("its own tag", "HEAD", func(b answer) []field { return []field{{"If-None-Match", b.get("ETag")}} })
	known("its own time", "GET", func(b answer) []field { return []field{{"If-Modified-Since", b.get("Last-Modified")}} })
	known("a range of its own tag", "GET", func(b answer) []field { return []field{{"If-Range", b.get("ETag")}, {"Range", "bytes=0-9"}} })
	known("both", "GET", func(b answer) []field {
		return []field{{"If-None-Match", b.get("ETag")}, {"If-Modified-Since", b.get("Last-Modified")}}
	})
	return append(all, uploads("/file.txt", "POST", 10, 1_000_000)...)
}

// uploads are those of some lengths, framed and announced in each way.
func uploads(target, method string, lengths ...int) []testCase {
	var all []testCase
	for _, length := range lengths {
		up := request{method: method, target: target, content: text(length)}
		add := func(remark string, change func(r *request)) {
			r := up
			change(&r)
			all = append(all, one(r, fmt.Sprintf("%d bytes %s", length, remark)))
		}
		add("with a length", func(r *request) { r.framing = withLength })
		add("without a length", func(r *request) { r.framing = withoutLength })
		add("with a length, expecting 100", func(r *request) { r.framing, r.expect = withLength, true })
		add("without a length, expecting 100", func(r *request) { r.framing, r.expect = withoutLength, true })
	}
	return all
}

// davCases are for WebDAV, in a folder for each way.
func davCases() []testCase {
	const folder = "/dav/{way}"
	var all []testCase
	add := func(name string, steps ...request) {
		c := testCase{name: name}
		for _, r := range steps {
			c.steps = append(c.steps, step{request: r})
		}
		all = append(all, c)
	}
	put := request{method: "PUT", target: folder + "/a.txt", content: text(100), framing: withLength}
	list := request{method: "PROPFIND", target: folder + "/", fields: []field{{"Depth", "1"}}, framing: withLength,
		content: []byte(`<?xml version="1.0"?><propfind xmlns="DAV:"><prop><getcontentlength/><resourcetype/></prop></propfind>`)}
	to := func(method, target string, more ...field) request {
		return request{method: method, target: folder + "/a.txt", fields: append([]field{{"Destination", target}}, more...)}
	}
	add("MKCOL", request{method: "MKCOL", target: folder + "/"}, request{method: "MKCOL", target: folder + "/"})
	add("PUT twice", put, put)
	add("PUT without a length", request{method: "PUT", target: folder + "/b.txt", content: text(100_000), framing: withoutLength},
		request{method: "GET", target: folder + "/b.txt"})
	add("PUT expecting 100", request{method: "PUT", target: folder + "/c.txt", content: text(100_000), framing: withLength, expect: true},
		request{method: "GET", target: folder + "/c.txt"})
	add("PUT slowly", request{method: "PUT", target: folder + "/d.txt", content: text(1000), framing: withoutLength, slow: 300 * time.Millisecond})
	add("PUT where no folder is", request{method: "PUT", target: folder + "/no/a.txt", content: text(100), framing: withLength})
	add("PUT if it is not there", request{method: "PUT", target: folder + "/a.txt", content: text(100), framing: withLength,
		fields: []field{{"If-None-Match", "*"}}})
	add("PROPFIND", list)
	add("PROPFIND without a length", request{method: "PROPFIND", target: list.target, fields: list.fields, framing: withoutLength, content: list.content})
	add("PROPPATCH", request{method: "PROPPATCH", target: folder + "/a.txt", framing: withLength, content: []byte(
		`<?xml version="1.0"?><propertyupdate xmlns="DAV:"><set><prop><x xmlns="urn:x">1</x></prop></set></propertyupdate>`)})
	add("COPY to a path", to("COPY", folder+"/copy1.txt"), request{method: "GET", target: folder + "/copy1.txt"})
	add("COPY to a URI", to("COPY", "{scheme}://{host}"+folder+"/copy2.txt"), request{method: "GET", target: folder + "/copy2.txt"})
	add("COPY onto another", to("COPY", folder+"/b.txt", field{"Overwrite", "F"}))
	add("MOVE to a path", to("MOVE", folder+"/e.txt"), put)
	add("LOCK and PUT", request{method: "LOCK", target: folder + "/a.txt", framing: withLength, fields: []field{{"Timeout", "Second-5"}}, content: []byte(
		`<?xml version="1.0"?><lockinfo xmlns="DAV:"><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>`)}, put)
	add("DELETE", request{method: "DELETE", target: folder + "/b.txt"}, request{method: "DELETE", target: folder + "/b.txt"})
	add("OPTIONS", request{method: "OPTIONS", target: folder + "/"})
	add("DELETE of a folder", request{method: "DELETE", target: folder + "/"})
	return all
}

// gitCases are what Git's clients ask over HTTP.
func gitCases() []testCase {
	const repository = "/repository.git"
	// A request in Git's protocol of version 2 is lines that begin with their length.
	ask := []byte("0014command=ls-refs\n0001000bpeel\n000csymrefs\n0000")
	upload := request{method: "POST", target: repository + "/git-upload-pack", content: ask, framing: withLength, fields: []field{
		{"Content-Type", "application/x-git-upload-pack-request"}, {"Accept", "application/x-git-upload-pack-result"}, {"Git-Protocol", "version=2"}}}
	chunked := upload
	chunked.framing = withoutLength
	announced := upload
	announced.expect = true
	all := []testCase{
		one(request{target: repository + "/info/refs?service=git-upload-pack"}, ""),
		one(request{target: repository + "/info/refs?service=git-upload-pack", fields: []field{{"Git-Protocol", "version=2"}}}, "version 2"),
		one(request{target: repository + "/info/refs?service=git-receive-pack"}, ""),
		one(request{target: repository + "/info/refs"}, ""),
		one(request{target: "/" + repository + "//info/refs?service=git-upload-pack"}, ""),
		one(request{target: repository + "/HEAD"}, ""),
		one(request{method: "HEAD", target: repository + "/HEAD"}, ""),
		one(request{target: repository + "/missing"}, ""),
		one(request{method: "PUT", target: repository + "/HEAD", content: text(10), framing: withLength}, ""),
		one(upload, "with a length"), one(chunked, "without a length"), one(announced, "expecting 100"),
	}
	return append(all, uploads(repository+"/git-upload-pack", "POST", 10, 100_000)...)
}
