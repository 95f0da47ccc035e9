// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
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

const typicalContent = 1024

// loop is a Transport on which the same message arrives again and again.
type loop struct {
	message []byte
	at      int
	sent    int64
}

// Read reads up to the message's end.
func (l *loop) Read(p []byte) (int, error) {
	n := copy(p, l.message[l.at:])
	if l.at += n; l.at == len(l.message) {
		l.at = 0
	}
	return n, nil
}

func (l *loop) Write(p []byte) (int, error) { l.sent += int64(len(p)); return len(p), nil }
func (l *loop) Close() error                { return nil }
func (l *loop) CloseWrite() error           { return nil }
func (l *loop) StallAfter(time.Duration)    {}
func (l *loop) ExpireAfter(time.Duration)   {}

// parkingLoop is a loop that is served from within the wait for the next message.
type parkingLoop struct{ *loop }

func (l parkingLoop) ReadParked(buffers *buffer.Pool, size int, got func([]byte, int) bool) error {
	for again := true; again; {
		buf := buffers.Get(size)
		n, _ := l.Read(buf)
		again = got(buf, n)
	}
	return nil
}

// exchangingLoop is a loop that sends and waits in one step.
type exchangingLoop struct{ *loop }

func (l exchangingLoop) Exchange(request, p []byte) (sent, n int, err error) {
	sent, _ = l.Write(request)
	n, err = l.Read(p)
	return sent, n, err
}

var errExchange = errors.New("the exchange did not come to its end")

// serverExchange reads a request and answers it with content, on a connection that lasts.
func serverExchange(c *ServerConn, req *message.Request, resp *message.Response, content []byte) error {
	if err := c.ReadRequest(req); err != nil {
		return err
	}
	c.WriteHead(resp)
	out := c.Response()
	room, err := out.Room()
	if err != nil {
		return err
	}
	if err := out.Advance(copy(room, content)); err != nil {
		return err
	}
	if err := out.End(nil); err != nil {
		return err
	}
	if !c.EndExchange() {
		return errExchange
	}
	return nil
}

// clientExchange sends a request and reads the whole response into content.
func clientExchange(c *ClientConn, req *message.Request, content []byte) error {
	c.WriteHead(req)
	if err := c.Request().End(nil); err != nil {
		return err
	}
	if err := c.ReadResponse(req.Method); err != nil {
		return err
	}
	if n, err := c.Content().Read(content); n != typicalContent || err != io.EOF {
		return errExchange
	}
	if !c.EndExchange(true) {
		return errExchange
	}
	return nil
}

func serverConfig() *ServerConfig {
	return &ServerConfig{Limits: wideLimits, Buffers: new(buffer.Pool), Idle: time.Minute, Read: time.Minute}
}

// parsedResponse is the typical response as it is relayed.
func parsedResponse(t testing.TB) *message.Response {
	t.Helper()
	resp := new(message.Response)
	if _, _, _, err := heads.ParseResponse(resp, []byte(typicalResponse), []byte("GET"), wideLimits); err != nil {
		t.Fatal(err)
	}
	return resp
}

// parsedRequest is the typical request as it is sent on.
func parsedRequest(t testing.TB) *message.Request {
	t.Helper()
	req := new(message.Request)
	if _, err := heads.ParseRequest(req, []byte(typicalRequest), wideLimits); err != nil {
		t.Fatal(err)
	}
	return req
}

func BenchmarkServerExchange(b *testing.B) {
	c, req, resp := NewServerConn(&loop{message: []byte(typicalRequest)}, serverConfig()), new(message.Request), parsedResponse(b)
	content := make([]byte, typicalContent)
	b.ReportAllocs()
	for b.Loop() {
		if err := errors.Join(c.Await(nil), serverExchange(c, req, resp, content)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClientExchange(b *testing.B) {
	l := &loop{message: []byte(typicalResponse + strings.Repeat("x", typicalContent))}
	c := NewClientConn(l, &ClientConfig{Limits: wideLimits, Buffers: new(buffer.Pool)})
	req, content := parsedRequest(b), make([]byte, buffer.Small)
	b.ReportAllocs()
	for b.Loop() {
		if err := clientExchange(c, req, content); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadChunked(b *testing.B) {
	for _, size := range []int{16, 1024, 32 << 10} {
		b.Run(fmt.Sprintf("%d bytes each", size), func(b *testing.B) {
			chunk := fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("x", size))
			l := &loop{message: []byte(strings.Repeat(chunk, max(1, buffer.Small/len(chunk))))}
			r := &reader{transport: l, buffers: new(buffer.Pool)}
			r.begin(heads.FramedByChunks, 0, wideLimits)
			room := make([]byte, 32<<10)
			b.ReportAllocs()
			total := 0
			for b.Loop() {
				n, err := r.Read(room)
				if err != nil {
					b.Fatal(err)
				}
				total += n
			}
			b.ReportMetric(float64(total)/b.Elapsed().Seconds()/1e6, "MB/s")
		})
	}
}

func BenchmarkWriteChunked(b *testing.B) {
	for _, size := range []int{16, 1024, 32 << 10} {
		b.Run(fmt.Sprintf("%d bytes each", size), func(b *testing.B) {
			w := &writer{transport: new(loop), buffers: new(buffer.Pool)}
			w.begin(heads.FramedByChunks, 0)
			total := 0
			b.ReportAllocs()
			for b.Loop() {
				room, err := w.Room()
				if err != nil {
					b.Fatal(err)
				}
				n := min(size, len(room))
				if err := errors.Join(w.Advance(n), w.Flush()); err != nil {
					b.Fatal(err)
				}
				total += n
			}
			b.ReportMetric(float64(total)/b.Elapsed().Seconds()/1e6, "MB/s")
		})
	}
}
