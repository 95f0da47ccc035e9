// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// The next message of a stream may be far away. That is no fault of the endpoint's.
func TestStreamOfMessagesMayBeSilentForLongerThanTheIdleTime(t *testing.T) {
	t.Parallel()
	const idle, pause = 1500 * time.Millisecond, 2500 * time.Millisecond // the endpoint has to begin in this time
	for _, test := range []struct {
		mediaType string
		lives     bool
	}{
		{"text/event-stream", true},
		{"Text/Event-Stream; charset=utf-8", true},
		{"application/grpc-web+proto", true},
		{"application/connect+json", true},
		{"text/event-streams", false},
		{"application/json", false},
	} {
		for upload, request := range map[string]string{
			"without content": "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
			"that goes on":    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n",
		} {
			t.Run(test.mediaType+" of a request "+upload, func(t *testing.T) {
				t.Parallel()
				endpoint := startScript(t)
				p := serve(t)
				p.apply(everythingBy(idleAfter(idle), endpoint.address))
				client := p.dial()
				client.send(request)
				up := endpoint.accept()
				up.head()
				up.send("HTTP/1.1 200 OK\r\nContent-Type: " + test.mediaType + "\r\nContent-Length: 4\r\n\r\n1\n")
				client.head()
				client.expect("1\n")
				if upload == "that goes on" {
					client.send("hi")
					up.expect("hi")
				}
				if !test.lives {
					if rest, _ := client.ending(); rest != "" {
						t.Errorf("the client received %q", rest)
					}
					return
				}
				<-time.After(pause)
				up.send("2\n")
				client.expect("2\n")
			})
		}
	}
}

// A call has begun once there is an answer. From then on both sides may be silent, whether or not the request has
// ended.
func TestCallMayBeSilentForLongerThanTheIdleTime(t *testing.T) {
	t.Parallel()
	const idle, pause = 1500 * time.Millisecond, 2500 * time.Millisecond
	for name, ended := range map[string]bool{"the client listens": true, "the client may go on": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startScript(t)
			p := serve(t, h2c)
			p.apply(inH2C(everythingBy(idleAfter(idle), s.address)))
			c := p.dialFrames()
			c.request(1, false, head("POST", "/watch")...)
			f := s.acceptFrames()
			a := f.received(false)
			f.request(a.stream, false, ":status", "200", "content-type", "application/grpc")
			f.check(f.WriteData(a.stream, false, []byte("x")))
			if ended {
				c.check(c.WriteData(1, true, nil))
			}
			<-time.After(pause)
			f.check(f.WriteData(a.stream, false, []byte("y")))
			for body := ""; body != "xy"; {
				switch frame := c.next().(type) {
				case *http2.DataFrame:
					body += string(frame.Data())
				case *http2.RSTStreamFrame:
					t.Fatalf("the stream was reset with %v after %q", frame.ErrCode, body)
				}
			}
			f.check(f.WriteData(a.stream, true, nil))
			if got := c.answer(1); !got.ended {
				t.Errorf("got %v, want the response's end", got)
			}
		})
	}
}

// Who is silent may work on the request. A second one elsewhere would only double the work, and the client's wait.
func TestRequestThatTimedOutByTheIdleTimeIsSentOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		timeouts snapshot.Timeouts
		again    bool
	}{
		{"idle alone", snapshot.Timeouts{Idle: time.Second}, false},
		{"idle before response", snapshot.Timeouts{Idle: time.Second, Response: time.Minute}, false},
		{"response before idle", snapshot.Timeouts{Idle: time.Minute, Response: time.Second}, true},
		{"response alone", snapshot.Timeouts{Response: time.Second}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			silent, spare := startScript(t), startScript(t)
			p := serve(t)
			p.apply(everythingBy(func(r *snapshot.Route) { r.Timeouts, r.Retries = test.timeouts, 1 }, silent.address, spare.address))
			client := p.dial()
			client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
			silent.accept().head()
			if test.again {
				up := spare.accept()
				up.head()
				up.send(okReply)
			}
			want := "UpstreamTimeout"
			if test.again {
				want = ""
			}
			if got := client.reply("GET"); got.reason() != want {
				t.Errorf("got %d %q, want %q", got.Status, got.reason(), want)
			}
			if got := spare.accepted.Load() > 0; got != test.again {
				t.Errorf("sent to another endpoint: %v, want %v", got, test.again)
			}
		})
	}
}

// There may be nothing to say for long. What has lost one of its sides has nothing to wait for.
func TestTunnelMayBeSilentWhileBothSidesLast(t *testing.T) {
	t.Parallel()
	const idle, pause = 1500 * time.Millisecond, 4 * time.Second
	short := func(c *Config) { c.IdleTimeout = idle }
	t.Run("HTTP/1.1", func(t *testing.T) {
		t.Parallel()
		endpoint := startScript(t)
		p := serve(t, short)
		p.apply(everything(endpoint.address))
		client, up := upgradedBy(t, p, endpoint)
		<-time.After(pause)
		client.send("ping")
		up.expect("ping")
		up.send("pong")
		client.expect("pong")
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if rest, err := up.ending(); rest != "" || err != nil {
			t.Errorf("the endpoint received %q (%v), want the orderly end", rest, err)
		}
		client.expectClosed()
	})
	t.Run("HTTP/2", func(t *testing.T) {
		t.Parallel()
		endpoint := startScript(t)
		p := serve(t, h2c, short)
		p.apply(everything(endpoint.address))
		c := p.dialFrames()
		up := c.socketOn(1, endpoint)
		<-time.After(pause)
		c.tell(1, "ping")
		up.expect("ping")
		up.send("pong")
		c.hear(1, "pong")
		c.check(c.WriteData(1, true, nil))
		up.expectEnd()
		if got := c.streamEnd(1); got != http2.ErrCodeCancel {
			t.Errorf("the stream ended with %v, want CANCEL", got)
		}
	})
}
