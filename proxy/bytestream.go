package proxy

import "github.com/warren-dev/ingress/proxy/http1"

// byteStream is TCP, or TLS over it.
type byteStream interface {
	http1.Transport
	http1.Parker
}

// The names of HTTP/2 and HTTP/1.1 in a handshake (RFC 9113, section 3.2; RFC 7301, section 6).
const (
	protocolHTTP2 = "h2"
	protocolHTTP1 = "http/1.1"
)
