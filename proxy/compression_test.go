// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/warren-dev/ingress/proxy/policy"
	scripts "github.com/warren-dev/ingress/proxy/script"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// compressing has a route compress its responses.
var compressing = withPolicies(&policy.Compression{Types: policy.CompressedTypes, MinBytes: 100})

// decode returns what was encoded. The end may be missing.
func decode(t *testing.T, coding, encoded string) string {
	t.Helper()
	var from io.Reader = strings.NewReader(encoded)
	var err error
	switch coding {
	case "gzip":
		from, err = gzip.NewReader(from)
	case "br":
		from = brotli.NewReader(from)
	case "zstd":
		from, err = zstd.NewReader(from, zstd.WithDecoderConcurrency(1))
	case "":
	default:
		t.Fatalf("it is encoded by %q", coding)
	}
	if err != nil {
		return ""
	}
	text, _ := io.ReadAll(from)
	return string(text)
}

const longPage = "a page that says the same again and again. "

func TestAClientGetsTheCodingThatItLikesBest(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(longPage, 5_000)
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("ETag", `"a"`)
		if r.URL.Path == "/known" {
			w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		}
		_, _ = io.WriteString(w, text)
	})
	p := serve(t, h2c)
	p.apply(everythingBy(compressing, b.address))
	over2 := p.http2Client(false)
	over2.Transport.(*http.Transport).DisableCompression = true
	for accepted, want := range map[string]string{"gzip": "gzip", "gzip, br": "gzip", "gzip;q=0.5, br": "br", "gzip, deflate, br, zstd": "zstd", "deflate": "", "": ""} {
		for _, path := range []string{"/known", "/unknown"} {
			client := p.dial()
			for range 2 { // the second on the same connection
				client.send("GET " + path + " HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + accepted + "\r\n\r\n")
				got := client.reply("GET")
				if got.Header.Get("Content-Encoding") != want || decode(t, want, got.Body) != text || got.Header.Get("Vary") != "Accept-Encoding" {
					t.Errorf("%q of %s: got %d bytes with %v", accepted, path, len(got.Body), got.Header)
				}
				tag := `"a"`
				if want != "" {
					tag = `W/"a"`
				}
				if compressed := len(got.Body) < len(text)/10; compressed != (want != "") || got.Header.Get("ETag") != tag || got.Header.Get("Content-Length") != "" && compressed {
					t.Errorf("%q of %s: got %d bytes with %v", accepted, path, len(got.Body), got.Header)
				}
			}
			r := over2.request("GET", path, nil)
			r.Header.Set("Accept-Encoding", accepted)
			resp, body := over2.do(r)
			if resp.Header.Get("Content-Encoding") != want || decode(t, want, body) != text {
				t.Errorf("%q of %s over HTTP/2: got %d bytes with %v", accepted, path, len(body), resp.Header)
			}
		}
	}
	await(t, "the end of all", func() bool { return p.engine.Encoders.Memory.Taken() == 0 })
}

func TestWhatIsNotCompressed(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(longPage, 100)
	for name, test := range map[string]struct {
		fields  string
		request string
		sent    string
	}{
		"a short page":        {"Content-Type: text/html\r\n", "", "hello"},
		"an image":            {"Content-Type: image/png\r\n", "", text},
		"what is to stay":     {"Content-Type: text/html\r\nCache-Control: no-transform\r\n", "", text},
		"what is encoded":     {"Content-Type: text/html\r\nContent-Encoding: br\r\n", "", text},
		"for HTTP/1.0":        {"Content-Type: text/html\r\n", "GET / HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n", text},
		"for whoever forbids": {"Content-Type: text/html\r\n", "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nCache-Control: no-transform\r\n\r\n", text},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScripted(t, func(w *wire) {
				w.send(fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\nETag: \"a\"\r\nConnection: close\r\n\r\n%s", test.fields, len(test.sent), test.sent))
			})
			p := serve(t)
			p.apply(everythingBy(compressing, endpoint))
			request := test.request
			if request == "" {
				request = "GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
			}
			got := p.ask(request)
			if got.Body != test.sent || got.Length != int64(len(test.sent)) || got.Header.Get("ETag") != `"a"` {
				t.Errorf("got %d bytes with %v", len(got.Body), got.Header)
			}
		})
	}
}

// The head of a page says of it what it can, and its client waits for no content.
func TestAHeadOfWhatWouldBeCompressed(t *testing.T) {
	t.Parallel()
	b := startEcho(t, "b", "Content-Type: text/html", `ETag: "1"`)
	p := serve(t)
	p.apply(everythingBy(withPolicies(&policy.Compression{Types: policy.CompressedTypes}), b))
	client := p.dial()
	for range 2 {
		client.send("HEAD / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
		if got := client.reply("HEAD"); got.Header.Get("Content-Encoding") != "" || got.Header.Get("Vary") != "Accept-Encoding" || got.Header.Get("Etag") != `W/"1"` {
			t.Errorf("got %v", got.Header)
		}
	}
}

// A page that comes bit by bit is seen bit by bit.
func TestWhatArrivesCanBeReadWithoutWaitingForMore(t *testing.T) {
	t.Parallel()
	for _, coding := range []string{"gzip", "br", "zstd"} {
		t.Run(coding, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everythingBy(compressing, endpoint.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + coding + "\r\n\r\n")
			up := endpoint.accept()
			up.request()
			up.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
			resp, err := http.ReadResponse(client.in, &http.Request{Method: "GET"})
			if err != nil {
				t.Fatal(err)
			}
			var encoded bytes.Buffer
			want := ""
			for _, piece := range []string{"first", " second", strings.Repeat(" third", 20_000), " last"} {
				up.send(fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece))
				want += piece
				room := make([]byte, 64<<10)
				for decode(t, coding, encoded.String()) != want {
					n, err := resp.Body.Read(room)
					if encoded.Write(room[:n]); err != nil {
						t.Fatalf("%v after %d bytes", err, encoded.Len())
					}
				}
			}
			up.send("0\r\nContent-Digest: x\r\nRepr-Digest: x\r\nX-Sum: 1\r\nContent-MD5: x\r\nDigest: x\r\n\r\n")
			if rest, err := io.ReadAll(resp.Body); err != nil || decode(t, coding, encoded.String()+string(rest)) != want {
				t.Errorf("the end: %v", err)
			}
			if diff := cmp.Diff(http.Header{"X-Sum": {"1"}}, resp.Trailer); diff != "" {
				t.Errorf("trailers (-want +got):\n%s", diff)
			}
			await(t, "the end", func() bool { return p.engine.Encoders.Memory.Taken() == 0 })
		})
	}
}

// However a response ends, its encoder is given back.
func TestEncodersAreGivenBack(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(compressing, endpoint.address))
	begin := func() (client, up *wire) {
		client = p.dial()
		client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
		up = endpoint.accept()
		up.request()
		up.send("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
		client.head()
		if n := p.engine.Encoders.Memory.Taken(); n == 0 {
			t.Error("no encoder is taken")
		}
		return client, up
	}
	free := func(after string) {
		await(t, "free memory after "+after, func() bool { return p.engine.Encoders.Memory.Taken() == 0 })
	}
	client, up := begin()
	client.abort()
	up.expectClosed()
	free("a client went away")

	client, up = begin()
	up.abort()
	if _, err := client.ending(); err == nil {
		t.Error("the client cannot see that the page is not whole")
	}
	free("a service went away")

	client, up = begin()
	up.send("not a chunk\r\n")
	if _, err := client.ending(); err == nil {
		t.Error("the client cannot see that the page is not whole")
	}
	free("a malformed chunk")
}

// A response that breaks off before anything of it was sent has an encoder, and so has the page in place of it.
func TestAPageInPlaceOfATornResponseGivesBothEncodersBack(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	pages := startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, strings.Repeat(longPage, 100))
	})
	p := serve(t)
	p.apply(pagedTo(func(r *snapshot.Route) {
		paged(502)(r)
		compressing(r)
	}, poolOf("pool", endpoint.address), poolOf("pages", pages.address)))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
	up := endpoint.accept()
	up.request()
	up.send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	if got := client.reply("GET"); got.Status != 502 || got.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("got %d with %v, want a page", got.Status, got.Header)
	}
	await(t, "free memory", func() bool { return p.engine.Encoders.Memory.Taken() == 0 })
}

// A policy may say that the content is encoded, as for files that are stored so.
func TestWhatAPolicyCallsEncodedIsNotEncodedAgain(t *testing.T) {
	t.Parallel()
	b := startEcho(t, "b", "Content-Type: text/html")
	p := serve(t)
	p.apply(everythingBy(withPolicies(
		&policy.Script{Fields: scripts.Level{Add: []scripts.Field{{Name: "Content-Encoding", Value: "gzip"}}}}, &policy.Compression{Types: policy.CompressedTypes},
	), b))
	if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: zstd\r\n\r\n"); got.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("got %v", got.Header)
	}
}

// Where there is no memory for another encoder, the page is good as it is.
func TestWithoutMemoryForEncodersPagesAreSentAsTheyAre(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(longPage, 100)
	b := startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		_, _ = io.WriteString(w, text)
	})
	p := serve(t)
	p.engine.Encoders.Memory.Limit = 0
	p.apply(everythingBy(compressing, b.address))
	got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n")
	if got.Body != text || got.Header.Get("Content-Encoding") != "" || got.Header.Get("Vary") != "Accept-Encoding" || got.Length != int64(len(text)) {
		t.Errorf("got %d bytes with %v", len(got.Body), got.Header)
	}
}

func TestARulesOwnAnswerIsCompressed(t *testing.T) {
	t.Parallel()
	text := strings.Repeat(longPage, 100)
	compression := &policy.Compression{Types: policy.CompressedTypes, MinBytes: 100}
	for body, want := range map[string]string{text: "br", "short": ""} {
		p := serve(t, h2c)
		p.apply(answeringBy(compression, &policy.FixedResponse{Status: 503, ContentType: "text/html", Body: body}))
		client := p.dial()
		for range 2 {
			client.send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n")
			got := client.reply("GET")
			if got.Status != 503 || got.Header.Get("Content-Encoding") != want || decode(t, want, got.Body) != body {
				t.Errorf("got %d, %d bytes with %v", got.Status, len(got.Body), got.Header)
			}
			client.send("HEAD / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n")
			if got := client.reply("HEAD"); got.Header.Get("Content-Encoding") != "" || got.Length != int64(len(body)) {
				t.Errorf("HEAD: got %v", got.Header)
			}
		}
		if n := p.engine.Encoders.Memory.Taken(); n != 0 {
			t.Errorf("%d bytes are still taken", n)
		}
		// Other answers of the proxy are lines.
		p.apply(answeringBy(&policy.Access{Denied: prefixes("127.0.0.0/8")}, compression, &policy.FixedResponse{Status: 200}))
		if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br\r\n\r\n"); got.reason() != "AccessDenied" || !strings.HasPrefix(got.Body, "AccessDenied: ") {
			t.Errorf("got %d %q", got.Status, got.Body)
		}
	}
}
