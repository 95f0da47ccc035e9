#!/usr/bin/env bash
# A net/http server of Go 1.27 sends the responses of one HTTP/2 connection in turns, until one request on it has a
# Priority field, whatever that says. From then on the responses to all other requests, which say nothing, are sent one
# after the other, each as a whole. The server takes the field for the word of one client which knows RFC 9218, where a
# request without a Priority is not incremental (section 4.2). If that first request also has Via, Forwarded or
# X-Forwarded-For, the server takes the connection for a proxy's, and stays with turns for good (section 13.1 names these
# three). X-Real-IP is none of them.
#
# One would guess that a request's priority counts for its own response, and that a connection from a proxy, which carries
# the requests of many clients, is safe by default. Neither the Priority of a browser nor a field for the client's address
# looks like something that rearranges strangers' downloads. Go 1.26 sent in turns always.
#
# Who is hurt: proxies that share connections to backends and tell who the client is in X-Real-IP, PROXY protocol or a
# field of their own. Browsers send Priority, so that one large download makes everybody's small pages wait whose
# streams share the connection. Backends can set http.Server.DisableClientPriority.
#
# Version: go1.27.1 (net/http/internal/http2, MetaHeadersFrame.rfc9218Priority). Asked with the frames of
# golang.org/x/net v0.62.0. Each line is one connection: a small request, and three for 256 KiB. Seen on linux/amd64:
#
#   nothing said: large responses come in turns
#   small request with priority: u=3: large responses come one after the other
#   small request with priority: u=3 and x-real-ip: large responses come one after the other
#   small request with priority: u=3 and x-forwarded-for: large responses come in turns
#   small request with priority: u=3 and via: large responses come in turns
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.27.1 GOFLAGS=-mod=mod
cat >go.mod <<'EOF'
module finding

go 1.27.0

require golang.org/x/net v0.62.0
EOF
cat >main.go <<'EOF'
package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	responseSize = 256 << 10
	windowAtOnce = 65535 // of a connection (RFC 9113, section 6.9.2)
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	server := &http.Server{Protocols: new(http.Protocols), Handler: http.HandlerFunc(answer)}
	server.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = server.Serve(listener) }()
	address := listener.Addr().String()

	priority := hpack.HeaderField{Name: "priority", Value: "u=3"}
	for _, c := range []struct {
		said   string
		fields []hpack.HeaderField
	}{
		{"nothing said", nil},
		{"small request with priority: u=3", []hpack.HeaderField{priority}},
		{"small request with priority: u=3 and x-real-ip",
			[]hpack.HeaderField{priority, {Name: "x-real-ip", Value: "192.0.2.1"}}},
		{"small request with priority: u=3 and x-forwarded-for",
			[]hpack.HeaderField{priority, {Name: "x-forwarded-for", Value: "192.0.2.1"}}},
		{"small request with priority: u=3 and via",
			[]hpack.HeaderField{priority, {Name: "via", Value: "2 proxy.example.com"}}},
	} {
		fmt.Printf("%s: large responses come %s\n", c.said, howTheyCome(address, c.fields))
	}
}

func answer(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/large" {
		_, _ = w.Write(make([]byte, responseSize))
	}
}

// howTheyCome sends a small request with the fields, and then three for large responses without, on one connection. It
// says how the large ones come, once all of them are ready.
func howTheyCome(address string, fields []hpack.HeaderField) string {
	conn, err := net.Dial("tcp", address)
	must(err)
	defer conn.Close()
	must(conn.SetDeadline(time.Now().Add(30 * time.Second)))
	_, err = io.WriteString(conn, http2.ClientPreface)
	must(err)
	framer := http2.NewFramer(conn, conn)
	must(framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: responseSize}))
	request(framer, 1, "/small", fields)
	for _, stream := range []uint32{3, 5, 7} {
		request(framer, stream, "/large", nil)
	}
	received, changes, last := 0, 0, uint32(0)
	for ended := 0; ended < 4; {
		frame, err := framer.ReadFrame()
		must(err)
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				must(framer.WriteSettingsAck())
			}
		case *http2.HeadersFrame:
			if f.StreamEnded() {
				ended++
			}
		case *http2.DataFrame:
			if f.StreamEnded() {
				ended++
			}
			if len(f.Data()) == 0 {
				continue
			}
			if received >= windowAtOnce && f.StreamID != last {
				changes, last = changes+1, f.StreamID
			}
			if received += len(f.Data()); received == windowAtOnce {
				time.Sleep(300 * time.Millisecond) // all three have something to send when the window opens
				must(framer.WriteWindowUpdate(0, 3*responseSize))
			}
		}
	}
	if changes == 3 {
		return "one after the other"
	}
	return "in turns"
}

func request(framer *http2.Framer, stream uint32, path string, fields []hpack.HeaderField) {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encoder.SetMaxDynamicTableSize(0)
	for _, field := range append([]hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"},
		{Name: ":authority", Value: "a.example.com"}, {Name: ":path", Value: path}}, fields...) {
		must(encoder.WriteField(field))
	}
	must(framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndStream: true,
		EndHeaders: true}))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >want <<'EOF'
nothing said: large responses come in turns
small request with priority: u=3: large responses come one after the other
small request with priority: u=3 and x-real-ip: large responses come one after the other
small request with priority: u=3 and x-forwarded-for: large responses come in turns
small request with priority: u=3 and via: large responses come in turns
EOF
go run . >got
diff want got
cat got
