// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// An exchange that is begun by Once leaves nothing behind, in either version of HTTP, whether an answer came or not.
func TestConnectionOfOneExchangeEndsWithIt(t *testing.T) {
	t.Parallel()
	for name, h2c := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		for path, answered := range map[string]bool{"/answered": true, "/silent": false} {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				arrived, closed := make(chan struct{}, 1), make(chan struct{}, 1)
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					arrived <- struct{}{}
					if r.URL.Path == "/silent" {
						<-r.Context().Done()
					}
				}))
				server.Config.Protocols = new(http.Protocols)
				server.Config.Protocols.SetHTTP1(!h2c)
				server.Config.Protocols.SetUnencryptedHTTP2(h2c)
				server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
					if s == http.StateClosed {
						closed <- struct{}{}
					}
				}
				server.Start()
				t.Cleanup(server.Close)
				tcp, err := net.DialTimeout("tcp", server.Listener.Addr().String(), patience)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = tcp.Close() })
				d := NewDialer(Config{
					Clock: transport.NewClock(), Buffers: new(buffer.Pool),
					Limits: heads.Limits{HeadBytes: 8 << 10, LineBytes: 8 << 10, Fields: 100},
				})
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				up, end, err := d.Once(ctx, tcp.(*net.TCPConn), nil, h2c)
				if err != nil {
					t.Fatal(err)
				}
				if sole := up.Sole() != nil; sole == h2c {
					t.Errorf("that the connection is one of HTTP/1.1 is %t, want %t", sole, !h2c)
				}
				up.WriteHead(&message.Request{Version: message.HTTP11, Method: []byte("GET"), Authority: []byte("a"), Path: []byte(path)})
				if err := up.Request().End(nil); err != nil {
					t.Fatal(err)
				}
				if !answered {
					go func() {
						<-arrived
						stop()
					}()
				}
				err = ReadFinal(up, []byte("GET"))
				if got := err == nil && up.Response().Status == 200; got != answered {
					t.Errorf("an answer is there: %t, want %t (%v)", got, answered, err)
				}
				end()
				receive(t, "the connection's end", closed)
			})
		}
	}
}
