// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"syscall"
	"time"
)

// TLS is TLS over a TCP, whose stall times it uses.
type TLS struct {
	*tls.Conn
	below *TCP
	// recordTimeout bounds the arrival of a record that has begun, while the transport is parked.
	recordTimeout time.Duration
	// Version is the version of TLS.
	Version uint16
	// Protocol is the protocol that was negotiated, if any was asked for.
	Protocol string
	// ServerName is the name that the client sent.
	ServerName string
	// Terms are those that the configuration noted for this handshake as a server, empty if it noted none.
	Terms string
	first [1]byte
	// wire is what carries it. tail follows the records that the peer sends.
	wire *wire
	tail *recordTail
	// filled is set if the last Read may have left a part of its record.
	filled bool
	parking
}

// SecureServer makes a handshake as a server. If that fails, it returns a [HandshakeError].
func SecureServer(ctx context.Context, t *TCP, config *tls.Config) (*TLS, error) {
	noted, over := new(notes), &wire{TCP: t}
	c := tls.Server(notedConn{tailedConn{netConn{over}}, noted}, config)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, &HandshakeError{handshakeFault(err, noted.alert), err}
	}
	secured := newTLS(c, over)
	secured.Terms = noted.terms
	return secured, nil
}

// SecureClient makes a handshake as a client.
func SecureClient(ctx context.Context, t *TCP, config *tls.Config) (*TLS, error) {
	over := &wire{TCP: t}
	c := tls.Client(tailedConn{netConn{over}}, config)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return newTLS(c, over), nil
}

func newTLS(c *tls.Conn, over *wire) *TLS {
	state := c.ConnectionState()
	t := &TLS{
		Conn: c, below: over.TCP, wire: over, tail: &over.tail,
		Version: state.Version, Protocol: state.NegotiatedProtocol, ServerName: state.ServerName,
	}
	t.try = t.serveParked // bound once, as the TCP's are
	return t
}

// BoundRecords bounds the arrival of each record that has begun, while the transport is parked.
func (t *TLS) BoundRecords(d time.Duration) { t.recordTimeout = d }

// maxRecord is how many bytes a record holds (RFC 8446, section 5.1).
const maxRecord = 16 << 10

// Write implements Carrier. crypto/tls writes one record after another. Those of one Write are sent together.
func (t *TLS) Write(p []byte) (int, error) {
	if len(p) <= maxRecord {
		return t.Conn.Write(p)
	}
	t.below.following.Store(int32((len(p) - 1) / maxRecord))
	n, err := t.Conn.Write(p)
	t.below.following.Store(0)
	return n, err
}

// Quiet returns whether nothing has arrived but what TLS itself sends, such as a session to resume. The beginning of a
// record counts as something, because nobody can say what it is.
func (t *TLS) Quiet() bool {
	if t.exhausted() && t.below.Idle() {
		return true // the usual case, without the allocations of a read by crypto/tls
	}
	t.below.armed = false // The last request's deadline may have passed.
	t.below.in.impatient = true
	n, err := t.Read(t.first[:])
	t.below.in.impatient = false
	return n == 0 && errors.Is(err, syscall.EAGAIN) && t.tail.whole()
}

// exhausted returns whether crypto/tls certainly has nothing left of what it has read.
func (t *TLS) exhausted() bool { return !t.filled && t.tail.completed <= 1 && t.tail.whole() }

// Read implements Carrier.
func (t *TLS) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.filled = n == len(p)
	return n, err
}

// Unread returns whether something may be left of what came.
func (t *TLS) Unread() bool { return !t.exhausted() }

// Over puts a TLS over another TCP.
func (t *TLS) Over(below *TCP) { t.below, t.wire.TCP = below, below }

// Rest puts a TLS over nothing, and drops what it needs only to read and to write. Over ends that.
func (t *TLS) Rest() {
	t.Over(nil)
	t.parking = parking{try: t.try}
	dropBuffers(t.Conn)
	keepKeys(t.Conn)
}

// recordTail follows the records that are received (RFC 8446, section 5.1). crypto/tls does not tell whether it has the
// beginning of one.
type recordTail struct {
	header [5]byte
	// had is how much of the header has come. left is how much of the record has not come yet.
	had, left int
	// completed is how many records the last read completed. crypto/tls reads when it is done with those that it has.
	completed int
}

func (r *recordTail) add(b []byte) {
	r.completed = 0
	for len(b) > 0 {
		if r.left > 0 {
			n := min(r.left, len(b))
			if r.left -= n; r.left == 0 {
				r.completed++
			}
			b = b[n:]
			continue
		}
		n := copy(r.header[r.had:], b)
		b = b[n:]
		if r.had += n; r.had == len(r.header) {
			r.had, r.left = 0, int(r.header[3])<<8|int(r.header[4]) // No record is empty: it has at least its seal.
		}
	}
}

// whole returns whether what has come ends with the end of a record.
func (r *recordTail) whole() bool { return r.had == 0 && r.left == 0 }

// tailedConn is a netConn whose records are followed.
type tailedConn struct{ netConn }

func (c tailedConn) Read(p []byte) (int, error) {
	n, err := c.netConn.Read(p)
	c.tail.add(p[:n])
	return n, err
}

// StallAfter implements Carrier.
func (t *TLS) StallAfter(d time.Duration) { t.below.StallAfter(d) }

// ExpireAfter implements Carrier.
func (t *TLS) ExpireAfter(d time.Duration) { t.below.ExpireAfter(d) }

// CloseWrite sends the close_notify alert and then ends the stream.
func (t *TLS) CloseWrite() error {
	if err := t.Conn.CloseWrite(); err != nil {
		return err
	}
	return t.below.CloseWrite()
}

// wire is the TCP that a TLS is over, which is another one each time that the connection has rested, and the records
// that came on it.
type wire struct {
	*TCP
	tail recordTail
}

// netConn lets crypto/tls use a TCP as its connection.
type netConn struct{ *wire }

// Read reads at once what there is, from within the wait of a parked connection.
func (c netConn) Read(p []byte) (int, error) {
	if c.within.reading {
		return c.within.read(p)
	}
	return c.TCP.Read(p)
}

// Write lets the kernel wait for the records that follow. A record that TLS sends by itself may use up one count, so
// that one write becomes two. It never delays the last record.
func (c netConn) Write(p []byte) (int, error) {
	if c.following.Load() > 0 {
		c.following.Add(-1)
		return c.writeMore(p)
	}
	return c.TCP.Write(p)
}

func (c netConn) SetDeadline(at time.Time) error      { return c.tcp.SetDeadline(at) }
func (c netConn) SetReadDeadline(at time.Time) error  { return c.tcp.SetReadDeadline(at) }
func (c netConn) SetWriteDeadline(at time.Time) error { return c.tcp.SetWriteDeadline(at) }
