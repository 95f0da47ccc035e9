// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// wideLimits let heads grow beyond the largest buffer.
var wideLimits = heads.Limits{HeadBytes: 256 << 10, LineBytes: 64 << 10, Fields: 4096}

// headOf returns a request's head of just n bytes and the fields that must be read from it.
func headOf(n int, framing string) (head string, fields []field) {
	head = "POST /a?b HTTP/1.1\r\nHost: a\r\n" + framing
	for i := 0; len(head) < n-2; i++ {
		left := n - 2 - len(head)
		if left > 120 {
			left = 60
		}
		f := field{fmt.Sprintf("F%d", i), ""}
		f.Value = strings.Repeat(string(rune('a'+i%26)), left-len(f.Name)-len(": \r\n"))
		fields = append(fields, f)
		head += f.Name + ": " + f.Value + "\r\n"
	}
	return head + "\r\n", fields
}

func TestHeadOutlivesItsContentWhateverTheirSizes(t *testing.T) {
	const content = "6\r\nhello \r\n5;a\r\nworld\r\n0\r\nA: b\r\n\r\n"
	sizes := []int{200, 3000, buffer.Small - buffer.Small/4}
	for d := -3; d <= 3; d++ {
		sizes = append(sizes, buffer.Small+d, buffer.Large+d, 2*buffer.Large+d)
	}
	for d := range 40 {
		sizes = append(sizes, buffer.Small-d)
	}
	for _, size := range sizes {
		head, fields := headOf(size, "Transfer-Encoding: chunked\r\n")
		if len(head) != size {
			t.Fatalf("made a head of %d bytes, want %d", len(head), size)
		}
		deliveries := map[string][][]byte{
			"whole":           {[]byte(head + content)},
			"head, content":   {[]byte(head), []byte(content)},
			"content in many": append([][]byte{[]byte(head)}, cut(content, func() int { return 1 })...),
			"all in many":     cut(head+content, func() int { return 1000 }),
		}
		for name, pieces := range deliveries {
			c := NewServerConn(newWire(pieces...), &ServerConfig{Limits: wideLimits, Buffers: new(buffer.Pool)})
			req := begin(t, c)
			got, err := io.ReadAll(c.Content())
			if string(got) != "hello world" || err != nil {
				t.Errorf("head of %d bytes, %s: got %q, %v", size, name, got, err)
			}
			if diff := cmp.Diff(fields, passed(req.Fields)); diff != "" || string(req.Method)+string(req.Path)+string(req.Query) != "POST/a?b" {
				t.Errorf("head of %d bytes, %s: %s %s%s after the content (-want +got):\n%s", size, name, req.Method, req.Path, req.Query, diff)
			}
			if !c.EndExchange() {
				t.Errorf("head of %d bytes, %s: the connection is not reusable", size, name)
			}
		}
	}
}

func TestConnectionsThatShareBuffersDoNotSeeEachOthersBytes(t *testing.T) {
	buffers := new(buffer.Pool)
	config := &ServerConfig{Limits: wideLimits, Buffers: buffers}
	clientConfig := &ClientConfig{Limits: wideLimits, Buffers: buffers}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			mark := byte('a' + i)
			content := bytes.Repeat([]byte{mark}, 3000*(i+1))
			head, fields := headOf(1500*(i+1), "Transfer-Encoding: chunked\r\nX: "+strings.Repeat(string(mark), 30)+"\r\n")
			fields = append([]field{{"X", strings.Repeat(string(mark), 30)}}, fields...)
			for range 20 {
				if err := relay(config, clientConfig, head, fields, content); err != nil {
					t.Errorf("connection %d: %v", i, err)
				}
			}
		})
	}
	wg.Wait()
}

// relay reads two requests, sends each on to a server that answers with its content, and relays the answer.
func relay(config *ServerConfig, clientConfig *ClientConfig, head string, fields []field, content []byte) error {
	chunks := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(content), content)
	stream := strings.Repeat(head+chunks, 2)
	down := newWire(cut(stream, func() int { return 777 })...)
	server := NewServerConn(down, config)
	answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(content), content)
	up := newWire()
	client := NewClientConn(up, clientConfig)
	req := new(message.Request)
	for range 2 {
		if err := errors.Join(server.Await(nil), server.ReadRequest(req)); err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		client.WriteHead(req)
		if err := copyAll(client.Request(), server.Content()); err != nil {
			return fmt.Errorf("sending a request: %w", err)
		}
		up.pieces = cut(answer, func() int { return 999 })
		if err := client.ReadResponse(req.Method); err != nil {
			return fmt.Errorf("reading a response: %w", err)
		}
		server.WriteHead(&client.Response)
		if err := copyAll(server.Response(), client.Content()); err != nil {
			return fmt.Errorf("sending a response: %w", err)
		}
		if diff := cmp.Diff(fields, passed(req.Fields)); diff != "" {
			return fmt.Errorf("fields after the exchange (-want +got):\n%s", diff)
		}
		if !client.EndExchange(true) || !server.EndExchange() {
			return errors.New("a connection is not reusable")
		}
	}
	if want := strings.Repeat(answer, 2); down.sent.String() != want {
		return fmt.Errorf("the answers are %d bytes, want %d equal ones", down.sent.Len(), len(want))
	}
	if got := bytes.Count(up.sent.Bytes(), content[:1]); got < 2*len(content) {
		return fmt.Errorf("%d of %d bytes were sent on", got, 2*len(content))
	}
	return nil
}

// copyAll moves content to its end.
func copyAll(w message.Writer, r message.Reader) error {
	for !r.Ended() {
		room, err := w.Room()
		if err != nil {
			return err
		}
		n, err := r.Read(room)
		if err != nil && err != io.EOF {
			return err
		}
		if err := w.Advance(n); err != nil {
			return err
		}
	}
	return w.End(r.Trailers())
}

// stuckWire is a Transport whose reads bring neither bytes nor an error.
type stuckWire struct{ *wire }

func (w stuckWire) Read([]byte) (int, error) { return 0, nil }

func TestTransportThatBringsNothingIsNotReadForever(t *testing.T) {
	w := stuckWire{newWire()}
	if err := newTestServer(w).Await(nil); err != io.EOF {
		t.Errorf("server: got %v, want %v", err, io.EOF)
	}
	if err := newTestClient(w).ReadResponse([]byte("GET")); err != io.ErrNoProgress {
		t.Errorf("client: got %v, want %v", err, io.ErrNoProgress)
	}
}

func TestClosedClientConnectionClosesItsTransport(t *testing.T) {
	w := newWire()
	if err := newTestClient(w).Close(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"close"}, w.calls); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
