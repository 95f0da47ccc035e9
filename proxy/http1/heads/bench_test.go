// SPDX-License-Identifier: Apache-2.0

package heads

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
)

// typicalRequest is what a browser sends for a page's part, with 12 fields.
const typicalRequest = "GET /assets/app.3f9c1d.js?v=20240607&lang=en HTTP/1.1\r\n" +
	"Host: shop.example.com\r\n" +
	"Connection: keep-alive\r\n" +
	"Cache-Control: max-age=0\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Sec-Fetch-Site: same-origin\r\n" +
	"Sec-Fetch-Mode: no-cors\r\n" +
	"Sec-Fetch-Dest: script\r\n" +
	"Referer: https://shop.example.com/catalogue/shoes\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-GB,en;q=0.9\r\n" +
	"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n"

const typicalResponse = "HTTP/1.1 200 OK\r\n" +
	"Date: Fri, 07 Jun 2024 12:00:00 GMT\r\n" +
	"Server: shop\r\n" +
	"Content-Type: application/javascript; charset=utf-8\r\n" +
	"Content-Length: 1024\r\n" +
	"ETag: \"3f9c1d-400\"\r\n" +
	"Cache-Control: public, max-age=31536000, immutable\r\n" +
	"Vary: Accept-Encoding\r\n\r\n"

// parsedResponse is the typical response as it is relayed.
func parsedResponse(t testing.TB) *message.Response {
	t.Helper()
	resp := new(message.Response)
	if _, _, _, err := ParseResponse(resp, []byte(typicalResponse), []byte("GET"), testLimits); err != nil {
		t.Fatal(err)
	}
	return resp
}

// parsedRequest is the typical request as it is sent on.
func parsedRequest(t testing.TB) *message.Request {
	t.Helper()
	req := new(message.Request)
	if _, err := ParseRequest(req, []byte(typicalRequest), testLimits); err != nil {
		t.Fatal(err)
	}
	return req
}

func BenchmarkRequestEnd(b *testing.B) {
	head := []byte(typicalRequest)
	b.ReportAllocs()
	b.SetBytes(int64(len(head)))
	for b.Loop() {
		if _, err := RequestEnd(head, 0, testLimits); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseRequest(b *testing.B) {
	head, req := []byte(typicalRequest), new(message.Request)
	b.ReportAllocs()
	b.SetBytes(int64(len(head)))
	for b.Loop() {
		if _, err := ParseRequest(req, head, testLimits); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseResponse(b *testing.B) {
	head, resp := []byte(typicalResponse), new(message.Response)
	b.ReportAllocs()
	b.SetBytes(int64(len(head)))
	for b.Loop() {
		if _, _, _, err := ParseResponse(resp, head, []byte("GET"), testLimits); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	req, buf := parsedRequest(b), make([]byte, 0, len(typicalRequest))
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendRequest(buf[:0], req)
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkAppendResponse(b *testing.B) {
	resp, buf := parsedResponse(b), make([]byte, 0, len(typicalRequest))
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendResponse(buf[:0], resp, message.HTTP11, false)
	}
	b.SetBytes(int64(len(buf)))
}
