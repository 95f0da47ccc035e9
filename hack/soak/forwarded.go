// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// forwardedClient comes from the address of a trusted proxy and says in a PROXY header for whom it speaks.
type forwardedClient struct {
	*session
	// client is that address.
	client netip.Addr
}

func newForwardedClient(v *visitor) client {
	f := &forwardedClient{client: netip.AddrFrom4([4]byte{10, 1, 2, byte(v.rnd.IntN(256))})}
	trusted := *v
	trusted.from = trustedProxy
	f.session = newSession(v, func() (*wire, error) {
		w, err := trusted.dial()
		if err != nil {
			return nil, err
		}
		if err := w.send(f.header()); err != nil {
			_ = w.Close()
			return nil, fmt.Errorf("sending the PROXY header: %w", err)
		}
		w.from = f.client
		return w, nil
	})
	return f
}

// header is a PROXY header, of version 1 or 2.
func (f *forwardedClient) header() string {
	if f.rnd.IntN(2) == 0 {
		return fmt.Sprintf("PROXY TCP4 %s 127.0.0.1 4000 80\r\n", f.client)
	}
	h := []byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c")
	h = append(h, f.client.AsSlice()...)
	h = append(h, 127, 0, 0, 1)
	h = binary.BigEndian.AppendUint16(h, 4000)
	return string(binary.BigEndian.AppendUint16(h, 80))
}

func (f *forwardedClient) round() (string, error) {
	_, err := f.fetch(stableHost, "", f.rnd.Int64N(smallSize))
	return "", err
}
